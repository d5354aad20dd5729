"""Does the evaluation of waiting find the truth of made-up waiting lists?

    python benchmarks/waiting_lists.py --seeds 100

Each seed is a population as ``causeway synth --people 50000`` draws it: people who join lists for a new hip or knee, of
whom the evaluation ``elective_waiting`` studies some. Their pay is what the delivery would hold, without its dirt, and
what is compared with the truth is what the evaluation's own file declares. Its table is in docs/benchmarks/waiting.md.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

import evaluations
from pipeline.inference.designs.waiting import dose_response
from pipeline.inference.designs.waiting.estimating import by_queue
from pipeline.inference.designs.waiting.frames import column, listed, studied, waits
from pipeline.inference.designs.waiting.queues import queues_of
from pipeline.inference.moments.people.frames import FramePanel
from pipeline.synthetic import Knobs
from pipeline.synthetic.calendar import FIRST, PRICES, month_of_day
from pipeline.synthetic.pay import payments
from pipeline.synthetic.population import Population, draw_population
from pipeline.synthetic.studied_waiting import elective_studied
from pipeline.synthetic.truth import true_effects
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Bin

PEOPLE = 50_000
DESIGN = evaluations.load("elective_waiting").evaluation.design
OUTCOMES = {"pay": 1.0, "employed": 100.0}
WORLDS = {
    "the defaults": {},
    "the more ill are taken sooner (two months for a standard deviation)": {"waiting_confounded": 2.0},
    "queues do not move": {"queue_spread": 0.0},
}


def panel_of(population: Population, outcome: str) -> FramePanel:
    """The people studied, their waits and queues, and their pay or whether they had any, by month."""
    study, made = elective_studied(population), population.elective
    people, who = population.people, study.who
    place = np.searchsorted(made.person, who)
    lists = pd.DataFrame({"provider": made.provider, "month": month_of_day(made.joined), "wait": made.wait})
    lists = lists[made.known]
    named = {"provider": "provider", "month": "month", "wait": "wait"}
    queues = queues_of(lists, **named).others(lists, **named)
    told = pd.concat([lists, queues], axis=1).loc[place]
    covariates = {name: told[name].to_numpy(dtype=float) for name in ("provider", "wait", *queues.columns)}
    pay = paid(population, who)
    shard = PanelShard(
        first_month=FIRST,
        outcome=(pay > 0).astype(float) if outcome == "employed" else pay,
        treatment_month=study.month.astype(float),
        birth_month=people.birth_month[who].astype(float),
        levels={"sex": people.male[who].astype(np.int32), "operation": made.hip[place].astype(np.int32)},
        covariates=covariates,
    )
    return FramePanel(outcome=outcome, shard=shard, levels={"sex": ("female", "male"), "operation": ("knee", "hip")})


def paid(population: Population, who: np.ndarray) -> np.ndarray:
    """``(n, T)`` pounds of 2023 a month."""
    given = {"rows": who, "seed": population.seed, "knobs": population.knobs}
    made = payments(population.people, population.treatment, **given)
    pence = np.zeros((len(who), len(PRICES)))
    np.add.at(pence, (made.person, made.month), made.pence)
    return np.maximum(pence, 0) / 100 / PRICES


def found(seed: int, outcome: str, turned: dict[str, float], *, curve: bool = False) -> dict[str, float]:
    """The last bin's effect of a year's wait: estimate, error, interval and truth, F, and least squares beside it."""
    population = draw_population(people=PEOPLE, seed=seed, knobs=Knobs(**turned, dirt=0.0))
    frame = listed(panel_of(population, outcome), outcome, design=DESIGN)
    last, by = studied(DESIGN)[-1], DESIGN.longer_by * OUTCOMES[outcome]
    one = by_queue(frame, design=DESIGN, confidence=0.95, least_f=0.0).estimates[-1]
    truth = true_effects([elective_studied(population)], population).to_pandas()
    mine = truth[(truth.outcome == outcome) & (truth.months_from == last.first)]
    return {
        "estimate": one.att * by,
        "error": one.std_error * by,
        "lower": one.ci_lower * by,
        "upper": one.ci_upper * by,
        "f": one.first_stage.statistic,
        "least_squares": one.ordinary.estimate * by,
        "dose_response": curved(frame, last, seed=seed) * OUTCOMES[outcome] if curve else np.nan,
        "truth": mine.effect.item(),
        "people": len(frame),
    }


def curved(frame: pd.DataFrame, last: Bin, *, seed: int) -> float:
    """The dose-response of a year's wait; NaN where it is refused."""
    shortest, longest = DESIGN.curve
    given = {"waits": waits(frame, design=DESIGN), "months": np.arange(shortest, longest + 0.25, 0.5)}
    try:
        found = dose_response.estimate(frame, column(last), **given, longer=[longest], standards=[], seed=seed)
    except NotEstimable:
        return np.nan
    return found.contrasts[0].estimate


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--curve", action="store_true", help="the dose-response too, which takes most of the time")
    asked = parser.parse_args()
    heads = ("world", "outcome", "people", "refused", "median F", "95% intervals that hold the truth (MC error)")
    heads += ("mean bias in standard errors", "standard error / spread", "mean truth", "mean estimate")
    heads += ("mean of least squares", "mean of the dose-response")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for world, turned in WORLDS.items():
        for outcome in OUTCOMES:
            seeds = range(asked.first, asked.first + asked.seeds)
            rows = pd.DataFrame([found(seed, outcome, turned, curve=asked.curve) for seed in seeds])
            print(f"| {world} | {outcome} | {_row(rows)} |", flush=True)


def _row(rows: pd.DataFrame) -> str:
    weak = rows["f"] < DESIGN.least_f
    kept = rows[~weak]
    cells = [f"{rows['people'].mean():,.0f}", f"{weak.mean():.0%}", f"{rows['f'].median():,.1f}"]
    if len(kept) < len(rows) / 2:
        cells += ["-", "-", "-", f"{rows['truth'].mean():.2f}", "-"]
    else:
        held = ((kept["lower"] <= kept["truth"]) & (kept["truth"] <= kept["upper"])).mean()
        apart = kept["estimate"] - kept["truth"]
        cells += [f"{held:.1%} ({np.sqrt(held * (1 - held) / len(kept)):.1%})"]
        cells += [f"{(apart / kept['error']).mean():+.2f}", f"{kept['error'].mean() / apart.std():.2f}"]
        cells += [f"{kept['truth'].mean():.2f}", f"{kept['estimate'].mean():.2f}"]
    cells += [f"{rows['least_squares'].mean():.2f}", f"{rows['dose_response'].mean():.2f}"]
    return " | ".join(cells)


if __name__ == "__main__":
    main()
