"""What changed since the version before, number by number."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from pipeline.release.publication.tables import PublishedTable
from pipeline.release.publication.text import cells
from pipeline.vocabulary.schemas.schema import Column, Schema

REVISIONS = Schema(
    name="revisions",
    grain="number that changed since the version before",
    key=("evaluation", "file", "key", "column"),
    columns=(
        Column(name="evaluation", type=pa.string(), nullable=False),
        Column(name="file", type=pa.string(), nullable=False),
        Column(name="key", type=pa.string(), nullable=False),
        Column(name="column", type=pa.string(), nullable=False),
        Column(name="old", type=pa.string(), nullable=False),
        Column(name="new", type=pa.string(), nullable=False),
        Column(name="revision", type=pa.string(), nullable=False, allowed=("added", "removed", "changed")),
    ),
)
"""``old`` and ``new`` as the two versions' CSV files have them; empty where a version shows no number."""

Rows = Mapping[tuple[str, ...], Mapping[str, str]]


def revisions(tables: Sequence[PublishedTable], previous: Path | None) -> pa.Table:
    """The ``REVISIONS`` of tables against the release folder ``previous``; no rows without one."""
    found = [] if previous is None else [row for table in tables for row in _revised(table, previous)]
    return REVISIONS.of_rows(found)


def _revised(table: PublishedTable, previous: Path) -> Iterator[dict[str, str]]:
    old = _read(previous / f"{table.name}.csv", table.schema)
    names = table.schema.names
    new = {_key(row, table.schema): row for row in (dict(zip(names, row, strict=True)) for row in cells(table))}
    numbers = [column.name for column in table.schema.columns if column.role in ("count", "statistic", "published")]
    for key in [*new, *(key for key in old if key not in new)]:
        for number in numbers:
            before, now = old.get(key, {}).get(number, ""), new.get(key, {}).get(number, "")
            if before != now:
                yield _row(table, key, column=number, old=before, new=now)


def _row(table: PublishedTable, key: tuple[str, ...], *, column: str, old: str, new: str) -> dict[str, str]:
    named = dict(zip(table.schema.key, key, strict=True))
    evaluation = named.pop("evaluation", "")
    return {
        "evaluation": evaluation,
        "file": f"{table.name}.csv",
        "key": "; ".join(f"{name}={value}" for name, value in named.items() if value),
        "column": column,
        "old": old,
        "new": new,
        "revision": "changed" if old and new else "added" if new else "removed",
    }


def _key(row: Mapping[str, str], schema: Schema) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in schema.key)


def _read(path: Path, schema: Schema) -> Rows:
    """The rows of an earlier version by key; none where it had no such table."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {_key(row, schema): row for row in csv.DictReader(lines)}
