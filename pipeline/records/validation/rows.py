"""The typed rows of a source, streamed past its rules; the keys of those that fail are written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.engine.database import parquet
from pipeline.records.validation.expectations import judge
from pipeline.records.validation.rules import Rule
from pipeline.vocabulary.errors import Fault, ValidationRefused
from pipeline.vocabulary.schemas.schema import Schema

FAILING = pa.schema(
    [
        pa.field("source_file", pa.string()),
        pa.field("row", pa.int64()),
        pa.field("key", pa.list_(pa.string())),
        pa.field("rules", pa.list_(pa.string())),
    ]
)
"""Where a row is, its key as text, and the rules that it breaks."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How many rows were looked at, and how many fail each rule."""

    checked: int
    failing: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Where a source's typed rows are, and how many of them are looked at together."""

    schema: Schema
    typed: Path
    rows: int


def judge_rows(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], *, batches: Batches, failing: Path
) -> Judged:
    """Hold every typed row against rules with scope ``"row"``; rows that break a critical one go to ``failing``.

    Only what the rules measure is read, ``batches.rows`` rows at a time; memory does not grow with the source.
    """
    source = batches.schema.name
    positions = judge(source, rules)
    counts = Counter({rule.name: 0 for rule in rules})
    checked = 0
    try:
        with connection.cursor() as own, pq.ParquetWriter(failing, FAILING) as writer:
            # A relation streams (the result of execute() is held whole), and wants a connection without open results.
            reader: pa.RecordBatchReader = own.sql(_measured(rules, batches)).to_arrow_reader(batches.rows)
            for batch in reader:
                table = pa.Table.from_batches([batch])
                found = positions(table.drop_columns(["source_file", "row", "key"]).to_pandas())
                counts.update({name: len(rows) for name, rows in found.items()})
                checked += table.num_rows
                writer.write_table(_broken(table, {r.name: found[r.name] for r in rules if r.severity == "critical"}))
    except (duckdb.Error, pa.ArrowException):
        raise _unreadable(source) from None
    return Judged(checked=checked, failing=counts)


def judge_whole(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], *, source: str, typed: str
) -> Mapping[str, int]:
    """What each rule with scope ``"source"`` counts as wrong in the rows of the query ``typed``, if it fails."""
    columns = ", ".join(f'({sql}) AS "{name}"' for rule in rules for name, sql in rule.measures.items())
    try:
        with connection.cursor() as own:
            counted: pa.Table = own.sql(f"WITH typed AS ({typed}) SELECT {columns}").to_arrow_table()
    except (duckdb.Error, pa.ArrowException):
        raise _unreadable(source) from None
    found = judge(source, rules)(counted.to_pandas())
    return {rule.name: int(counted[rule.name][0].as_py()) if len(found[rule.name]) else 0 for rule in rules}


def _measured(rules: Sequence[Rule], batches: Batches) -> str:
    """SQL for the place and key of each row and everything that rules measure in it."""
    measures = {name: sql for rule in rules for name, sql in rule.measures.items()}
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in measures.items())
    key = key_as_text(batches.schema)
    return f"SELECT source_file::VARCHAR AS source_file, row, {key} AS key, {columns} FROM {parquet(batches.typed)}"


def key_as_text(schema: Schema) -> str:
    """SQL for a row's key as a list of text; an empty list for a source without a key."""
    return f"[{', '.join(f'{name}::VARCHAR' for name in schema.key)}]::VARCHAR[]"


def _broken(table: pa.Table, positions: Mapping[str, NDArray[np.int64]]) -> pa.Table:
    """The rows that break any of the rules, each with the rules that it breaks."""
    row = np.concatenate([*positions.values(), np.empty(0, dtype=np.int64)])
    name = np.repeat(np.arange(len(positions)), [len(found) for found in positions.values()])
    order = np.lexsort((name, row))
    rows, counts = np.unique(row, return_counts=True)
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    names = pa.array(list(positions), pa.string()).take(pa.array(name[order], pa.int64()))
    kept = table.select(["source_file", "row", "key"]).take(pa.array(rows, pa.int64()))
    return kept.append_column("rules", pa.ListArray.from_arrays(offsets, names)).cast(FAILING)


def _unreadable(source: str) -> ValidationRefused:
    return ValidationRefused(
        Fault(
            what="the typed rows could not be read or measured",
            source=source,
            remedy="Check disk space and memory, then run again; if it stays, report this to the maintainers.",
        )
    )
