"""Do intervals at the programme's threshold hold the truth on made-up deliveries, and is manipulation caught?

    python benchmarks/prevention.py --seeds 100

Each seed draws a population, who is tested and referred, and employment month by month; the evaluation
diabetes_prevention_threshold is then estimated and checked as declared. Records are not written and read: tests of the
graph hold that path.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

import evaluations
from pipeline.engine.settings import Inference, read_settings
from pipeline.inference import designs
from pipeline.inference.designs import threshold
from pipeline.synthetic import Knobs
from pipeline.synthetic.calendar import FIRST, MONTHS, month_of_day
from pipeline.synthetic.delivery import draw_population
from pipeline.synthetic.population import Population
from pipeline.synthetic.streams import persistent, stream
from pipeline.synthetic.studied_prevention import THRESHOLD_MONTHS, THRESHOLD_WINDOW
from pipeline.synthetic.work import expected_work
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.protocol import Protocol

PEOPLE, TESTED = 60_000, 0.6
EFFECT = 4.0
EMPLOYEES = 0.92
MOVED = (0.0, 0.1, 0.2, 0.4)
AT = 19
"""The first month of the bin that coverage is told of: the last half-year of two years."""

_JOB_CHANGE = 0.02


@dataclass(frozen=True)
class People:
    """People tested as a panel in one shard."""

    shard: PanelShard
    levels: Mapping[str, tuple[str, ...]]
    covariates: tuple[str, ...] = ("running", "took_up")
    first_month: int = FIRST
    n_months: int = len(MONTHS)

    def shards(self, outcome: str, names: Sequence[str] = ()) -> Iterator[PanelShard]:  # noqa: ARG002 - all in one
        """The shard, whatever is asked for."""
        yield self.shard


def declared() -> Protocol:
    """The evaluation with employment alone."""
    loaded = evaluations.load("diabetes_prevention_threshold")
    outcomes = tuple(outcome for outcome in loaded.evaluation.outcomes if outcome.name == "employed")
    return Protocol(
        name=loaded.name, evaluation=loaded.evaluation.model_copy(update={"outcomes": outcomes}), codelists={}
    )


def panel(population: Population) -> People:
    """Those of the ages, months and values studied, with their employment as it turned out."""
    people, made = population.people, population.prevention
    month = month_of_day(made.tested)
    age = (month - people.birth_month[made.person]) // 12
    chosen = (month >= THRESHOLD_MONTHS[0]) & (month <= THRESHOLD_MONTHS[1]) & (made.hba1c <= 47)
    chosen &= (age >= 25) & (age <= 64) & (people.death_month[made.person] > month + THRESHOLD_WINDOW.after)
    made, month = made.take(np.flatnonzero(chosen)), month[chosen].astype(float)
    work = expected_work(people, population.treatment, rows=made.person, knobs=population.knobs).in_work
    drawn = persistent(stream(population.seed, "benchmark"), work.shape, redraw=_JOB_CHANGE)
    shard = PanelShard(
        first_month=FIRST,
        outcome=(drawn < work).astype(np.float32),
        treatment_month=np.where(made.hba1c >= 42, month, np.nan),
        birth_month=people.birth_month[made.person].astype(float),
        levels={"sex": people.male[made.person].astype(np.int32)},
        covariates={"running": made.hba1c.astype(float), "took_up": (made.referred > 0).astype(float)},
        index_month=month,
    )
    return People(shard=shard, levels={"sex": ("female", "male")})


def drawn(seed: int, **turned: float) -> People:
    """One seed's people."""
    knobs = Knobs(tested_share=TESTED, treated_share=0.001, **turned)  # type: ignore[arg-type] # each knob is a number
    return panel(draw_population(people=PEOPLE, seed=seed, knobs=knobs))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one seed gave: rows of estimates of the last bin, and of how many moved which checks did not pass."""

    estimates: pd.DataFrame
    checks: list[dict[str, object]]


def outcome(seed: int, *, protocol: Protocol, settings: Inference) -> Outcome:
    """One seed: people drawn without an effect serve the estimates and the checks, others are drawn for one each."""
    still = drawn(seed)
    studied = {0.0: still, EFFECT: drawn(seed, programme_effect=EFFECT)}
    found = []
    for effect, people in studied.items():
        rows = designs.estimates(people, protocol, settings).to_pandas()
        found.append(rows[rows.months_from == AT].assign(true=effect * EMPLOYEES))
    checked = []
    for moved in MOVED:
        people = drawn(seed, manipulation_at_42=moved) if moved else still
        rows = threshold.checks(people, protocol, settings).to_pandas()
        failed = rows.status.isin(["fail", "review"])
        checked.append({"moved": moved, **dict(zip(rows.check, failed, strict=True))})
    return Outcome(estimates=pd.concat(found), checks=checked)


def coverage(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """By effect and estimator: the share of intervals that hold it, the bias in errors, and the people behind."""
    told = pd.concat([each.estimates for each in outcomes])
    told["holds"] = (told.ci_lower <= told.true) & (told.true <= told.ci_upper)
    told["off"] = (told.estimate - told.true) / told.std_error
    told["length"] = told.ci_upper - told.ci_lower
    by = {"holds": "mean", "off": "mean", "length": "median", "n_treated": "median", "n_comparison": "median"}
    return told.groupby(["true", "estimator"]).agg(by).reset_index()


def caught(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """By how many of those at 41 are written down as 42: how often each check does not pass."""
    told = pd.DataFrame([row for each in outcomes for row in each.checks])
    told["density, either"] = told.density_heap | told.density_jump
    return told.groupby("moved").mean().reset_index()


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    protocol, settings = declared(), read_settings().inference
    outcomes = [outcome(seed, protocol=protocol, settings=settings) for seed in range(seeds)]
    print(coverage(outcomes).round(3).to_string(index=False))
    print(caught(outcomes).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
