"""Do intervals hold the truth when the same people's payments are drawn again and again?

    python benchmarks/redraws.py --redraws 300

The sharper half of docs/benchmarks/coverage.md: one population, its months of work and pay drawn anew each time and put
straight into a panel, without a delivery between. The truth and the design stay, so only the estimator and its errors
are on trial. Months are observed and pay is deflated as the panel has it; top-coding is left out.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from pipeline.inference.estimators import ons_fixed_effects
from pipeline.synthetic import Knobs
from pipeline.synthetic.calendar import MONTHS, PRICES
from pipeline.synthetic.delivery import Population, draw_population, truth
from pipeline.synthetic.pay import payments
from pipeline.synthetic.studied import AGES, WINDOW, included
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.panels import PanelShard

SCALE = {"pay": 1.0, "pay_in_work": 1.0, "employed": 100.0}
COLUMNS = (
    "outcome",
    "95% intervals that hold the truth (MC error)",
    "mean bias in standard errors (MC error)",
    "standard error / spread of estimates",
)
TREATED_SHARE = 0.04  # some 600 treated people of 20,000, as many as of a delivery of 40,000


class Redrawn:
    """A panel of the treated people included and of untreated people with an index month drawn evenly."""

    levels: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - a panel's name for it; nothing changes it

    def __init__(self, drawn: Population, *, comparison: int) -> None:
        people, self.drawn = drawn.people, drawn
        self.first_month, self.n_months = int(MONTHS[0]), len(MONTHS)
        chosen = included(people, drawn.operations, drawn.links, seed=drawn.seed, knobs=drawn.knobs)
        treated = drawn.operations.person[chosen]
        others = np.flatnonzero(~people.treated)[:comparison]
        indexes = np.random.default_rng(drawn.seed).choice(MONTHS, len(others))
        rows, index = np.concatenate([treated, others]), np.concatenate([drawn.operations.month[chosen], indexes])
        age = (index - people.birth_month[rows]) // 12
        kept = (age >= AGES[0]) & (age <= AGES[1]) & (people.death_month[rows] > index)
        self.rows, index = rows[kept], index[kept]
        self.treatment_month = np.where(people.treated[self.rows], index, np.nan)
        event_time = MONTHS[None] - index[:, None] + 1
        self.observed = (event_time >= -WINDOW.before) & (event_time <= WINDOW.after)
        self.observed &= people.death_month[self.rows, None] > MONTHS[None]
        self.pay = np.empty(self.observed.shape)

    def draw(self, seed: int) -> None:
        """Draw everybody's payments anew."""
        made = payments(self.drawn.people, self.drawn.treatment, rows=self.rows, seed=seed, knobs=self.drawn.knobs)
        pence = np.zeros(self.observed.shape, np.int64)
        np.add.at(pence, (made.person, made.month), made.pence)
        self.pay = np.maximum(pence, 0) / 100 / PRICES

    def shards(self, outcome: str, characteristics: Sequence[str] = ()) -> Iterator[PanelShard]:  # noqa: ARG002 - none
        """Everybody, as one shard."""
        values = {"pay": self.pay, "pay_in_work": self.pay, "employed": (self.pay > 0).astype(float)}[outcome]
        seen = self.observed & (self.pay > 0) if outcome == "pay_in_work" else self.observed
        birth = self.drawn.people.birth_month[self.rows].astype(float)
        yield PanelShard(
            first_month=self.first_month,
            outcome=np.where(seen, values, np.nan),
            treatment_month=self.treatment_month,
            birth_month=birth,
        )


def main() -> None:
    """Draw, estimate, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--comparison", type=int, default=4_000)
    parser.add_argument("--redraws", type=int, default=300)
    asked = parser.parse_args()
    drawn = draw_population(people=asked.people, seed=3, knobs=Knobs(treated_share=TREATED_SHARE))
    panel = Redrawn(drawn, comparison=asked.comparison)
    found = pd.concat([estimates(panel, seed=seed) for seed in range(1_000, 1_000 + asked.redraws)])
    print(table(found.merge(_truth(drawn), on=["outcome", "months_from"]), panel))


def estimates(panel: Redrawn, *, seed: int) -> pd.DataFrame:
    """Every outcome's effects from payments drawn with this seed."""
    panel.draw(seed)
    specification = Specification(window=WINDOW, age_spline=AgeSpline(), draws=1000)
    found = []
    for outcome, scale in SCALE.items():
        (study,) = ons_fixed_effects.fit(panel, outcome, specification=specification)
        frame = study.event_study()
        frame[["att", "std_error", "ci_lower", "ci_upper"]] *= scale
        found.append(frame.assign(outcome=outcome, seed=seed))
    return pd.concat(found)


def _truth(drawn: Population) -> pd.DataFrame:
    table = truth(drawn).to_pandas()
    return table.loc[table.subgroup == "all", ["outcome", "months_from", "effect"]]


def table(cells: pd.DataFrame, panel: Redrawn) -> str:
    """The Markdown table; the Monte Carlo error in brackets is that of draws, whose bins go together."""
    treated = int(np.isfinite(panel.treatment_month).sum())
    cells["within"] = (cells.ci_lower <= cells.effect) & (cells.effect <= cells.ci_upper)
    cells["bias"] = (cells.att - cells.effect) / cells.std_error
    lines = [
        f"{cells.seed.nunique()} redraws of {treated:,} treated and {len(panel.rows) - treated:,} comparison people.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---|---|---|---|",
    ]
    for outcome, mine in cells.groupby("outcome", sort=False):
        draws, bins = mine.groupby("seed"), mine.groupby("months_from")
        within, bias = draws.within.mean(), draws.bias.mean()
        ratio = (bins.std_error.mean() / bins.att.std()).mean()
        held, off = f"{within.mean():.1%} ({within.sem():.1%})", f"{bias.mean():+.3f} ({bias.sem():.3f})"
        lines.append(f"| {outcome} | {held} | {off} | {ratio:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
