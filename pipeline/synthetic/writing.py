"""Files as owners drop them: Parquet and CSV mixed, columns in any order, digests beside them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from pipeline.engine.provenance import file_digest
from pipeline.synthetic.calendar import CUT_OFF
from pipeline.synthetic.streams import shuffled, stream


def write(table: pa.Table, path: Path, *, seed: int) -> None:
    """Write a table as its file name says (``.parquet``, ``.csv``, ``.csv.gz``), columns in an order of no meaning."""
    path.parent.mkdir(parents=True, exist_ok=True)
    order = shuffled(stream(seed, path.name), table.column_names)
    if path.suffix == ".parquet":
        _write_parquet(table.select(order), path)
    else:
        _write_csv(table.select(order), path)


def _write_parquet(table: pa.Table, path: Path) -> None:
    """As a foreign program would: no Arrow schema inside. Amounts hardly repeat, so they get no dictionary."""
    repeating = [field.name for field in table.schema if field.type != pa.float64()]
    pq.write_table(table, path, compression="zstd", compression_level=1, use_dictionary=repeating, store_schema=False)


def _write_csv(table: pa.Table, path: Path) -> None:
    """Plain text, compressed where the name says so; dictionaries become their words."""
    plain = pa.schema([(field.name, _plain(field.type)) for field in table.schema])
    options = arrow_csv.WriteOptions(quoting_style="needed")
    with pa.output_stream(str(path), compression="gzip" if path.suffix == ".gz" else None) as out:
        arrow_csv.write_csv(table.cast(plain), out, options)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def as_text(table: pa.Table, columns: Iterable[str]) -> pa.Table:
    """The table with some columns as strings, as some extracts have them."""
    for name in columns:
        position = table.column_names.index(name)
        table = table.set_column(position, name, table.column(name).cast(pa.string()))
    return table


def write_delivery_json(folder: Path, *, delivery: str) -> None:
    """``delivery.json``, with the SHA-256 of every file: written last, so that its presence means the rest is there."""
    sources: dict[str, dict[str, object]] = {}
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        source = path.parent.relative_to(folder).as_posix()
        files = sources.setdefault(source, {"version": "synthetic", "files": {}})["files"]
        assert isinstance(files, dict)
        files[path.name] = file_digest(path)
    content = {"delivery": delivery, "cut_off": CUT_OFF, "sources": sources}
    (folder / "delivery.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_truth(table: pa.Table, path: Path) -> None:
    """Write the true effects as plain CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(table.column_names)
        rows.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
