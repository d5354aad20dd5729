"""The embedded query engine: one in-memory DuckDB that reads and writes Parquet and spills where it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.engine.settings import Engine
from pipeline.vocabulary.errors import DataRefused, Fault


@contextmanager
def database(engine: Engine, *, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection within the engine's limits, in UTC, without extensions from outside.

    Parameters
    ----------
    spill
        Where DuckDB may put what does not fit its memory limit; made if absent.
    """
    spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        config={
            "threads": engine.threads,
            "memory_limit": engine.memory_limit,
            "temp_directory": str(spill),
            "autoinstall_known_extensions": False,
            "preserve_insertion_order": False,
        }
    )
    try:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")  # cursors of the connection take global settings only
        connection.execute("SET enable_progress_bar = false")  # it would print on what the pipeline must not speak to
        yield connection
    finally:
        connection.close()


@contextmanager
def refusing(what: str, *, source: str = "") -> Iterator[None]:
    """Refuse what DuckDB or Arrow cannot do with the data, without their words: both quote values they stumble over.

    Raises
    ------
    DataRefused
        With ``what`` was being made, and the kind of error.
    """
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as error:
        fault = Fault(
            what=f"{what} stopped on the query engine's {type(error).__name__}",
            source=source,
            remedy="Check that the table has the columns and types of its schema and that memory and disk suffice.",
        )
        raise DataRefused(fault) from None


def quoted(name: str | Path) -> str:
    """A file name or text as an SQL literal."""
    return "'" + str(name).replace("'", "''") + "'"


def parquet(files: Path | list[Path]) -> str:
    """SQL that reads Parquet: a folder of parts, or the files named."""
    if isinstance(files, Path):
        return f"read_parquet({quoted(files / '*.parquet')})"
    return f"read_parquet([{', '.join(quoted(file) for file in files)}])"


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Write a query's rows into ``target/part-00000.parquet`` and say how many there were."""
    target.mkdir(parents=True, exist_ok=True)
    file = quoted(target / "part-00000.parquet")
    ((rows,),) = connection.execute(f"COPY ({query}) TO {file} (FORMAT parquet, COMPRESSION zstd)").fetchall()
    return int(rows)
