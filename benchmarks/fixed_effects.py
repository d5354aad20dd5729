"""Time and memory of the ONS specification: ours, pyfixest and hdfe-stream, each in its own process, alternately.

Ours is timed from the stored panel to clustered errors and simultaneous bands, age spline and its knots included. The
packages are timed from a long Parquet file to clustered errors and are given the event bin and the age columns ready
made. Prints the Markdown table of ``docs/benchmarks/fixed_effects.md``::

    python benchmarks/fixed_effects.py
    python benchmarks/fixed_effects.py --people 1000000 --contenders ours
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median

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

CONTENDERS = {
    "ours": "Causeway, age spline",
    "hdfe_plain": "hdfe-stream, no age spline",
    "hdfe_spline": "hdfe-stream, age spline",
    "pyfixest_plain": "pyfixest, no age spline",
    "pyfixest_spline": "pyfixest, age spline",
}
AGE = " + age0 + age1 + age2 + age3"


def main() -> None:
    options = _options()
    if options.worker:
        WORKERS[options.worker](Path(options.folder))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_panel(folder, people=options.people, long=options.contenders != ["ours"])
        runs = [(name, _run(name, folder, options)) for _ in range(options.rounds) for name in options.contenders]
    print(_table(runs, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=90_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory-limit-gb", type=float, default=16, help="a process that needs more has run out")
    parser.add_argument("--contenders", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    parser.add_argument("--worker", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


# The panel ------------------------------------------------------------------------------------------------------------


def write_panel(folder: Path, *, people: int, long: bool) -> None:
    """The stored panel and, for the packages, the same person-months as one long file."""
    (folder / "panel").mkdir()
    (folder / "long").mkdir()
    names = []
    sizes = shard_sizes(people)
    knots = age_knots(draw(number, n=n) for number, n in enumerate(sizes.values())) if long else None
    for number, (start, n) in enumerate(sizes.items()):
        shard = draw(number, n=n)
        names.append(f"shard-{number:05d}.parquet")
        write_shard(folder / "panel" / names[-1], shard)
        if long:
            write_long(folder / "long" / names[-1], shard, first_person=start, knots=knots)
    write_note(folder, people=people, shards=names)


def draw(seed: int, *, n: int) -> dict[str, np.ndarray]:
    """People with an index month, 45% of them treated then; event times -59..60, deaths, ages 25 to 64."""
    random = np.random.default_rng(seed)
    index = FIRST_MONTH + random.integers(0, N_MONTHS, n)
    treated = random.random(n) < 0.45
    death = np.where(random.random(n) < 0.02, FIRST_MONTH + random.integers(0, N_MONTHS, n), FIRST_MONTH + N_MONTHS)
    month = FIRST_MONTH + np.arange(N_MONTHS)
    event_time = month - index[:, None] + 1
    pay = random.gamma(2, 1000, (n, 1)) + 2 * np.maximum(event_time, 0) * treated[:, None]
    pay = (pay + random.normal(0, 300, (n, N_MONTHS))).astype(np.float32)
    pay[(event_time < -59) | (event_time > 60) | (month >= np.maximum(death, index + 1)[:, None])] = np.nan
    return {"pay": pay, "index": index, "treated": treated, "birth": index - random.integers(300, 780, n)}


def ages(shard: dict[str, np.ndarray], person: np.ndarray, column: np.ndarray) -> np.ndarray:
    return (FIRST_MONTH + column - shard["birth"][person]) / 480


def age_knots(shards: Iterable[dict[str, np.ndarray]]) -> np.ndarray:
    """The knots of the published spline over all person-months, by numpy's quantiles."""
    age = np.concatenate([ages(shard, *np.nonzero(~np.isnan(shard["pay"]))) for shard in shards])
    low, high = np.quantile(age, [0.1, 0.9])
    return np.concatenate([[low], np.quantile(age[(age >= low) & (age <= high)], [0.2, 0.4, 0.6, 0.8]), [high]])


def write_long(path: Path, shard: dict[str, np.ndarray], *, first_person: int, knots: np.ndarray) -> None:
    from pipeline.inference.moments.people.spline import nonlinear_part
    from pipeline.vocabulary.windows import ons_bin

    person, column = np.nonzero(~np.isnan(shard["pay"]))
    event_time = FIRST_MONTH + column - shard["index"][person] + 1
    bins = np.array([ons_bin(e) for e in range(-59, 61)], dtype=np.int32)[event_time + 59]
    columns = nonlinear_part(ages(shard, person, column), knots)
    table = pa.table(
        {
            "person": (first_person + person).astype(np.int32),
            "month": (FIRST_MONTH + column).astype(np.int32),
            "bin": np.where(shard["treated"][person], bins, 0).astype(np.int32),
            "pay": shard["pay"][person, column].astype(np.float64),
            **{f"age{k}": columns[:, k] for k in range(columns.shape[1])},
        }
    )
    pq.write_table(table, path)


# One process each -----------------------------------------------------------------------------------------------------


def ours(folder: Path) -> None:
    import scipy.special  # noqa: F401 - nobody's imports are timed, and this one is made late

    from pipeline.engine.panels import StoredPanel
    from pipeline.inference.estimators import ons_fixed_effects
    from pipeline.vocabulary.designs import AgeSpline
    from pipeline.vocabulary.effects import Specification
    from pipeline.vocabulary.windows import Window

    window = Window(before=59, after=60, reference=(-5, 0))
    watch = Stopwatch()
    (study,) = ons_fixed_effects.fit(
        StoredPanel(folder), "pay", specification=Specification(window=window, age_spline=AgeSpline())
    )
    watch.report(last=float(study.att[0, -1]), error=float(study.std_error[0, -1]))


def hdfe(folder: Path, *, terms: str) -> None:
    from hdfe_stream import feols_stream

    watch = Stopwatch()
    fit = feols_stream(
        f"pay ~ i(bin, ref=0){terms} | person + month",
        str(folder / "long" / "*.parquet"),
        workdir=str(folder),
        vcov={"CRV1": "person"},
    )
    row = next(row for row in fit.tidy().iter_rows() if str(row[0]).endswith("bin::15"))
    watch.report(last=float(row[1]), error=float(row[2]))


def fixest(folder: Path, *, terms: str) -> None:
    import pandas as pd
    import pyfixest

    watch = Stopwatch()
    age_columns = [name for name in terms.split(" + ") if name]
    frame = pd.read_parquet(folder / "long", columns=["person", "month", "bin", "pay", *age_columns])
    fit = pyfixest.feols(
        f"pay ~ i(bin, ref=0){terms} | person + month",
        frame,
        vcov={"CRV1": "person"},
        copy_data=False,
        store_data=False,
        lean=True,
    )
    watch.report(last=float(fit.coef()["bin::15"]), error=float(fit.se()["bin::15"]))


WORKERS = {
    "ours": ours,
    "hdfe_plain": lambda folder: hdfe(folder, terms=""),
    "hdfe_spline": lambda folder: hdfe(folder, terms=AGE),
    "pyfixest_plain": lambda folder: fixest(folder, terms=""),
    "pyfixest_spline": lambda folder: fixest(folder, terms=AGE),
}


def _run(name: str, folder: Path, options: argparse.Namespace) -> dict[str, float | str]:
    """What a worker reports, or what it ran out of."""
    found = run([__file__, "--worker", name, "--folder", str(folder)], memory_gb=options.memory_limit_gb)
    print(name, json.dumps(found), file=sys.stderr, flush=True)
    return found


def _table(runs: list[tuple[str, dict[str, float | str]]], options: argparse.Namespace) -> str:
    lines = [
        f"{options.people:,} people x {N_MONTHS} months; {machine()}.",
        "",
        "| | seconds (median; each round) | times the first | peak memory, GB | effect in months 55 to 60 (error) |",
        "|---|---|---|---|---|",
    ]
    first = None
    for name in options.contenders:
        mine = [found for run_name, found in runs if run_name == name]
        done = [found for found in mine if "failed" not in found]
        if not done:
            lines.append(f"| {CONTENDERS[name]} | {mine[0]['failed']} | | | |")
            continue
        seconds = median(found["seconds"] for found in done)
        each = ", ".join(f"{found['seconds']:.1f}" for found in done)
        first = first or seconds
        peak = max(found["gigabytes"] for found in done)
        effect = f"{done[0]['last']:.4f} ({done[0]['error']:.4f})"
        lines.append(f"| {CONTENDERS[name]} | {seconds:.1f} ({each}) | {seconds / first:.0f} | {peak:.2f} | {effect} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
