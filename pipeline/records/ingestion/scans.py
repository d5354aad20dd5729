"""A delivered file as a relation that DuckDB can read more than once: Parquet as it is, CSV staged as Parquet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.engine.database import quoted, refusing
from pipeline.records.ingestion import csv_text
from pipeline.records.ingestion.columns import Match, match_columns
from pipeline.records.ingestion.delivery import DeliveredFile
from pipeline.vocabulary.errors import DeliveryRefused, Fault
from pipeline.vocabulary.schemas.schema import Schema

_STAGED_ROW = '"row in file"'


@dataclass(frozen=True, kw_only=True)
class Scan:
    """A file that can be read.

    Attributes
    ----------
    relation
        SQL of the rows.
    row
        SQL of a row's number in the delivered file; the first below a header is 1.
    kinds
        DuckDB type of each column of ``relation``.
    match
        Which column is which.
    """

    file: DeliveredFile
    relation: str
    row: str
    kinds: Mapping[str, str]
    match: Match


def open_file(
    connection: duckdb.DuckDBPyConnection,
    file: DeliveredFile,
    *,
    schema: Schema,
    columns: Mapping[str, str],
    staging: Path,
) -> Scan:
    """A scan of one delivered file; text goes through ``staging`` as Parquet, in a stream.

    Raises
    ------
    DeliveryRefused
        If the file cannot be read, or a required column is missing.
    """
    if file.name.lower().endswith(".parquet"):
        relation = _parquet(file.path)
        kinds = _kinds(connection, relation, file=file)
        match = _matched(tuple(kinds), file, schema=schema, columns=columns)
        return Scan(file=file, relation=relation, row="file_row_number + 1", kinds=kinds, match=match)
    try:
        header = csv_text.header(file.path)
    except csv_text.Unreadable as reason:
        raise DeliveryRefused(_fault(str(reason), file, column="header", count=1, unit="line")) from None
    match = _matched(header, file, schema=schema, columns=columns)
    staged = staging / f"{file.name}.parquet"
    _stage(connection, file, header=header, match=match, staged=staged)
    kinds = {name: "VARCHAR" for names in match.found.values() for name in names}
    return Scan(file=file, relation=_parquet(staged), row=_STAGED_ROW, kinds=kinds, match=match)


def _parquet(path: Path) -> str:
    return f"read_parquet({quoted(path)}, file_row_number = true, binary_as_string = true)"


def _kinds(connection: duckdb.DuckDBPyConnection, relation: str, *, file: DeliveredFile) -> dict[str, str]:
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error:
        raise DeliveryRefused(unreadable_parquet(file)) from None
    return {name: kind for name, kind, *_ in described if name != "file_row_number"}


def unreadable_parquet(file: DeliveredFile) -> Fault:
    """The fault of a Parquet file that is cut short or damaged."""
    what = "the Parquet file is cut short or damaged"
    return _fault(what, file, column="all of its columns", count=file.size, unit="bytes delivered")


def _matched(header: tuple[str, ...], file: DeliveredFile, *, schema: Schema, columns: Mapping[str, str]) -> Match:
    match = match_columns(header, schema=schema, columns=columns)
    if not match.missing:
        return match
    missing = ", ".join(match.missing)
    if len(header) <= 1:
        what = "the header is not a list of names separated by commas, or is not there"
        raise DeliveryRefused(_fault(what, file, column=missing, count=len(match.missing), unit="columns not found"))
    raise DeliveryRefused(
        _fault("required column is missing", file, column=missing, count=len(match.missing), unit="columns")
    )


def _stage(
    connection: duckdb.DuckDBPyConnection, file: DeliveredFile, *, header: tuple[str, ...], match: Match, staged: Path
) -> None:
    """Write the columns asked for as text to Parquet, in the order of the file."""
    positions = {name: f"c{header.index(name)}" for names in match.found.values() for name in names}
    selected = ", ".join(
        f'{position} AS "{name.replace(chr(34), chr(34) * 2)}"' for name, position in positions.items()
    )
    declared = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(len(header)))
    rows = (
        f"read_csv({quoted(file.path)}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"nullstr = '', columns = {{{declared}}}, parallel = false)"
    )
    staged.parent.mkdir(parents=True, exist_ok=True)
    numbered = f"SELECT {selected}, row_number() OVER () AS {_STAGED_ROW} FROM {rows}"
    try:
        lines = csv_text.count_lines(file.path)
        with refusing("reading the text", source=file.source):
            _stage_rows(
                connection, f"COPY ({numbered}) TO {quoted(staged)} (FORMAT parquet)", lines=lines, path=file.path
            )
    except csv_text.Unreadable as reason:
        raise DeliveryRefused(_diagnosis(file, header=header, reason=str(reason))) from None


def _stage_rows(connection: duckdb.DuckDBPyConnection, copy: str, *, lines: int, path: Path) -> None:
    try:
        (rows,) = connection.execute(copy).fetchone() or (0,)
    except duckdb.InvalidInputException:
        raise csv_text.Unreadable(csv_text.BROKEN_QUOTE) from None
    if rows != max(lines - 1, 0) and rows != csv_text.count_records(path):
        raise csv_text.Unreadable(csv_text.BROKEN_QUOTE)


def _diagnosis(file: DeliveredFile, *, header: tuple[str, ...], reason: str) -> list[Fault]:
    """The faults of a text file by column, each with how many lines have it."""
    remedy = "Deliver comma-separated values in UTF-8, quotes doubled inside quoted values (RFC 4180), or Parquet."
    found: Counter[tuple[str, str]] = Counter()
    if reason != csv_text.DAMAGED:
        found = csv_text.broken_lines(file.path, header)
    if not found:
        return [_fault(reason, file, column="all of its columns", count=1, unit="files")]
    return [
        _fault(what, file, column=column, count=count, unit="lines", remedy=remedy)
        for (what, column), count in sorted(found.items())
    ]


def _fault(
    what: str, file: DeliveredFile, *, column: str, count: int, unit: str, remedy: str = "Ask the owner for it again."
) -> Fault:
    return Fault(what=what, source=file.source, file=file.name, column=column, count=count, unit=unit, remedy=remedy)
