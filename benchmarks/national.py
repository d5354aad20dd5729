"""A national delivery on one machine, from nothing to a release: a million people, or 842,000 referred for therapy.

    python benchmarks/national.py [--study everything] [--people 1000000]
    python benchmarks/national.py --study therapies [--people 1490000]

makes a delivery in a temporary folder, then runs every evaluation on it (or the study's one) and publishes, as the
command line does, each in a process of its own, and prints the tables of docs/benchmarks/national.md: seconds and peak
memory of every result that the store keeps. The peak is the kernel's high-water mark of resident memory, reset as a
result is begun.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from pipeline.engine.provenance import commit
from pipeline.engine.settings import read_settings
from pipeline.engine.store import Result, Store

PAY, REFERRALS = "paye_rti", "iapt/IDS101Referral"
PAY_VALIDATION = f"validation/{PAY}"
NAMES = {"ingested/": "reading and typing", "validation/": "Great Expectations"}
SMALL = 1.0  # results that take less than this many seconds share a row


class Target(NamedTuple):
    """What a part may take."""

    minutes: float
    gb: float | None = None

    def met(self, *, seconds: float, gb: float) -> str:
        """The target in words, and whether it was met."""
        memory = "" if self.gb is None else f" and {self.gb:g} GB"
        met = seconds < 60 * self.minutes and (self.gb is None or gb < self.gb)
        return f"under {self.minutes:g} minutes{memory}: {'met' if met else '**missed**'}"


class Study(NamedTuple):
    """What is delivered, what is run, and what each part may take; a target of no part is of no interest."""

    people: int
    knobs: dict[str, float]
    evaluations: tuple[str, ...]
    targets: dict[str, Target]


STUDIES = {
    "everything": Study(
        1_000_000, {}, (), {"synth": Target(3, 6), "release": Target(15, 8), PAY_VALIDATION: Target(3)}
    ),
    # As many people as make 100 million pay rows, and as many of them referred as people completed a course: 842,000.
    "therapies": Study(1_490_000, {"therapy_share": 0.565}, ("talking_therapies",), {"estimates": Target(20, 12)}),
}


class Row(NamedTuple):
    """What was made, in how many seconds, with what peak of memory."""

    name: str
    seconds: float
    gb: float


# One process each -----------------------------------------------------------------------------------------------------


def synth(folder: Path, people: int, study: Study) -> dict[str, object]:
    """Make the delivery."""
    from pipeline.synthetic import Knobs, synthesise

    start = perf_counter()
    synthesise(folder / "delivery", people=people, seed=1, knobs=Knobs(**study.knobs))
    return {"seconds": perf_counter() - start, "bytes": _size(folder / "delivery")}


def release(folder: Path, people: int, study: Study) -> dict[str, object]:  # noqa: ARG001 - parts are called alike
    """Take the delivery to a release, every result of the store timed."""
    from assets.runs import publish, run

    rows: list[Row] = []
    Store.make = _timed(Store.make, rows)  # type: ignore[method-assign]
    start = perf_counter()
    run(folder / "delivery", store=folder / "store", chosen=study.evaluations, debug=True)
    with _row(rows, "publication"):
        publish(folder / "delivery", store=folder / "store", out=folder / "releases", profile="demo", debug=True)
    seconds = perf_counter() - start
    rows_of = {source: _delivered(folder / "store", source) for source in (PAY, REFERRALS)}
    return {"seconds": seconds, "rows": rows, "delivered": rows_of, "bytes": _size(folder / "store")}


PARTS = {"synth": synth, "release": release}


def _timed(make: Callable[..., Result], rows: list[Row]) -> Callable[..., Result]:
    @wraps(make)
    def timed(store: Store, key: str, **made_from: object) -> Result:
        with _row(rows, key):
            return make(store, key, **made_from)

    return timed


@contextmanager
def _row(rows: list[Row], name: str) -> Iterator[None]:
    """Add a row for what happens inside; 5 resets the high-water mark (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    start = perf_counter()
    yield
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (int(line.split()[1]) * 1024 / 1e9 for line in status if line.startswith("VmHWM"))
    rows.append(Row(name, perf_counter() - start, peak))


def _delivered(store: Path, source: str) -> int:
    """How many rows of a source were delivered; none where the study did not read it."""
    notes = (store / "validation" / source).glob("*/validation.json")
    return sum(json.loads(note.read_text(encoding="utf-8"))["rows_delivered"] for note in notes)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


# What they took -------------------------------------------------------------------------------------------------------


def measured(part: str, folder: Path, people: int, study: str) -> dict[str, object]:
    """What one part reports from a process of its own, with the peak of the whole process."""
    command = [sys.executable, __file__, "--part", part, "--folder", str(folder), "--study", study]
    command += ["--people", str(people)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    return json.loads(said.stdout.splitlines()[-1])


def tables(people: int, study: str) -> str:
    """The Markdown tables."""
    with TemporaryDirectory() as name:
        found = {part: measured(part, Path(name), people, study) for part in PARTS}
    made, released = found["synth"], found["release"]
    rows = [Row(*row) for row in released["rows"]]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    counted = [f"{people:,} people", f"{released['delivered'][PAY]:,} pay rows"]
    if referred := released["delivered"][REFERRALS]:
        counted.append(f"{referred:,} rows of referrals")
    sizes = f"delivery {made['bytes'] / 1e9:.2f} GB, store {released['bytes'] / 1e9:.2f} GB"
    machine = (
        f"{read_settings().engine.threads} threads, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}"
    )
    return "\n".join(
        [
            f"{', '.join(counted)}; {sizes}; {machine}, Python {platform.python_version()}; commit {commit()[:12]}.",
            "",
            "| | minutes | peak memory, GB | target |",
            "|---|---|---|---|",
            *_parts(made, released, rows, targets=_targets(study, people)),
            "",
            "| result | seconds | peak memory, GB |",
            "|---|---|---|",
            *(f"| {words(row.name)} | {row.seconds:.1f} | {row.gb:.1f} |" for row in _together(rows, released)),
        ]
    )


def _targets(study: str, people: int) -> dict[str, Target]:
    """What is to be met at the study's size; nothing at any other."""
    return STUDIES[study].targets if people == STUDIES[study].people else {}


def _parts(
    made: dict[str, object], released: dict[str, object], rows: list[Row], *, targets: dict[str, Target]
) -> list[str]:
    """A line for each part, and whether it met its target."""
    checked = next(row for row in rows if row.name == PAY_VALIDATION)
    last = max((place for place, row in enumerate(rows) if row.name.endswith("/estimates")), default=len(rows) - 1)
    later = sum(row.seconds for row in rows[last + 1 :])
    peak = max(released["gb"], *(row.gb for row in rows))  # the process's own mark is from the last reset on
    parts = [
        ("`causeway synth`", "synth", made["seconds"], made["gb"]),
        ("delivery to estimates", "estimates", released["seconds"] - later, max(row.gb for row in rows[: last + 1])),
        ("delivery to release", "release", released["seconds"], peak),
        ("of it, Great Expectations on the pay rows", PAY_VALIDATION, checked.seconds, checked.gb),
    ]
    return [
        f"| {title} | {seconds / 60:.1f} | {gb:.1f} | "
        f"{targets[name].met(seconds=seconds, gb=gb) if name in targets else 'none'} |"
        for title, name, seconds, gb in parts
    ]


def _together(rows: list[Row], released: dict[str, object]) -> list[Row]:
    """The results that take long, in the order they were made; the others, and what is no result's, at the end."""
    small = [row for row in rows if row.seconds < SMALL]
    rest = released["seconds"] - sum(row.seconds for row in rows)
    return [
        *(row for row in rows if row.seconds >= SMALL),
        Row(f"{len(small)} results that take less than a second each", *_sums(small)),
        Row("starting, Dagster, handing on", rest, 0.0),
    ]


def _sums(rows: list[Row]) -> tuple[float, float]:
    return sum(row.seconds for row in rows), max((row.gb for row in rows), default=0.0)


def words(key: str) -> str:
    """A result's key as a row's title."""
    for prefix, step in NAMES.items():
        if key.startswith(prefix):
            return f"`{key.removeprefix(prefix)}`: {step}"
    return f"`{key}`" if " " not in key else key


def main() -> None:
    """Measure both parts, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", choices=list(STUDIES), default="everything")
    parser.add_argument("--people", type=int, help="other than the study's")
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    study = STUDIES[asked.study]
    people = asked.people or study.people
    if asked.part is None:
        print(tables(people, asked.study))
        return
    found = PARTS[asked.part](asked.folder, people, study)
    print(json.dumps(found | {"gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9}))


if __name__ == "__main__":
    main()
