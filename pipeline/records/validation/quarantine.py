"""The quarantine: rows that ingestion rejected and rows that fail a critical rule, by key with rule names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.engine.database import parquet, quoted, write_parquet
from pipeline.records.validation.result import Rejection
from pipeline.records.validation.rows import key_as_text
from pipeline.vocabulary.errors import Fault, ValidationRefused
from pipeline.vocabulary.schemas.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Leading:
    """The rule that most quarantined rows break, and where: ``files`` has the file with most of them first."""

    rule: str
    rows: int
    files: tuple[str, ...]


def write_quarantine(
    connection: duckdb.DuckDBPyConnection, schema: Schema, *, failing: Path, rejected: Path, folder: Path
) -> int:
    """Write ``source, source_file, row, key, rules`` of every quarantined row, sorted by file and row; how many."""
    rows = f"SELECT source_file, row, key, rules FROM {parquet([failing])}"
    if any(rejected.glob("*.parquet")):
        key = key_as_text(schema)
        rows += f" UNION ALL SELECT source_file::VARCHAR, row, {key}, rules FROM {parquet(rejected)}"
    query = f"""
        SELECT {quoted(schema.name)} AS source, source_file, row, any_value(key) AS key,
               list_sort(list_distinct(flatten(list(rules)))) AS rules
        FROM ({rows}) GROUP BY source_file, row ORDER BY source_file, row
    """
    try:
        return write_parquet(connection, query, folder)
    except duckdb.Error:
        raise ValidationRefused(Fault(what="the quarantine could not be written", source=schema.name)) from None


def rejections(connection: duckdb.DuckDBPyConnection, rejected: Path) -> tuple[Rejection, ...]:
    """How many rows ingestion rejected by each of its rules, most first."""
    if not any(rejected.glob("*.parquet")):
        return ()
    counted = connection.execute(_by_rule(parquet(rejected))).fetchall()
    return tuple(Rejection(rule=rule, rows=rows) for rule, rows in counted)


def leading(connection: duckdb.DuckDBPyConnection, quarantine: Path) -> Leading:
    """The rule that most rows of a quarantine with rows break."""
    scan = parquet(quarantine)
    ((rule, rows), *_) = connection.execute(_by_rule(scan)).fetchall()
    files = connection.execute(
        f"SELECT source_file FROM {scan} WHERE list_contains(rules, ?) "
        "GROUP BY source_file ORDER BY count(*) DESC, source_file",
        [rule],
    ).fetchall()
    return Leading(rule=rule, rows=rows, files=tuple(file for (file,) in files))


def _by_rule(scan: str) -> str:
    return f"SELECT rule, count(*) FROM (SELECT unnest(rules) AS rule FROM {scan}) GROUP BY rule ORDER BY 2 DESC, 1"
