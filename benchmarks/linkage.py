"""Links from demographic fields, held against who is whom: precision, recall, seconds and memory.

    python benchmarks/linkage.py [--people 200000] [--seed 1]
    python benchmarks/linkage.py --delivery DIR --store STORE

makes two files of people that overlap, with the published errors in their records and with others, links each pair of
files in a process of its own as a run does, and prints the tables of docs/benchmarks/linkage.md. The second form links
a delivery of ``causeway synth DIR --knob linked_by_fields=1`` (or finds the links that a run on the store made) and
holds each source's links against ``links.csv`` beside the delivery.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import duckdb
import pyarrow as pa

from assets.resources import Causeway
from assets.stages import records
from pipeline.engine.database import database
from pipeline.engine.settings import read_settings
from pipeline.records.linkage.matching import person_links
from pipeline.synthetic.demographics import Demographics, Errors, demographics

PUBLISHED = Errors()
_NAMES = ("first_name_mistyped", "first_name_other", "last_name_mistyped", "last_name_changed")


def _times(factor: float) -> Errors:
    return replace(PUBLISHED, **{name: factor * getattr(PUBLISHED, name) for name in _NAMES})


UNSOUNDED = "published errors, names without what they sound like"
CASES = {
    "published errors": (PUBLISHED, 0.9575),
    "published errors, half of the people in both files": (PUBLISHED, 0.5),
    "names twice as often wrong": (_times(2), 0.9575),
    "names four times as often wrong": (_times(4), 0.9575),
    "dates of birth ten times as often wrong": (replace(PUBLISHED, birth_date=0.011), 0.9575),
    "one field in twenty missing": (replace(PUBLISHED, missing=0.05), 0.9575),
    UNSOUNDED: (PUBLISHED, 0.9575),
}
WEIGHTS, MARGINS = (0.0, 5.0, 8.0, 12.0), (0.0, 2.0, 5.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case")
    parser.add_argument("--settings", action="store_true")
    parser.add_argument("--delivery", type=Path)
    parser.add_argument("--store", type=Path)
    asked = parser.parse_args()
    if asked.delivery:
        _print_delivery(asked.delivery, store=asked.store or Path("linkage-store"))
    elif asked.case:
        print(_row(asked.case, people=asked.people, seed=asked.seed))
    elif asked.settings:
        _print_settings(people=asked.people, seed=asked.seed)
    else:
        _print_cases(people=asked.people, seed=asked.seed)
        _print_settings(people=asked.people, seed=asked.seed)


def _print_cases(*, people: int, seed: int) -> None:
    print(f"{people:,} health ids and {people:,} census records, seed {seed}.\n")
    print("| the two files | links | precision | recall | seconds | processor seconds | peak memory, GB |")
    print("|---|---|---|---|---|---|---|")
    for case in CASES:
        command = [sys.executable, __file__, "--people", str(people), "--seed", str(seed), "--case", case]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip(), flush=True)


def _row(case: str, *, people: int, seed: int) -> str:
    made = _made(case, people=people, seed=seed)
    begun, used = perf_counter(), _processor()
    links = _linked(made)
    seconds, processor = perf_counter() - begun, _processor() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    precision, recall = _rates(links, made)
    figures = f"{links.num_rows:,} | {precision:.3%} | {recall:.2%} | {seconds:.0f} | {processor:.0f} | {peak:.1f}"
    return f"| {case} | {figures} |"


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _made(case: str, *, people: int, seed: int) -> Demographics:
    errors, overlap = CASES[case]
    made = demographics(people, seed=seed, overlap=overlap, errors=errors)
    if case != UNSOUNDED:
        return made
    return replace(made, health=_without_sounds(made.health), census=_without_sounds(made.census))


def _without_sounds(table: pa.Table) -> pa.Table:
    for name in ("first_name_sound", "last_name_sound"):
        table = table.set_column(table.column_names.index(name), name, pa.nulls(table.num_rows, pa.string()))
    return table


def _linked(made: Demographics, **changed: float) -> pa.Table:
    settings = read_settings()
    rows = made.census.num_rows
    record = pa.table(
        {
            "census_id": made.census["census_id"],
            "census_year": pa.repeat(pa.scalar(2021), rows),
            "imputed": pa.repeat(pa.scalar(value=False), rows),
        }
    )
    with TemporaryDirectory() as spill, database(settings.engine, spill=Path(spill)) as connection:
        for name, table in {"health": made.health, "demographics": made.census, "census": record}.items():
            connection.register(f"given_{name}", table)
        return person_links(
            connection,
            health="given_health",
            demographics="given_demographics",
            census="given_census",
            settings=settings.linkage.model_copy(update=changed),
        )


def _rates(links: pa.Table, made: Demographics) -> tuple[float, float]:
    connection = duckdb.connect()
    connection.register("links", links)
    connection.register("truth", made.truth)
    ((right,),) = connection.execute(
        "SELECT count(*) FROM links SEMI JOIN truth USING (health_id, census_id)"
    ).fetchall()
    return right / links.num_rows, right / made.truth.num_rows


def _print_delivery(folder: Path, *, store: Path) -> None:
    """Precision and recall of each source's links in a delivery."""
    causeway = Causeway(delivery=str(folder), store=str(store))
    begun, used = perf_counter(), _processor()
    made = records.accepted(causeway, records.delivery(causeway), "links/person")
    print(
        f"{'found' if made.reused else 'made'} in {perf_counter() - begun:.0f} s ({_processor() - used:.0f} s used)\n"
    )
    truth = folder.with_name(f"{folder.name}-truth") / "links.csv"
    rows = duckdb.sql(f"""
        SELECT source, count(*) FILTER (WHERE true_link IS NOT NULL AND link IS NOT NULL),
               count(link), count(true_link)
        FROM (SELECT *, true AS link FROM {made.scan("accepted")})
        FULL JOIN (SELECT *, true AS true_link FROM read_csv('{truth}', all_varchar = true))
        USING (source, health_id, census_id) GROUP BY ALL ORDER BY ALL""").fetchall()
    print("| source | links | true links | precision | recall |")
    print("|---|---|---|---|---|")
    for source, right, links, true in rows:
        print(f"| {source} | {links:,} | {true:,} | {right / links:.3%} | {right / true:.2%} |")


def _print_settings(*, people: int, seed: int) -> None:
    """Precision and recall at other match weights and margins than the declared."""
    made = _made("published errors", people=people, seed=seed)
    print("\n| match weight at least | margin | precision | recall |")
    print("|---|---|---|---|")
    for margin in MARGINS:
        for weight in WEIGHTS:
            precision, recall = _rates(_linked(made, match_weight=weight, margin=margin), made)
            print(f"| {weight:g} | {margin:g} | {precision:.3%} | {recall:.2%} |", flush=True)


if __name__ == "__main__":
    main()
