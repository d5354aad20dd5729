"""Payments to the stored panel, against DuckDB joining the same payments to the spine and summing them.

    python benchmarks/panel.py [--people 1000000] [--rounds 3]

makes monthly files of payments in a temporary folder (67 rows a person in random order, 5% of them second payments of
a month), runs each contender in a process of its own, alternately, and prints the table of docs/benchmarks/panel.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pandas as pd  # noqa: F401 - Arrow loads it at its first conversion; a run has it loaded, so it is not timed
import pyarrow as pa
import pyarrow.parquet as pq

import evaluations
from pipeline.engine.database import database, parquet
from pipeline.engine.settings import read_settings
from pipeline.population.panel import panel
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import COHORT

FIRST, LAST = month_number(2014, 4), month_number(2022, 12)
PAID = 0.608  # share of person-months with a payment: 67 rows a person over 105 months with the second payments
SECOND = 0.05  # share of those with a second payment
DUCKDB_MEMORY = "6GB"  # all that the target allows ours: twice DuckDB's share of a run
HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


def identifiers(rng: np.random.Generator, n: int) -> np.ndarray:
    """``(n, 16)`` bytes of pseudonyms, each once but for chance."""
    return HEX[rng.integers(0, 16, (n, 16))]


def strings(letters: np.ndarray) -> pa.Array:
    """An Arrow array of sixteen-letter strings."""
    offsets = np.arange(0, 16 * len(letters) + 1, 16, dtype=np.int32)
    return pa.StringArray.from_buffers(len(letters), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters)))


def write_inputs(folder: Path, *, people: int) -> int:
    """Write cohort, links, prices and payments; how many payments."""
    rng = np.random.default_rng(20241205)
    person, nino = identifiers(rng, people), identifiers(rng, people)
    for name in ("cohort", "nino_person", "cpih", "paye_rti"):
        (folder / name).mkdir()
    pq.write_table(cohort(rng, strings(person)), folder / "cohort" / "part-0.parquet")
    links = pa.table({"valid_nino": strings(nino), "person_id": strings(person)})
    pq.write_table(links, folder / "nino_person" / "part-0.parquet")
    months = np.arange(FIRST, month_number(2023, 12) + 1, dtype=np.int32)
    prices = pa.table({"month": months, "cpih_index": np.linspace(100, 130, len(months))})
    pq.write_table(prices, folder / "cpih" / "part-0.parquet")
    rows = 0
    for month in range(FIRST, LAST + 1):
        paid = np.flatnonzero(rng.random(people) < PAID)
        payees = rng.permutation(np.concatenate([paid, paid[rng.random(len(paid)) < SECOND]]))
        columns = {
            "valid_nino": strings(nino[payees]),
            "month": np.full(len(payees), month, np.int32),
            "pay_pence": np.round(rng.gamma(4, 55_000, len(payees))).astype(np.int64),
        }
        pq.write_table(pa.table(columns), folder / "paye_rti" / f"part-{month}.parquet")
        rows += len(payees)
    return rows


def cohort(rng: np.random.Generator, person: pa.Array) -> pa.Table:
    """Every person in the cohort, one in twenty treated."""
    n = len(person)
    index = rng.integers(FIRST, LAST + 1, n).astype(np.int32)
    treated = rng.random(n) < 0.05
    found = {
        "person_id": person,
        "arm": np.where(treated, "treated", "comparison"),
        "treatment_month": pa.array(index, mask=~treated),
        "index_month": index,
        "first_month": np.maximum(index - 60, FIRST),
        "last_month": np.minimum(index + 59, LAST),
        "age_at_index": np.full(n, 40),
        "age_band": ["35-44"] * n,
        "five_year_band": ["40-44"] * n,
        "sex": np.where(rng.random(n) < 0.5, "female", "male"),
        "birth_month": index - 480,
        "ethnic_group": ["White"] * n,
    }
    return pa.table({c.name: found.get(c.name, pa.nulls(n, c.type)) for c in COHORT.columns})


def to_panel(folder: Path) -> None:
    """Payments to the stored panel, as a run does it."""
    engine = read_settings().engine
    tables = {name: parquet(folder / name) for name in ("cohort", "nino_person", "cpih")}
    with TemporaryDirectory(dir=folder) as target, database(engine, spill=folder / "spill") as connection:
        panel(
            connection,
            _of_pay(evaluations.load("bariatric_surgery")),
            paye=parquet(folder / "paye_rti"),
            target=Path(target),
            engine=engine,
            **tables,
        )


def _of_pay(protocol: Protocol) -> Protocol:
    """The protocol with its outcomes of pay alone."""
    outcomes = tuple(outcome for outcome in protocol.evaluation.outcomes if outcome.source == "paye_rti")
    return replace(protocol, evaluation=protocol.evaluation.model_copy(update={"outcomes": outcomes}))


def summed(folder: Path, *, key: str) -> None:
    """DuckDB's join and sum by person and month, its result counted and not kept."""
    engine = read_settings().engine.model_copy(update={"memory_limit": DUCKDB_MEMORY})
    with database(engine, spill=folder / "spill") as connection:
        connection.execute(
            f"CREATE TEMP TABLE spine AS SELECT person_id, row_number() OVER () AS position "
            f"FROM {parquet(folder / 'cohort')}"
        )
        connection.execute(f"""
            SELECT count(*), sum(pence) FROM (
                SELECT {key}, month, sum(pay_pence) AS pence
                FROM {parquet(folder / "paye_rti")} JOIN {parquet(folder / "nino_person")} USING (valid_nino)
                JOIN spine USING (person_id) GROUP BY {key}, month)""").fetchall()


CONTENDERS: dict[str, Callable[[Path], None]] = {
    "Causeway: payments to the sharded panel on disk": to_panel,
    "DuckDB: join and sum by person id and month": lambda folder: summed(folder, key="person_id"),
    "DuckDB: join and sum by a whole number for the person": lambda folder: summed(folder, key="position"),
}


def measured(name: str, folder: Path) -> tuple[float, float]:
    """Seconds and peak memory in GB of one contender in a process of its own."""
    command = [sys.executable, __file__, "--run", name, "--folder", str(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    found = json.loads(said.stdout)
    return found["seconds"], found["gb"]


def run(name: str, folder: Path) -> None:
    """One contender, in this process."""
    start = perf_counter()
    CONTENDERS[name](folder)
    seconds = perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "gb": peak / 1e9}))


def compare(people: int, rounds: int) -> None:
    """Print the table."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows = write_inputs(folder, people=people)
        found = {contender: [] for contender in CONTENDERS}
        for _ in range(rounds):
            for contender, runs in found.items():
                runs.append(measured(contender, folder))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    print(
        f"{people:,} people, {rows:,} payments, {LAST - FIRST + 1} months; {read_settings().engine.threads} threads, ",
        end="",
    )
    print(f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.machine()}, Python {platform.python_version()}.\n")
    print("| | seconds (median; each) | Causeway's time over it | peak memory, GB |\n|---|---|---|---|")
    ours = median(seconds for seconds, _ in next(iter(found.values())))
    for contender, runs in found.items():
        middle = median(seconds for seconds, _ in runs)
        each = ", ".join(f"{seconds:.1f}" for seconds, _ in runs)
        print(f"| {contender} | {middle:.1f} ({each}) | {ours / middle:.2f} | {max(gb for _, gb in runs):.2f} |")


def main() -> None:
    """Compare, or run one contender."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--run", choices=list(CONTENDERS))
    arguments.add_argument("--folder", type=Path)
    asked = arguments.parse_args()
    if asked.run:
        run(asked.run, asked.folder)
    else:
        compare(asked.people, asked.rounds)


if __name__ == "__main__":
    main()
