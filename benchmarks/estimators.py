"""Time and memory of the four estimators at national size, and of diff-diff where it fits: a process each, in turn.

Every size has 105 months, 60 monthly timing groups, 45% of people treated, each observed from 59 months before an index
month to 59 after it unless they die: an unbalanced panel. Treatment and pay depend on three covariates. Ours are timed
from the stored panel to clustered errors and simultaneous bands in the ONS bins, effects relative to the half-year
before the index month; diff-diff from a long Parquet file to clustered errors of an event study by month, relative to
the month before, without bands. ``callaway_monthly`` is ours asked for exactly what diff-diff gives (and bands). Both
compare with people not yet treated, doubly robust. Prints the Markdown tables of ``docs/benchmarks/estimators.md``::

    python benchmarks/estimators.py
    python benchmarks/estimators.py --people 90000 --covariates 3 --contenders callaway_santanna diff_diff_callaway
    python benchmarks/estimators.py --record runs.jsonl    # goes on where a broken-off run stopped

Rounds alternate between contenders. The first size has ``--rounds`` of them, for ratios; the others one, as has what
takes longer than a minute. What runs out of memory or time at one size is not tried at the next.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.append(str(Path(__file__).parents[1]))
from benchmarks.contenders import (
    FIRST_MONTH,
    N_MONTHS,
    Stopwatch,
    machine,
    run,
    shard_sizes,
    write_note,
    write_shard,
)

PEOPLE = (90_000, 200_000, 400_000, 842_000)
FIRST_GROUP, N_GROUPS = 22, 60
COVARIATES = ("age", "earlier_pay", "deprivation")
MONTH = 6  # the event time whose effect is shown; 1 in the index month
OURS = ("ons_fixed_effects", "callaway_santanna", "imputation", "sun_abraham")
THEIRS = {
    "diff_diff_callaway": "callaway_santanna",
    "diff_diff_imputation": "imputation",
    "diff_diff_sun_abraham": "sun_abraham",
}
LONG = 60.0  # seconds after which a run is not repeated
# As in the tests: below any propensity here. Its default of 0.01 would change most of them.
CLIP = 1e-12


# The panel ------------------------------------------------------------------------------------------------------------


def draw(seed: int, *, n: int) -> dict[str, np.ndarray]:
    """People with an index month and three covariates on which treatment and the growth of pay depend."""
    random = np.random.default_rng(seed)
    index = FIRST_MONTH + FIRST_GROUP + random.integers(0, N_GROUPS, n)
    age = random.uniform(25, 65, n)
    covariates = {
        "age": age,
        "earlier_pay": random.gamma(2, 1.0, n),
        "deprivation": random.integers(1, 11, n).astype(float),
    }
    lean = 0.02 * (age - 45) - 0.2 * (covariates["earlier_pay"] - 2) + 0.05 * (covariates["deprivation"] - 5.5)
    treated = random.random(n) < 1 / (1 + np.exp(0.2 - lean))
    dead = random.random(n) < 0.02
    death = np.where(dead, FIRST_MONTH + random.integers(0, N_MONTHS, n), FIRST_MONTH + N_MONTHS)
    month = FIRST_MONTH + np.arange(N_MONTHS)
    event_time = month - index[:, None] + 1
    pay = 1000 * covariates["earlier_pay"][:, None] * (1 + 0.002 * np.arange(N_MONTHS))
    pay = pay + 2 * np.maximum(event_time, 0) * treated[:, None] + random.normal(0, 300, (n, N_MONTHS))
    pay = pay.astype(np.float32)
    pay[(event_time < -59) | (event_time > 60) | (month >= np.maximum(death, index + 1)[:, None])] = np.nan
    birth = index - np.round(12 * age).astype(int)
    return {"pay": pay, "index": index, "treated": treated, "birth": birth, **covariates}


def write_panel(folder: Path, *, people: int) -> None:
    """The stored panel and, for diff-diff, the same person-months as one long file."""
    (folder / "panel").mkdir()
    (folder / "long").mkdir()
    names = []
    for number, (start, n) in enumerate(shard_sizes(people).items()):
        shard = draw(number, n=n)
        names.append(f"shard-{number:05d}.parquet")
        write_shard(folder / "panel" / names[-1], shard, covariates=COVARIATES)
        write_long(folder / "long" / names[-1], shard, first_person=start)
    write_note(folder, people=people, shards=names, covariates=COVARIATES)


def write_long(path: Path, shard: dict[str, np.ndarray], *, first_person: int) -> None:
    person, column = np.nonzero(~np.isnan(shard["pay"]))
    table = pa.table(
        {
            "person": (first_person + person).astype(np.int32),
            "month": (FIRST_MONTH + column).astype(np.int32),
            "first_treat": np.where(shard["treated"], shard["index"], 0)[person].astype(np.int32),
            "pay": shard["pay"][person, column].astype(np.float64),
            **{name: shard[name][person] for name in COVARIATES},
        }
    )
    pq.write_table(table, path)


# One process each -----------------------------------------------------------------------------------------------------


def ours(folder: Path, *, name: str, covariates: tuple[str, ...]) -> None:
    import scipy.special  # noqa: F401 - nobody's imports are timed, and this one is made late

    from pipeline.engine.panels import StoredPanel
    from pipeline.inference.estimators import fit_of
    from pipeline.vocabulary.designs import AgeSpline
    from pipeline.vocabulary.effects import Specification
    from pipeline.vocabulary.windows import Window

    window = Window(before=59, after=60, reference=(-5, 0))
    if name == "callaway_monthly":
        name, window = "callaway_santanna", Window(before=59, after=60, reference=(0, 0), bins="single")
    spline = AgeSpline() if name == "ons_fixed_effects" else None
    specification = Specification(window=window, age_spline=spline, covariates=covariates)
    fit = fit_of(name)
    watch = Stopwatch()
    (study,) = fit(StoredPanel(folder), "pay", specification=specification)
    place = next(number for number, part in enumerate(study.bins) if part.first == part.last == MONTH)
    watch.report(effect=float(study.att[0, place]), error=float(study.std_error[0, place]))


def theirs(folder: Path, *, name: str, covariates: tuple[str, ...]) -> None:
    import pandas as pd
    from diff_diff import CallawaySantAnna, ImputationDiD, SunAbraham

    models: dict[str, Callable[[], object]] = {
        "callaway_santanna": lambda: CallawaySantAnna(
            control_group="not_yet_treated", base_period="universal", pscore_trim=CLIP
        ),
        "imputation": ImputationDiD,
        "sun_abraham": SunAbraham,
    }
    watch = Stopwatch()
    columns = ["person", "month", "first_treat", "pay", *covariates]
    result = models[name]().fit(
        pd.read_parquet(folder / "long", columns=columns),
        outcome="pay",
        unit="person",
        time="month",
        first_treat="first_treat",
        covariates=list(covariates) or None,
    )
    if name == "sun_abraham":
        effects = result.event_study_effects[MONTH - 1]  # 0 in the index month there
        watch.report(effect=float(effects["effect"]), error=float(effects["se"]))
        return
    effects = result.aggregate("event_study").to_dataframe().set_index("event_time").loc[MONTH - 1]
    watch.report(effect=float(effects["att"]), error=float(effects["se"]))


class Contender(NamedTuple):
    """Who runs, in the table's words; whether it can adjust for baseline covariates."""

    title: str
    adjusts: bool


CONTENDERS = {
    "ons_fixed_effects": Contender("Causeway `ons_fixed_effects`, age spline", adjusts=False),
    **{name: Contender(f"Causeway `{name}`", adjusts=True) for name in OURS[1:]},
    "callaway_monthly": Contender("Causeway `callaway_santanna`, every month a bin", adjusts=True),
    "diff_diff_callaway": Contender("diff-diff `CallawaySantAnna`", adjusts=True),
    "diff_diff_imputation": Contender("diff-diff `ImputationDiD`", adjusts=True),
    "diff_diff_sun_abraham": Contender("diff-diff `SunAbraham`", adjusts=True),
}


def work(name: str, folder: Path, *, covariates: tuple[str, ...]) -> None:
    """Be one contender."""
    if name in THEIRS:
        theirs(folder, name=THEIRS[name], covariates=covariates)
    else:
        ours(folder, name=name, covariates=covariates)


# What is run, and what has been ---------------------------------------------------------------------------------------


class Task(NamedTuple):
    """One run of one contender."""

    people: int
    covariates: int
    round: int
    contender: str

    def same_work(self, other: Task) -> bool:
        """Whether the other differs in people and round alone."""
        return (self.contender, self.covariates) == (other.contender, other.covariates)


def tasks(options: argparse.Namespace) -> Iterator[Task]:
    """Every run, contenders in turn; a later size after an earlier one."""
    for people in options.people:
        for covariates in options.covariates:
            for number in range(options.rounds if people == options.people[0] else 1):
                for name in options.contenders:
                    if CONTENDERS[name].adjusts or not covariates:
                        yield Task(people, covariates, number, name)


class Record:
    """The runs so far, in memory and, if there is a file, a line each in it."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        lines = file.read_text().splitlines() if file is not None and file.exists() else []
        self.runs: dict[Task, dict[str, float | str]] = {}
        for line in lines:
            found = json.loads(line)
            self.runs[Task(*found.pop("task"))] = found

    def add(self, task: Task, found: dict[str, float | str]) -> None:
        """Keep a run."""
        self.runs[task] = found
        line = json.dumps({"task": task, **found})
        print(line, file=sys.stderr, flush=True)
        if self.file is not None:
            with self.file.open("a") as lines:
                lines.write(line + "\n")

    def due(self, task: Task) -> bool:
        """Whether to run it: not yet run, neither run out at this size or a smaller one nor too long to be repeated."""
        mine = {other: found for other, found in self.runs.items() if other.same_work(task)}
        out = any("failed" in found and other.people <= task.people for other, found in mine.items())
        long = any(found["seconds"] > LONG for other, found in mine.items() if other.people == task.people and not out)
        return task not in self.runs and not out and not long


def run_all(options: argparse.Namespace, record: Record) -> None:
    """Every run that is due, size by size."""
    for people in options.people:
        mine = [task for task in tasks(options) if task.people == people]
        if not any(record.due(task) for task in mine):
            continue
        with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
            write_panel(Path(scratch), people=people)
            for task in mine:
                if record.due(task):
                    record.add(task, _run(task, Path(scratch), options))


def _run(task: Task, folder: Path, options: argparse.Namespace) -> dict[str, float | str]:
    arguments = [__file__, "--worker", task.contender, "--folder", str(folder), "--covariates", str(task.covariates)]
    return run(arguments, memory_gb=options.memory_limit_gb, minutes=options.minutes)


# The tables -----------------------------------------------------------------------------------------------------------

HEAD = (
    "| people | | seconds (median; each round) | processor seconds | peak memory, GB | times ours: seconds, processor, "
    "memory | effect in month 6 (error) |"
)


def tables(options: argparse.Namespace, record: Record) -> str:
    """A table for each number of covariates."""
    words = {0: "Without covariates", len(COVARIATES): f"With {len(COVARIATES)} covariates"}
    lines = [f"105 months, {N_GROUPS} monthly timing groups; {machine()}."]
    for covariates in options.covariates:
        lines += ["", f"{words[covariates]}:", "", HEAD, "|---|---|---|---|---|---|---|"]
        for people in options.people:
            lines += [
                _row(Task(people, covariates, 0, name), record)
                for name in options.contenders
                if CONTENDERS[name].adjusts or not covariates
            ]
    return "\n".join([*lines, "", *_together(options, record)])


def _row(task: Task, record: Record) -> str:
    name = f"| {task.people:,} | {CONTENDERS[task.contender].title} |"
    mine = Took.of(task, record)
    if mine is None:
        return f"{name} {_failure(task, record)} | | | | |"
    own = Took.of(task._replace(contender=THEIRS[task.contender]), record) if task.contender in THEIRS else None
    ratios = "" if own is None else mine.against(own)
    return f"{name} {mine.seconds:.1f} ({mine.each}) | {mine.cpu:.1f} | {mine.peak:.2f} | {ratios} | {mine.effect} |"


class Took(NamedTuple):
    """What the rounds of a contender took."""

    seconds: float
    each: str
    cpu: float
    peak: float
    effect: str

    @classmethod
    def of(cls, task: Task, record: Record) -> Took | None:
        """Over the rounds that ended; ``None`` if there is none."""
        found = [
            run
            for other, run in record.runs.items()
            if other.same_work(task) and other.people == task.people and "failed" not in run
        ]
        if not found:
            return None
        return cls(
            seconds=median(run["seconds"] for run in found),
            each=", ".join(f"{run['seconds']:.1f}" for run in found),
            cpu=median(run["cpu"] for run in found),
            peak=max(run["gigabytes"] for run in found),
            effect=f"{found[0]['effect']:.4f} ({found[0]['error']:.4f})",
        )

    def against(self, other: Took) -> str:
        """How many times the other's."""
        return f"{self.seconds / other.seconds:.0f}, {self.cpu / other.cpu:.0f}, {self.peak / other.peak:.0f}"


def _failure(task: Task, record: Record) -> str:
    """Why there is no number: here, or at a smaller size."""
    for other, found in record.runs.items():
        if "failed" in found and other.same_work(task) and other.people <= task.people:
            return str(found["failed"]) if other.people == task.people else f"not tried: {found['failed']} before"
    return "not run"


def _together(options: argparse.Namespace, record: Record) -> list[str]:
    """Our estimators' times added up, at the largest size."""
    lines = []
    for covariates in options.covariates:
        names = [name for name in OURS if CONTENDERS[name].adjusts or not covariates]
        took = [Took.of(Task(options.people[-1], covariates, 0, name), record) for name in names]
        found = [part for part in took if part is not None]
        if len(found) == len(names):
            lines.append(
                f"All {len(names)} of ours at {options.people[-1]:,} people, {covariates} covariates: "
                f"{sum(part.seconds for part in found):.0f} seconds, at most {max(part.peak for part in found):.2f} GB."
            )
    return lines


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs="+", default=list(PEOPLE))
    parser.add_argument("--covariates", type=int, nargs="+", choices=(0, len(COVARIATES)), default=[0, len(COVARIATES)])
    parser.add_argument("--rounds", type=int, default=3, help="of the first size; the others have one")
    parser.add_argument("--contenders", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    parser.add_argument("--memory-limit-gb", type=float, default=16, help="a process that needs more has run out")
    parser.add_argument("--minutes", type=float, default=6, help="a process that takes longer is ended")
    parser.add_argument("--record", type=Path, help="a file of runs, one a line: those in it are not run again")
    parser.add_argument(
        "--scratch", type=Path, help="where to put the panels (8 GB at 842,000); else as Python chooses"
    )
    parser.add_argument("--worker", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = _options()
    if options.worker:
        work(options.worker, options.folder, covariates=COVARIATES[: options.covariates[0]])
        return
    record = Record(options.record)
    run_all(options, record)
    print(tables(options, record))


if __name__ == "__main__":
    main()
