"""Records delivered more than once: exact copies, and earlier states of a record that was delivered again.

Only rows whose hash occurs more than once are ever compared. Hashes are written down once, where DuckDB can spill them
past its limit, and counted a share at a time, so that memory does not grow with the source: counted all at once, those
of a hundred million rows need more than the limit, spilled or not. What is dropped is decided on the values, never on
the hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipeline.records.ingestion.readings import Reading
from pipeline.records.ingestion.rows import Rows
from pipeline.vocabulary.schemas.schema import Schema

HASHES_AT_ONCE = 20_000_000
"""How many are counted in one go: about a gigabyte of them."""

DROPPED = "dropped_rows"
"""Temporary table: ``file`` (position in the source's files), ``row`` and ``superseded`` of each row to leave out."""


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """How many rows were exact copies, and how many were superseded by a later delivery of their record."""

    exact_duplicates: int
    superseded: int


def find_repeats(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Rows], *, schema: Schema, reading: Reading
) -> Repeats:
    """Fill :data:`DROPPED` for all files of a source and count its rows."""
    hashed = ", ".join(f'"{name}"' for name in reading.redelivered or schema.names)
    columns = ", ".join(f'"{name}"' for name in schema.names)
    typed = " UNION ALL ".join(
        f"SELECT {columns}, row, {n} AS file FROM ({file.query}) WHERE NOT rejected" for n, file in enumerate(files)
    )
    rows = f"SELECT * FROM ({typed}) WHERE {reading.current}"
    _count_hashes(connection, f"SELECT hash({hashed}) AS h FROM ({rows})")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE candidates AS SELECT * FROM ({rows}) AS r "
        f"WHERE hash({hashed}) IN (SELECT h FROM repeated)"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {DROPPED} AS SELECT file, row, copy = 1 AS superseded FROM ("
        f"  SELECT *, {_version(reading, columns=columns)} AS version FROM ("
        f"    SELECT *, row_number() OVER (PARTITION BY {columns} ORDER BY file, row) AS copy FROM candidates)) "
        f"WHERE copy > 1 OR version > 1"
    )
    if reading.current != "true":
        connection.execute(f"INSERT INTO {DROPPED} SELECT file, row, true FROM ({typed}) WHERE NOT ({reading.current})")
    connection.execute("DROP TABLE repeated; DROP TABLE candidates")
    counts = f"count(*) FILTER (WHERE NOT superseded), count(*) FILTER (WHERE superseded) FROM {DROPPED}"
    duplicates, superseded = connection.execute(f"SELECT {counts}").fetchone() or (0, 0)
    return Repeats(exact_duplicates=duplicates, superseded=superseded)


def _count_hashes(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Fill the temporary table ``repeated`` with every ``h`` that the query has more than once."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE hashes AS {query}")
    ((n,),) = connection.execute("SELECT count(*) FROM hashes").fetchall()
    connection.execute("CREATE OR REPLACE TEMP TABLE repeated (h UBIGINT)")
    shares = max(1, -(-n // HASHES_AT_ONCE))
    for share in range(shares):
        connection.execute(
            f"INSERT INTO repeated SELECT h FROM hashes WHERE h % {shares} = {share} GROUP BY h HAVING count(*) > 1"
        )
    connection.execute("DROP TABLE hashes")


def _version(reading: Reading, *, columns: str) -> str:
    """SQL: 1 for the delivery of a record that counts, more for earlier ones.

    What ``latest`` leaves open is settled by the record's own text, so that the order of files does not matter.
    """
    if not reading.redelivered:
        return "1"
    key = ", ".join(f'"{name}"' for name in reading.redelivered)
    order = ", ".join(f"{column} DESC" for column in (*reading.latest, f"md5(CAST(row({columns}) AS VARCHAR))"))
    return f"row_number() OVER (PARTITION BY {key} ORDER BY copy, {order})"
