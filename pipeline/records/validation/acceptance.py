"""The door out of validation: a source's rows without those in quarantine, or a refusal."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from pipeline.engine.database import parquet, quoted
from pipeline.records.validation.result import Validation
from pipeline.vocabulary.errors import Fault, SchemaError, ValidationRefused
from pipeline.vocabulary.schemas.schema import Schema

SORTED_ROWS = 20_000_000
"""A source with more rows than this is not sorted: its consumers do not depend on order, and sorting would spill."""


def accept(
    connection: duckdb.DuckDBPyConnection,
    *,
    schema: Schema,
    typed: Path,
    quarantine: Path,
    validation: Validation,
    target: Path,
) -> None:
    """Write the accepted rows of a source into ``target/accepted/``: exactly the schema's columns.

    ``quarantine`` is the folder of row keys that :func:`validate` wrote. A source with up to
    :data:`SORTED_ROWS` rows is in order of its key, then of its other columns; a larger one is complete, in no order.

    Raises
    ------
    ValidationRefused
        If the validation refused the source; with all its reasons.
    SchemaError
        If what was written is not what the schema says: a bug in a stage, not dirt.
    """
    if validation.refused:
        raise ValidationRefused(validation.faults)
    columns = ", ".join(f't."{name}"' for name in schema.names)
    rows = f"SELECT {columns} FROM {parquet(typed)} t"
    if validation.rows_accepted < validation.rows_typed:
        rows += f" ANTI JOIN {parquet(quarantine)} q USING (source_file, row)"
    if validation.rows_typed <= SORTED_ROWS:
        rows += f" ORDER BY {_order(schema)}"
    accepted = target / "accepted"
    accepted.mkdir(parents=True)
    file = quoted(accepted / "part-00000.parquet")
    try:
        # Level 1 writes pay in half the time of the default, a quarter larger.
        connection.execute(
            f"COPY ({rows}) TO {file} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        ).fetchall()
        _check(connection, schema, accepted=accepted, rows=validation.rows_accepted)
    except duckdb.Error:
        raise SchemaError(Fault(what="the accepted rows could not be written", source=schema.name)) from None


def _order(schema: Schema) -> str:
    rest = [name for name in schema.names if name not in schema.key]
    return ", ".join(f't."{name}" NULLS LAST' for name in (*schema.key, *rest))


def _check(connection: duckdb.DuckDBPyConnection, schema: Schema, *, accepted: Path, rows: int) -> None:
    """Types from the file's metadata; nulls, allowed values and the key counted by the engine."""
    written = pq.read_schema(accepted / "part-00000.parquet")
    faults = [
        Fault(what="a column does not have its declared type", source=schema.name, column=column.name)
        for column in schema.columns
        if written.field(column.name).type != column.type
    ]
    wrong = {
        **{("value is missing", c.name): f"count(*) - count({c.name})" for c in schema.columns if not c.nullable},
        **{
            ("value is not one of those allowed", c.name): _outside(c.name, c.allowed)
            for c in schema.columns
            if c.allowed
        },
        ("rows are lost or doubled", ""): f"abs(count(*) - {rows})",
    }
    if schema.key:
        key = ", ".join(schema.key)
        wrong["key repeats", key] = f"count(*) - count(DISTINCT ({key}))"
    found = connection.execute(f"SELECT {', '.join(wrong.values())} FROM {parquet(accepted)}").fetchall()
    counted = zip(wrong, found[0], strict=True)
    faults += [
        Fault(what=what, source=schema.name, column=column, count=count) for (what, column), count in counted if count
    ]
    if faults:
        raise SchemaError(faults)


def _outside(column: str, allowed: tuple[str, ...]) -> str:
    return f"count(*) FILTER ({column} NOT IN ({', '.join(quoted(value) for value in allowed)}))"
