"""Do intervals at a threshold hold the truth, and is manipulation of the running variable caught?

    python benchmarks/threshold.py --seeds 1000

People tested for HbA1c in whole mmol/mol as around the NHS Diabetes Prevention Programme: fewer the higher the value,
an outcome that changes with it along a curve, referral from 42 on that not everybody takes up. People from 48 on have
diabetes and another pathway, so the frame ends at 47. Seeds are 0 to the number asked, the same for every row.
Its table is in docs/benchmarks/threshold.md.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from pipeline.inference.designs.threshold import ThresholdEstimate, continuity, density, honest, local_randomisation

CUTOFF, LOWEST, HIGHEST = 42, 35, 47
VALUES = np.arange(LOWEST, HIGHEST + 1)
PEOPLE = 20_000  # tested, from 35 to 47: the people of a delivery for one evaluation, not the nation's two million
MEAN, SPREAD = 36.0, 5.5  # of a normal density that HbA1c follows above 35
EFFECT = 40.0  # pounds a month, of taking up, for everybody who does
NOISE = 500.0  # pounds: the spread of a person's change in pay from before
CURVATURE = 5.0  # declared: pounds per squared mmol/mol
TAKE_UP_CURVATURE = 0.005  # declared: share per squared mmol/mol
TAKE_UP_BEND = 0.001  # of take-up above the cutoff in truth, downwards
K, LOG_CURVATURE = 0.02, 0.05  # declared: what the density may bend; the truth bends by 0.003 and 0.033
SIZE = 0.05  # of every check
WINDOW = (41, 42)
MOVED = (0.0, 0.02, 0.05, 0.07, 0.10, 0.15)  # shares of the people at 41 who are recorded as 42
DECLARED = 0.10  # the manipulation that must be caught
MEASURED = (
    "95% intervals that hold the truth (MC error)",
    "mean bias in standard errors",
    "maximum bias in standard errors",
    "standard error / spread, of the outcome's jump",
    "median length, £",
    "without an end",
)
CHECKS = (
    f"heap (Frandsen, k = {K})",
    f"jump of the log density (curvature {LOG_CURVATURE})",
    f"either, each at {SIZE / 2}",
)


@dataclass(frozen=True, kw_only=True)
class Trend:
    """What pay would do without the programme, by distance from the cutoff."""

    name: str
    pay: Callable[[np.ndarray], np.ndarray]


def _worst(distance: np.ndarray) -> np.ndarray:
    """One side bends up and the other down by all that is declared, with what taking up adds: the worst for lines.

    Pay that bends upwards above the cutoff pulls its line down there, and pay that bends downwards below pushes the
    other line up.
    """
    above = CURVATURE + EFFECT * TAKE_UP_BEND
    return np.where(distance >= 0, above, -CURVATURE) / 2 * distance**2


TRENDS = (
    Trend(name="gentle: -£2 and bending by £0.2 per mmol/mol", pay=lambda d: -2 * d - 0.1 * d**2),
    Trend(name="bending by all that is declared", pay=_worst),
    Trend(name="steep: -£20 and bending by £1 per mmol/mol", pay=lambda d: -20 * d + 0.5 * d**2),
)


def take_up_share(distance: np.ndarray) -> np.ndarray:
    """Of those assigned some 40%, rising and then less so; 3% of the others, whom a doctor refers all the same."""
    return np.where(distance >= 0, 0.40 + 0.01 * distance - TAKE_UP_BEND / 2 * distance**2, 0.03 + 0.002 * distance / 5)


def drawn(trend: Trend, *, seed: int, moved: float = 0.0) -> pd.DataFrame:
    """One row a person: HbA1c, take-up, change in pay, age and sex."""
    random = np.random.default_rng(seed)
    chance = np.exp(-((VALUES - MEAN) ** 2) / (2 * SPREAD**2))
    true = random.choice(VALUES, PEOPLE, p=chance / chance.sum())
    recorded = np.where((true == CUTOFF - 1) & (random.random(PEOPLE) < moved), CUTOFF, true)
    distance = recorded - CUTOFF
    taken = random.random(PEOPLE) < take_up_share(distance)
    pay = trend.pay((true - CUTOFF).astype(float)) + EFFECT * taken + random.normal(0, NOISE, PEOPLE)
    age = 50 + 0.8 * (true - 40) + random.normal(0, 11, PEOPLE)
    female = random.random(PEOPLE) < 0.55 - 0.005 * (true - 40)
    return pd.DataFrame({"hba1c": recorded, "taken": taken.astype(int), "pay": pay, "age": age, "female": female * 1.0})


COLUMNS = {"outcome": "pay", "running": "hba1c", "cutoff": CUTOFF}
TRUE_JUMP = float(take_up_share(np.array([0.0]))[0] - 0.03)
"""Of take-up at 42: from the limit of the share below, 3%, to 40%."""
FUZZY = {"take_up": "taken", "take_up_curvature": TAKE_UP_CURVATURE}
METHODS: dict[str, tuple[Callable[[pd.DataFrame], ThresholdEstimate], float]] = {
    "honest, of being assigned": (
        lambda frame: honest.estimate(frame, **COLUMNS, curvature=CURVATURE),
        EFFECT * TRUE_JUMP,
    ),
    "honest, of taking up": (lambda frame: honest.estimate(frame, **COLUMNS, curvature=CURVATURE, **FUZZY), EFFECT),
    "honest, rule of thumb, of taking up": (
        lambda frame: honest.estimate(
            frame, **COLUMNS, take_up="taken", curvature="rule_of_thumb", take_up_curvature="rule_of_thumb"
        ),
        EFFECT,
    ),
    "no allowance for bias, of taking up": (
        lambda frame: honest.estimate(
            frame, **COLUMNS, take_up="taken", curvature=0.0, take_up_curvature=0.0, bandwidth=HIGHEST - CUTOFF + 1
        ),
        EFFECT,
    ),
    "local randomisation, of taking up": (
        lambda frame: local_randomisation.estimate(frame, **COLUMNS, window=WINDOW, take_up="taken", permutations=1),
        EFFECT,
    ),
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000)
    seeds = range(parser.parse_args().seeds)
    print(f"{len(seeds)} seeds of {PEOPLE:,} people.\n")
    print("\n".join(coverage_table(seeds)), "\n")
    print("\n".join(manipulation_table(seeds)), "\n")
    print("\n".join(continuity_table(seeds)))


def coverage_table(seeds: range) -> list[str]:
    """One row a trend and method."""
    lines = [
        f"| pay without the programme | method | {' | '.join(MEASURED)} |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for trend in TRENDS:
        found: dict[str, list[ThresholdEstimate]] = {name: [] for name in METHODS}
        for seed in seeds:
            frame = drawn(trend, seed=seed)
            for name, (method, _) in METHODS.items():
                found[name].append(method(frame))
        lines += [_covered(trend, name, found[name], truth=truth) for name, (_, truth) in METHODS.items()]
    return lines


def _covered(trend: Trend, name: str, found: list[ThresholdEstimate], *, truth: float) -> str:
    held = np.array([one.ci_lower <= truth <= one.ci_upper for one in found])
    bias = np.mean([(one.att - truth) / one.std_error for one in found])
    allowed = np.mean([one.maximum_bias / one.std_error for one in found])
    length = np.median([one.ci_upper - one.ci_lower for one in found])
    # Of jumps, not of their ratio, whose spread a few draws with a small first stage can make any size.
    jumps = [one.reduced_form for one in found]
    ratio = np.mean([jump.std_error for jump in jumps]) / np.std([jump.estimate for jump in jumps])
    unbounded = np.mean([not one.bounded for one in found])
    cells = (_share(held), f"{bias:+.2f}", f"{allowed:.2f}", f"{ratio:.2f}", f"{length:,.0f}", f"{unbounded:.0%}")
    return f"| {trend.name} | {name} | {' | '.join(cells)} |"


def manipulation_table(seeds: range) -> list[str]:
    """One row a share of people at 41 recorded as 42: how often each check says so."""
    lines = [
        f"| people at {CUTOFF - 1} recorded as {CUTOFF} | {' | '.join(CHECKS)} |",
        "|---|---|---|---|",
    ]
    for moved in MOVED:
        p_values = np.array([_density(drawn(TRENDS[0], seed=seed, moved=moved)) for seed in seeds])
        either = (p_values <= SIZE / 2).any(axis=1)
        cells = [_share(hit) for hit in (*(p_values <= SIZE).T, either)]
        marked = " (declared)" if moved == DECLARED else " (false alarms)" if not moved else ""
        lines.append(f"| {moved:.0%}{marked} | {' | '.join(cells)} |")
    return lines


def _density(frame: pd.DataFrame) -> tuple[float, float]:
    at = {"running": "hba1c", "cutoff": CUTOFF}
    heap = density.frandsen(frame, **at, k=K)
    return heap.p_value, density.density_jump(frame, **at, curvature=LOG_CURVATURE).p_value


def continuity_table(seeds: range) -> list[str]:
    """False alarms of the checks on what does not jump."""
    lines = [f"| check without a violation, each at {SIZE} | false alarms (MC error) |", "|---|---|"]
    covariates, placebos = [], []
    for seed in seeds:
        frame = drawn(TRENDS[0], seed=seed)
        bounds = {"age": 0.05, "female": 0.002}
        checked = continuity.covariates(frame, running="hba1c", cutoff=CUTOFF, curvature=bounds)
        covariates.append(checked.p_value <= SIZE)
        false = continuity.placebo_cutoffs(frame, **COLUMNS, placebos=(38, 45), curvature=CURVATURE)
        placebos.append(false.p_value <= SIZE)
    lines.append(f"| age and sex, together (Holm) | {_share(np.array(covariates))} |")
    lines.append(f"| pay at 38 and 45, together (Holm) | {_share(np.array(placebos))} |")
    return lines


def _share(hits: np.ndarray) -> str:
    share = hits.mean()
    return f"{share:.1%} ({np.sqrt(share * (1 - share) / len(hits)):.1%})"


if __name__ == "__main__":
    main()
