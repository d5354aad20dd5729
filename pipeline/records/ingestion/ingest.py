"""One source from delivered files to typed rows, with everything that was left out counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree

import duckdb

from pipeline.engine.database import parquet, quoted, refusing
from pipeline.engine.store import write_note
from pipeline.records.ingestion.delivery import Delivery
from pipeline.records.ingestion.identifiers import identifiers_in_clear
from pipeline.records.ingestion.readings import reading
from pipeline.records.ingestion.repeats import DROPPED, Repeats, find_repeats
from pipeline.records.ingestion.rows import Profile, Rows, profile, rows_of, wrong_types
from pipeline.records.ingestion.scans import Scan, open_file
from pipeline.vocabulary.errors import DeliveryRefused, Fault
from pipeline.vocabulary.schemas.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Ingestion:
    """What became of a source's rows: ``rows_delivered`` are typed, rejected, exact duplicates or superseded.

    Attributes
    ----------
    files
        Rows by file.
    rules
        Rejected rows by rule; a row can break several.
    sentinels_nulled
        Rows by column in which a delivered value meant that nothing is known.
    unknown_columns, absent_columns
        By file: columns that nobody asked for, kept out; columns that may be absent and are.
    older_names
        By file: columns read under the name that an older version of the source has for them.
    """

    source: str
    files: Mapping[str, int]
    rows_delivered: int
    rows_typed: int
    rows_rejected: int
    exact_duplicates: int
    superseded: int
    rules: Mapping[str, int]
    sentinels_nulled: Mapping[str, int]
    unknown_columns: Mapping[str, Sequence[str]]
    absent_columns: Mapping[str, Sequence[str]]
    older_names: Mapping[str, Sequence[str]]


def ingest(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    schema: Schema,
    *,
    columns: Mapping[str, str],
    clear_identifiers: float,
    target: Path,
) -> Ingestion:
    """Read every file of the source that ``schema`` names and write what they hold.

    Writes ``typed/`` (the schema's columns, ``source_file`` and ``row``, in no particular order), ``rejected/``
    (``source_file, row``, the key as delivered, ``rules``) and the note ``ingestion``. ``row`` is a row's number in
    its delivered file, the first below a header being 1.

    Parameters
    ----------
    columns
        Causeway's name to the owner's name or series of names.
    clear_identifiers
        Share of numbers in clear that is still taken for chance.

    Raises
    ------
    DeliveryRefused
        If a file cannot be read, a required column is missing, half of a column has another type, the source has no
        rows, or identifiers are in clear; every fault of a step at once.
    """
    how = reading(schema.name)
    with refusing("ingestion", source=schema.name):
        try:
            scans = _open_all(connection, delivery, schema, columns=columns, staging=target / "staging")
            files = [rows_of(scan, schema=schema, reading=how) for scan in scans]
            profiles = [profile(connection, file) for file in files]
            _refuse(_faults(files, profiles, schema=schema, columns=columns))
            repeats = find_repeats(connection, files, schema=schema, reading=how)
            _write_typed(connection, files, schema=schema, target=target / "typed")
            dirty = [file for file, counts in zip(files, profiles, strict=True) if counts.rejected]
            _write_rejected(connection, dirty, like=files[0], schema=schema, target=target / "rejected")
            connection.execute(f"DROP TABLE {DROPPED}")
        finally:
            rmtree(target / "staging", ignore_errors=True)
        typed = parquet(target / "typed")
        _refuse(identifiers_in_clear(connection, typed, schema=schema, columns=columns, share=clear_identifiers))
    result = _counted(files, profiles, repeats=repeats, source=schema.name)
    write_note(asdict(result), target, "ingestion")
    return result


def _open_all(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    schema: Schema,
    *,
    columns: Mapping[str, str],
    staging: Path,
) -> list[Scan]:
    """A scan of each file of the source, or every fault of every file."""
    scans: list[Scan] = []
    faults: list[Fault] = []
    for file in delivery.of(schema.name):
        try:
            scans.append(open_file(connection, file, schema=schema, columns=columns, staging=staging))
        except DeliveryRefused as refused:
            faults += refused.faults
    _refuse(faults)
    return scans


def _faults(
    files: Sequence[Rows], profiles: Sequence[Profile], *, schema: Schema, columns: Mapping[str, str]
) -> list[Fault]:
    if not sum(counts.rows for counts in profiles):
        names = ", ".join(file.scan.file.name for file in files)
        remedy = "Ask the owner to deliver its rows."
        key = ", ".join(columns[name] for name in schema.key or schema.names[:1])
        what = "the source has no rows"
        return [Fault(what=what, source=schema.name, file=names, column=key, count=0, remedy=remedy)]
    return [f for file, counts in zip(files, profiles, strict=True) for f in wrong_types(file, counts, columns=columns)]


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise DeliveryRefused(faults)


def _write_typed(connection: duckdb.DuckDBPyConnection, files: Sequence[Rows], *, schema: Schema, target: Path) -> None:
    target.mkdir(parents=True)
    names = ", ".join(f'"{name}"' for name in schema.names)
    for n, file in enumerate(files):
        query = (
            f"SELECT {names}, {quoted(file.scan.file.name)} AS source_file, row FROM ({file.query}) "
            f"WHERE NOT rejected AND row NOT IN (SELECT row FROM {DROPPED} WHERE file = {n})"
        )
        _write(connection, query, target / f"part-{n:05d}.parquet")


def _write_rejected(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Rows], *, like: Rows, schema: Schema, target: Path
) -> None:
    """Write the rejected rows of files that have any; a table without rows, of the same columns, if none has."""
    target.mkdir(parents=True)
    keys = "".join(f', "key {name}" AS "{name}"' for name in schema.key)
    for n, file in enumerate(files or [like]):
        broken = ", ".join(f"CASE WHEN \"{rule}\" THEN '{rule}' END" for rule in file.rules)
        rules = f"list_filter([{broken}]::VARCHAR[], lambda rule: rule IS NOT NULL) AS rules"
        name = quoted(file.scan.file.name)
        query = f"SELECT {name} AS source_file, row{keys}, {rules} FROM ({file.query}) WHERE rejected ORDER BY row"
        _write(connection, query if files else f"{query} LIMIT 0", target / f"part-{n:05d}.parquet")


def _write(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    connection.execute(f"COPY ({query}) TO {quoted(file)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")


def _counted(files: Sequence[Rows], profiles: Sequence[Profile], *, repeats: Repeats, source: str) -> Ingestion:
    delivered = sum(counts.rows for counts in profiles)
    rejected = sum(counts.rejected for counts in profiles)
    scans = [file.scan for file in files]
    return Ingestion(
        source=source,
        files={scan.file.name: counts.rows for scan, counts in zip(scans, profiles, strict=True)},
        rows_delivered=delivered,
        rows_typed=delivered - rejected - repeats.exact_duplicates - repeats.superseded,
        rows_rejected=rejected,
        exact_duplicates=repeats.exact_duplicates,
        superseded=repeats.superseded,
        rules=_summed([counts.rules for counts in profiles]),
        sentinels_nulled=_summed([counts.sentinels for counts in profiles]),
        unknown_columns={scan.file.name: scan.match.unknown for scan in scans if scan.match.unknown},
        absent_columns={scan.file.name: scan.match.absent for scan in scans if scan.match.absent},
        older_names={scan.file.name: scan.match.older for scan in scans if scan.match.older},
    )


def _summed(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """The sum for each name that was counted at least once."""
    names = {name for count in counts for name, n in count.items() if n}
    return {name: sum(count.get(name, 0) for count in counts) for name in sorted(names)}
