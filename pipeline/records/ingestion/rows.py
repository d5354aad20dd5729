"""The rows of one file after conversion, with what is wrong with each: SQL, and the counts it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from pipeline.records.ingestion.conversion import Converted, as_text
from pipeline.records.ingestion.readings import Reading
from pipeline.records.ingestion.scans import Scan, unreadable_parquet
from pipeline.vocabulary.errors import DeliveryRefused, Fault
from pipeline.vocabulary.schemas.schema import Column, Schema


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A file's rows as SQL.

    Attributes
    ----------
    query
        Typed columns, ``row``, one ``key <name>`` text per key column, one ``sentinel <name>`` flag per column that
        can hold one, one flag per rule, and ``rejected``: whether any rule holds.
    rules
        ``type:<column>`` (the value cannot be read) and ``missing:<column>`` (it must be there and is not).
    sentinels
        Columns in which something delivered can mean that nothing is known.
    """

    scan: Scan
    query: str
    rules: tuple[str, ...]
    sentinels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How many rows a file has, and how many meet each rule and hold a sentinel in each column."""

    rows: int
    rejected: int
    rules: Mapping[str, int]
    sentinels: Mapping[str, int]


def rows_of(scan: Scan, *, schema: Schema, reading: Reading) -> Rows:
    """The typed rows of an opened file."""
    converted = {column.name: _converted(column, scan, reading=reading) for column in schema.columns}
    flags = {name: _flags(converted[name], schema[name]) for name in schema.names}
    rules = {rule: condition for found in flags.values() for rule, condition in found.items()}
    sentinels = tuple(name for name, c in converted.items() if c.sentinel != "false")
    keys = [f'{_key(name, scan)} AS "key {name}"' for name in schema.key]
    inner = [f"{scan.row} AS row", *keys]
    for name, c in converted.items():
        inner += [f'{c.value} AS "{name}"', f'{c.present} AS "present {name}"', f'{c.sentinel} AS "sentinel {name}"']
        inner += [f'{c.failed} AS "failed {name}"'] if c.failed else []
    outer = [_aligned(name, reading) for name in schema.names]
    outer += ["row", *(f'"key {name}"' for name in schema.key), *(f'"sentinel {name}"' for name in sentinels)]
    outer += [f'{condition} AS "{rule}"' for rule, condition in rules.items()]
    outer.append(f"{' OR '.join(rules.values()) or 'false'} AS rejected")
    query = f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {scan.relation})"
    return Rows(scan=scan, query=query, rules=tuple(rules), sentinels=sentinels)


def profile(connection: duckdb.DuckDBPyConnection, rows: Rows) -> Profile:
    """The counts of a file.

    Raises
    ------
    DeliveryRefused
        If the file cannot be read to its end.
    """
    counted = ["rejected", *rows.rules, *(f"sentinel {name}" for name in rows.sentinels)]
    counts = ", ".join(f'count(*) FILTER (WHERE "{name}")' for name in counted)
    try:
        found = connection.execute(f"SELECT count(*), {counts} FROM ({rows.query})").fetchone()
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        raise DeliveryRefused(unreadable_parquet(rows.scan.file)) from None
    assert found is not None
    n_rules = len(rows.rules)
    return Profile(
        rows=found[0],
        rejected=found[1],
        rules=dict(zip(rows.rules, found[2 : 2 + n_rules], strict=True)),
        sentinels=dict(zip(rows.sentinels, found[2 + n_rules :], strict=True)),
    )


def wrong_types(rows: Rows, profile: Profile, *, columns: Mapping[str, str]) -> list[Fault]:
    """A fault for each column of a file of which at least half of the rows cannot be read: not dirt, another column."""
    file = rows.scan.file
    return [
        Fault(
            what="half or more of the rows do not have the column's type",
            source=file.source,
            file=file.name,
            column=columns[rule.removeprefix("type:")],
            count=count,
            unit=f"of {profile.rows:,} rows",
            remedy="Check that the column holds what the data contract says.",
        )
        for rule, count in profile.rules.items()
        if rule.startswith("type:") and count and 2 * count >= profile.rows
    ]


def _converted(column: Column, scan: Scan, *, reading: Reading) -> Converted:
    held = scan.match.found.get(column.name)
    if held is None:
        return Converted(value=f"CAST(NULL AS {_sql_type(column.type)})", present="false", failed="false")
    return reading.conversion(column)([_name(name) for name in held], [scan.kinds[name] for name in held])


def _flags(converted: Converted, column: Column) -> dict[str, str]:
    """Rule to SQL over the inner columns, for the rules that the column can break."""
    name = column.name
    unread = f'("present {name}" AND NOT "sentinel {name}" AND "{name}" IS NULL)'
    failed = f'"failed {name}"' if converted.failed else unread
    flags = {} if converted.failed == "false" else {f"type:{name}": failed}
    if not column.nullable:
        flags[f"missing:{name}"] = f'("{name}" IS NULL AND NOT {failed})'
    return flags


def _aligned(name: str, reading: Reading) -> str:
    to = reading.aligned.get(name)
    return f'list_resize("{name}", len("{to}")) AS "{name}"' if to else f'"{name}"'


def _key(name: str, scan: Scan) -> str:
    (held,) = scan.match.found[name]
    return as_text(_name(held), scan.kinds[held])


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_sql_type(kind.value_type)}[]"
    names = {pa.string(): "VARCHAR", pa.float64(): "DOUBLE", pa.date32(): "DATE", pa.bool_(): "BOOLEAN"}
    return names.get(kind, "INTEGER")
