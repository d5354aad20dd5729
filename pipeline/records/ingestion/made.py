"""A source that was made here and not delivered, as if it had been read: the same tables, nothing left out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine.store import write_note
from pipeline.records.ingestion.ingest import Ingestion
from pipeline.vocabulary.schemas.schema import Schema

MADE = "made by linkage"
"""What stands for a file's name."""


def write_made(table: pa.Table, schema: Schema, *, target: Path) -> Ingestion:
    """Write the table as :func:`ingest` writes a source: ``typed/``, an empty ``rejected/`` and the note."""
    rows = table.num_rows
    numbered = schema.conform(table).append_column("source_file", pa.repeat(pa.scalar(MADE), rows))
    _write(numbered.append_column("row", pa.array(range(1, rows + 1), pa.int64())), target / "typed")
    keys = [(name, schema[name].type) for name in schema.key]
    columns = [("source_file", pa.string()), ("row", pa.int64()), *keys, ("rules", pa.list_(pa.string()))]
    _write(pa.schema(columns).empty_table(), target / "rejected")
    made = Ingestion(
        source=schema.name,
        files={MADE: rows},
        rows_delivered=rows,
        rows_typed=rows,
        rows_rejected=0,
        exact_duplicates=0,
        superseded=0,
        rules={},
        sentinels_nulled={},
        unknown_columns={},
        absent_columns={},
        older_names={},
    )
    write_note(asdict(made), target, "ingestion")
    return made


def _write(table: pa.Table, folder: Path) -> None:
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "part-00000.parquet", compression="zstd")
