"""What coverage.py's records say, as the Markdown tables of docs/benchmarks/coverage.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from statistics import NormalDist

import pandas as pd

TARGET = (0.93, 0.97)
LEVEL = 0.95
"""The least and largest share of intervals that may hold the truth, and the share that they claim."""

BIASED = 0.1
"""The largest mean bias, in standard errors."""

EXPLAINED = 2
"""So many Monte Carlo errors chance may explain: the bins of a seed share a reference, and are off together."""

DETAILED = "bariatric_surgery"
SUMMARY = (
    "evaluation",
    "outcome",
    "treated people",
    "95% intervals that hold the truth (MC error)",
    "simultaneous bands that hold all bins",
    "mean bias in standard errors (MC error)",
    "the same without chance: mean (MC error); largest bin",
    "standard error / spread of estimates",
    "misses",
)


def report(records: list[dict]) -> str:
    """All tables."""
    cells = _cells(records)
    lines = [_run(records), "", *_by_outcome(cells)]
    detailed = cells[cells.evaluation == DETAILED]
    if len(detailed):
        lines += ["", f"`{DETAILED}` by bin:", "", *_by_bin(detailed)]
    return "\n".join(lines)


def _cells(records: list[dict]) -> pd.DataFrame:
    """One row a seed, evaluation, outcome and bin that has an estimate."""
    found = [
        pd.DataFrame(columns).assign(evaluation=evaluation, seed=one["seed"])
        for one in records
        for evaluation, columns in one["cells"].items()
    ]
    cells = pd.concat(found, ignore_index=True)
    cells["given"] = cells.std_error.astype(float) > 0
    cells["bias"] = (cells.estimate - cells.effect) / cells.std_error
    cells["systematic"] = (cells.expected.astype(float) - cells.effect) / cells.std_error
    cells["within"] = (cells.ci_lower <= cells.effect) & (cells.effect <= cells.ci_upper)
    cells["in_band"] = (cells.band_lower <= cells.effect) & (cells.effect <= cells.band_upper)
    return cells


def _run(records: list[dict]) -> str:
    """What was run, on what."""
    n = len(records)
    (people,) = {one["people"] for one in records}
    knobs = ", ".join(f"{name} {value}" for name, value in records[0]["knobs"].items())
    seconds = sum(one["seconds"] for one in records) / n
    processor = pd.DataFrame([one["steps"] for one in records]).mean()
    steps = ", ".join(f"{step} {spent:.1f}" for step, spent in processor.items())
    commits = ", ".join(sorted({one["commit"][:12] + "+" * one["commit"].endswith("+changes") for one in records}))
    machine = f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
    return (
        f"{n} seeds of {people:,} people ({knobs}); {machine}; {seconds:.0f} s a seed and worker; commit {commits}.\n"
        f"Processor seconds a seed: {steps}."
    )


def _by_outcome(cells: pd.DataFrame) -> list[str]:
    """Coverage and bias of each evaluation, and of each of its outcomes."""
    lines = [f"| {' | '.join(SUMMARY)} |", "|---" * len(SUMMARY) + "|"]
    lines += [f"| {evaluation} | {outcome} | {_figures(mine)} |" for evaluation, outcome, mine in _rows(cells)]
    return [*lines, "", _by_chance(cells)]


def _rows(cells: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """What a row is of: an evaluation, then each outcome of it."""
    for evaluation, mine in cells.groupby("evaluation", sort=False):
        yield f"**{evaluation}**", "**all**", mine
        for outcome, part in mine.groupby("outcome", sort=False):
            yield evaluation, outcome, part


def _figures(cells: pd.DataFrame) -> str:
    """One row's figures; the Monte Carlo error in brackets is that of seeds, whose bins and outcomes go together."""
    given = cells[cells.given]
    seeds, by_bin = given.groupby("seed"), given.groupby(["outcome", "months_from"])
    within, bias, systematic = seeds.within.mean(), seeds.bias.mean(), seeds.systematic.mean()
    bands = given.groupby(["seed", "outcome"]).in_band.all()
    ratio = by_bin.std_error.mean() / (given.estimate - given.effect).groupby([given.outcome, given.months_from]).std()
    return " | ".join(
        [
            f"{seeds.n_treated.max().median():,.0f}",
            f"{within.mean():.1%} ({within.sem():.1%})",
            f"{bands.mean():.0%}",
            f"{bias.mean():+.3f} ({bias.sem():.3f})",
            _without_chance(systematic, by_bin.systematic.mean()),
            f"{ratio.mean():.2f}",
            _misses(within, bias, not_given=len(cells) - len(given)),
        ]
    )


def _without_chance(by_seed: pd.Series, by_bin: pd.Series) -> str:
    if by_bin.isna().all():
        return "not linear"
    return f"{by_seed.mean():+.3f} ({by_seed.sem():.3f}); {by_bin[by_bin.abs().idxmax()]:+.3f}"


def _misses(within: pd.Series, bias: pd.Series, *, not_given: int) -> str:
    """What misses its target, and how many effects had no estimate; a bias only where chance does not explain it."""
    found = []
    if not TARGET[0] <= within.mean() <= TARGET[1]:
        found.append("coverage")
    if abs(bias.mean()) > max(BIASED, EXPLAINED * bias.sem()):
        found.append("bias")
    if not_given:
        found.append(f"{not_given} effects without an estimate")
    return ", ".join(found)


def _by_chance(cells: pd.DataFrame) -> str:
    """How many rows chance alone would put outside the target, were every interval right 95% of the time."""
    errors = [part[part.given].groupby("seed").within.mean().sem() for _, _, part in _rows(cells)]
    outside = sum(2 * NormalDist(0, error).cdf(TARGET[0] - LEVEL) for error in errors if error > 0)
    return (
        f"Were every interval right {LEVEL:.0%} of the time, chance would put {outside:.1f} of these {len(errors)} "
        f"rows outside {TARGET[0]:.0%} to {TARGET[1]:.0%}."
    )


def _by_bin(cells: pd.DataFrame) -> list[str]:
    """Coverage and mean bias of each bin: one row a bin, a pair of columns an outcome."""
    outcomes = list(dict.fromkeys(cells.outcome))
    named = " | ".join(f"{outcome}: coverage | bias" for outcome in outcomes)
    lines = [f"| months | {named} |", "|---|" + "---|---|" * len(outcomes)]
    for (first, last), mine in cells[cells.given].groupby(["months_from", "months_to"]):
        means = mine.groupby("outcome")[["within", "bias"]].mean()
        found = " | ".join(f"{means.within[name]:.0%} | {means.bias[name]:+.2f}" for name in outcomes)
        lines.append(f"| {first} to {last} | {found} |" if first != last else f"| {first} | {found} |")
    return lines
