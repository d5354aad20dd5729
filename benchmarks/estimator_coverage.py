"""Do intervals of each estimator hold the truth as often as they say, where its assumptions hold and where they do not?

    python benchmarks/estimator_coverage.py --replications 200

Each replication draws a panel of its own: half-year bins, an age spline, errors that follow one another from month to
month, deaths and gaps, and errors clustered on person. Prints the table of docs/benchmarks/estimator_coverage.md.

Three designs, the same in all but one thing:

one effect      the effect of an event time is the same in every timing group: the fixed effects' assumption
effects differ  it grows at a rate of each timing group's own: the group estimators do without that assumption
trends differ   beside, a covariate moves both the trend and who is treated: trends are parallel given the covariate
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator
from time import perf_counter

import numpy as np
import pandas as pd

from pipeline.engine.provenance import commit
from pipeline.inference.estimators import callaway_santanna, imputation, ons_fixed_effects, sun_abraham
from pipeline.vocabulary.errors import RequestError
from pipeline.vocabulary.windows import Window

PEOPLE, MONTHS, BORN_BEFORE = 400, 30, (300, 720)
WINDOW = Window(before=11, after=12, reference=(-5, 0))
GROUPS = np.array([12, 13, 14, 15, 16])  # months of treatment; every event time of the window is seen in each
RATES = np.array([0.2, 0.35, 0.5, 0.65, 0.8])  # how fast the effect of each grows where effects differ
SAME = 0.5  # how fast where they do not
DRIFT = 0.05  # of the trend a month, per standard deviation of the covariate
FOLLOWS = 0.6  # how much of one month's error is left in the next
ESTIMATORS = {
    "ons_fixed_effects": ons_fixed_effects,
    "callaway_santanna": callaway_santanna,
    "imputation": imputation,
    "sun_abraham": sun_abraham,
}
COVERAGE, BIAS = (0.93, 0.97), 0.1  # asked of the project
# Design, estimator, whether it is given the covariate, whether its assumptions hold.
CASES = [
    ("one effect", "ons_fixed_effects", False, True),
    ("one effect", "callaway_santanna", False, True),
    ("one effect", "imputation", False, True),
    ("one effect", "sun_abraham", False, True),
    ("effects differ", "callaway_santanna", False, True),
    ("effects differ", "imputation", False, True),
    ("effects differ", "sun_abraham", False, True),
    ("effects differ", "ons_fixed_effects", False, False),
    ("trends differ", "callaway_santanna", True, True),
    ("trends differ", "imputation", True, True),
    ("trends differ", "sun_abraham", True, True),
    ("trends differ", "callaway_santanna", False, False),
]


def main() -> None:
    """Run every case and print what they say."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=200)
    asked = parser.parse_args()
    start = perf_counter()
    rows = [row for case in CASES if (row := _row(*case, replications=asked.replications))]
    machine = f"{platform.machine()}, Python {platform.python_version()}, commit {commit()[:12]}"
    print(f"{asked.replications} replications of {PEOPLE} people x {MONTHS} months; {machine}; ", end="")
    print(f"{perf_counter() - start:.0f} s in one process.\n")
    print("| " + " | ".join(rows[0]) + " |\n" + "|---" * len(rows[0]) + "|")
    print("\n".join("| " + " | ".join(row.values()) + " |" for row in rows))


def drawn(seed: int, design: str) -> pd.DataFrame:
    """An unbalanced panel, a row a person and month, with the true effect of each."""
    random = np.random.default_rng(seed)
    covariate = random.normal(size=PEOPLE)
    chance = 1 / (1 + np.exp(-0.8 * covariate)) if design == "trends differ" else np.full(PEOPLE, 0.6)
    group = np.where(random.random(PEOPLE) < chance, random.integers(len(GROUPS), size=PEOPLE), -1)
    treated = np.where(group >= 0, GROUPS[group], np.nan)
    rate = np.where(group >= 0, SAME if design == "one effect" else RATES[group], 0.0)
    month, born = np.arange(MONTHS), -random.integers(*BORN_BEFORE, PEOPLE)
    event_time = month - treated[:, None] + 1
    effect = rate[:, None] * _grown(event_time)
    trend = DRIFT * covariate[:, None] * month if design == "trends differ" else 0.0
    pay = 3 * random.normal(size=(PEOPLE, 1)) + np.sin(month / 3) + 0.02 * (month - born[:, None])
    pay = pay + trend + effect + _errors(random)
    gone = random.integers(MONTHS // 2, 3 * MONTHS, PEOPLE)
    seen = (month < gone[:, None]) & (random.random((PEOPLE, MONTHS)) < 0.9)
    columns = {"treated": treated, "born": born, "covariate": covariate}
    frame = pd.DataFrame({name: np.repeat(values, MONTHS) for name, values in columns.items()})
    frame = frame.assign(person=np.repeat(np.arange(PEOPLE), MONTHS), month=np.tile(month, PEOPLE))
    return frame.assign(pay=pay.ravel(), effect=effect.ravel(), event_time=event_time.ravel())[seen.ravel()]


def _grown(event_time: np.ndarray) -> np.ndarray:
    """How many months the effect has grown: to the sixth, so that it is the same throughout every bin."""
    return np.clip(np.nan_to_num(event_time), 0, 6)


def _errors(random: np.random.Generator) -> np.ndarray:
    """Errors with standard deviation 1, each partly the month before's."""
    errors = random.normal(size=(PEOPLE, MONTHS))
    for k in range(1, MONTHS):
        errors[:, k] = FOLLOWS * errors[:, k - 1] + np.sqrt(1 - FOLLOWS**2) * errors[:, k]
    return errors


def truth(frame: pd.DataFrame, estimator: str, bins: pd.DataFrame, *, design: str) -> np.ndarray:
    """The effect of each bin that the estimator is of.

    ``callaway_santanna`` weighs timing groups by their shares of the population, whose estimation its errors count, and
    event times alike; the others weigh people's months as they are in the data, which their errors take as given.
    """
    if estimator == "callaway_santanna":
        rate = SAME if design == "one effect" else RATES.mean()
        times = [np.arange(row.months_from, row.months_to + 1) for row in bins.itertuples()]
        return np.array([rate * _grown(part).mean() for part in times])
    inside = [frame["event_time"].between(row.months_from, row.months_to) for row in bins.itertuples()]
    return np.array([frame.loc[part, "effect"].mean() for part in inside])


def studied(frame: pd.DataFrame, estimator: str, *, covariate: bool):
    """One estimator's effects; those that are regressions have an age spline."""
    options = {"covariates": ["covariate"]} if covariate else {}
    if estimator != "callaway_santanna":
        options["birth_month"] = "born"
    return ESTIMATORS[estimator].estimate(
        frame,
        outcome="pay",
        person="person",
        month="month",
        treatment_month="treated",
        window=WINDOW,
        draws=1000,
        **options,
    )


def replicated(design: str, estimator: str, *, covariate: bool, replications: int) -> Iterator[pd.DataFrame]:
    """Each replication's bins with their truth; seeds are 0, 1, 2 ... in every case."""
    for seed in range(replications):
        frame = drawn(seed, design)
        bins = studied(frame, estimator, covariate=covariate).event_study()
        yield bins.assign(truth=truth(frame, estimator, bins, design=design), seed=seed)


def _row(design: str, estimator: str, covariate: bool, holds: bool, *, replications: int) -> dict[str, str] | None:  # noqa: FBT001 - a row of CASES
    try:
        found = pd.concat(replicated(design, estimator, covariate=covariate, replications=replications))
    except RequestError:
        return None  # an estimator that has no covariates yet
    found["missed"] = (found["att"] - found["truth"]) / found["std_error"]
    found["within"] = found["truth"].between(found["ci_lower"], found["ci_upper"])
    found["banded"] = found["truth"].between(found["band_lower"], found["band_upper"])
    seeds = found.groupby("seed")[["within", "missed"]].mean()
    bins = found.groupby("months_from")
    spread = (found["att"] - found["truth"]).groupby(found["months_from"]).std()
    worst = bins["missed"].mean().abs().idxmax()
    covered, missed = seeds["within"].mean(), seeds["missed"].mean()
    met = COVERAGE[0] <= covered <= COVERAGE[1] and abs(missed) < BIAS
    return {
        "design": design,
        "estimator": f"`{estimator}`" + (", covariate" if covariate else ""),
        "95% intervals that hold the truth (MC error)": f"{covered:.1%} ({seeds['within'].sem():.1%})",
        "bands that hold all bins": f"{found.groupby('seed')['banded'].all().mean():.0%}",
        "mean bias in standard errors (MC error)": f"{missed:+.3f} ({seeds['missed'].sem():.3f})",
        "largest of a bin": f"{bins['missed'].mean()[worst]:+.2f} (months {worst} on)",
        "standard error / spread": f"{(bins['std_error'].mean() / spread).mean():.2f}",
        "assumptions": "hold" if holds else "fail",
        "targets": ("met" if met else "**missed**") if holds else "none",
    }


if __name__ == "__main__":
    main()
