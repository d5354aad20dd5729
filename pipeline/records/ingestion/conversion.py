"""SQL that turns a delivered column into a typed one, and tells missing, meaningless and unreadable apart.

A conversion takes the SQL of the delivered columns (one, but for lists) and their DuckDB types. Typed columns stay
typed on the way: nothing is turned into text that was not text. Nothing here raises on a value: what cannot be read
becomes null and counts as failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

EARLIEST_YEAR = 1850
"""Dates before this year are the sentinels of HES: 1800-01-01 is null, 1801-01-01 is invalid."""

PENCE_LIMIT = 10**15
"""Ten thousand billion pounds: past any pay, within 64 bits. What is absurd below it is for validation to say."""

_INTEGER_TEXT = r"[+-]?[0-9]{1,18}(\.0*)?"
_NUMBER_TEXT = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
_FLOATS = ("DOUBLE", "FLOAT")
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True, kw_only=True)
class Converted:
    """SQL of a column after conversion.

    Attributes
    ----------
    value
        The typed value; null where nothing is known or nothing can be read.
    present
        Whether anything was delivered at all.
    sentinel
        Whether what was delivered says that nothing is known.
    failed
        Whether what was delivered cannot be read; empty: present, no sentinel, and null all the same.
    """

    value: str
    present: str
    sentinel: str = "false"
    failed: str = ""


Conversion = Callable[[Sequence[str], Sequence[str]], Converted]


def as_text(column: str, kind: str) -> str:
    """The delivered value as trimmed text, null if blank. A whole number held as a float is written without ``.0``."""
    if kind == "VARCHAR":
        # Trimming is three times dearer than looking for a space first, and identifiers hold none.
        return f"nullif(CASE WHEN contains({column}, ' ') THEN trim({column}) ELSE {column} END, '')"
    if kind in _FLOATS or kind.startswith("DECIMAL"):
        whole = f"{column} = trunc({column}) AND abs({column}) < 1e15"
        plain = f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"
        return f"CASE WHEN NOT isnan(CAST({column} AS DOUBLE)) THEN {plain} END"
    return f"CAST({column} AS VARCHAR)"


def text(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """Text as delivered, trimmed."""
    value = as_text(columns[0], kinds[0])
    return Converted(value=value, present=f"{value} IS NOT NULL", failed="false")


def text_unless(*sentinels: str) -> Conversion:
    """Text, null where it is one of the sentinels."""

    def convert(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
        value = as_text(columns[0], kinds[0])
        unknown = f"coalesce({value} IN {_texts(sentinels)}, false)"
        given = f"CASE WHEN NOT {unknown} THEN {value} END"
        return Converted(value=given, present=f"{value} IS NOT NULL", sentinel=unknown, failed="false")

    return convert


def integer(columns: Sequence[str], kinds: Sequence[str], *, size: str = "INTEGER") -> Converted:
    """A whole number; ``1.0`` is one, ``1.5`` is not."""
    (column,), (kind,) = columns, kinds
    if kind in _INTEGERS:
        return Converted(value=f"TRY_CAST({column} AS {size})", present=f"{column} IS NOT NULL")
    if kind in _FLOATS or kind.startswith("DECIMAL"):
        value = f"CASE WHEN {column} = trunc({column}) THEN TRY_CAST({column} AS {size}) END"
        return Converted(value=value, present=_held(column, kind))
    given = as_text(column, kind)
    value = f"CASE WHEN regexp_full_match({given}, '{_INTEGER_TEXT}') THEN TRY_CAST({given} AS {size}) END"
    return Converted(value=value, present=f"{given} IS NOT NULL")


def integer_unless(*sentinels: int) -> Conversion:
    """A whole number, null where it is one of the sentinels."""

    def convert(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
        given = integer(columns, kinds)
        unknown = f"coalesce(({given.value}) IN ({', '.join(map(str, sentinels))}), false)"
        value = f"CASE WHEN NOT {unknown} THEN {given.value} END"
        return Converted(value=value, present=given.present, sentinel=unknown, failed=given.failed)

    return convert


def number(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """A finite number."""
    (column,), (kind,) = columns, kinds
    if kind in (*_INTEGERS, *_FLOATS) or kind.startswith("DECIMAL"):
        double = f"CAST({column} AS DOUBLE)"
        return Converted(value=f"CASE WHEN isfinite({double}) THEN {double} END", present=_held(column, kind))
    given = as_text(column, kind)
    double = f"CASE WHEN regexp_full_match({given}, '{_NUMBER_TEXT}') THEN TRY_CAST({given} AS DOUBLE) END"
    return Converted(value=f"CASE WHEN isfinite({double}) THEN {double} END", present=f"{given} IS NOT NULL")


def pence(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """Pounds as whole pence, rounded half away from zero."""
    (column,), (kind,) = columns, kinds
    if kind in (*_INTEGERS, *_FLOATS) or kind.startswith("DECIMAL"):
        pounds, present = f"CAST({column} AS DOUBLE)", _held(column, kind)
    else:
        given = as_text(column, kind)
        decimal = f"TRY_CAST({given} AS DECIMAL(24, 6))"
        pounds = f"CASE WHEN regexp_full_match({given}, '{_NUMBER_TEXT}') THEN {decimal} END"
        present = f"{given} IS NOT NULL"
    limit = PENCE_LIMIT // 100
    value = f"CASE WHEN abs({pounds}) < {limit} THEN CAST(round(({pounds}) * 100) AS BIGINT) END"
    return Converted(value=value, present=present)


def day(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """A date: ISO text (at midnight, if it has a time), a date or a timestamp; years before 1850 mean unknown."""
    (column,), (kind,) = columns, kinds
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        date, present = f"CAST({column} AS DATE)", f"{column} IS NOT NULL"
    else:
        given = as_text(column, kind)
        iso = (
            f"({given} LIKE '____-__-__' OR {given} LIKE '____-__-__ 00:00:00%' OR {given} LIKE '____-__-__T00:00:00%')"
        )
        date = f"CASE WHEN {iso} THEN TRY_CAST(left({given}, 10) AS DATE) END"
        present = f"{given} IS NOT NULL"
    unknown = f"coalesce(({date}) < DATE '{EARLIEST_YEAR}-01-01', false)"
    value = f"CASE WHEN NOT {unknown} THEN {date} END"
    return Converted(value=value, present=present, sentinel=unknown, failed=f"({present} AND ({date}) IS NULL)")


def month(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """``YYYY-M`` or ``YYYY-MM`` (or any day of the month, as a date) as ``year * 12 + month``."""
    (column,), (kind,) = columns, kinds
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        value = f"CAST(year({column}) * 12 + month({column}) AS INTEGER)"
        return Converted(value=value, present=f"{column} IS NOT NULL")
    # Plain functions, no CASE about the text: DuckDB then works on a Parquet dictionary's few months, not on its rows.
    given = f"nullif(trim({column}), '')" if kind == "VARCHAR" else as_text(column, kind)
    first = f"try_strptime({given}, '%Y-%m')"
    # DuckDB reads a year of any length, and infinity, as a time too.
    right = f"year({first}) >= {EARLIEST_YEAR} AND {given} LIKE '____-_%'"
    value = f"CASE WHEN {right} THEN CAST(year({first}) * 12 + month({first}) AS INTEGER) END"
    return Converted(value=value, present=f"{given} IS NOT NULL")


def flag(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """True or false, written as such, as 1 and 0, or as yes and no."""
    if kinds[0] == "BOOLEAN":
        return Converted(value=columns[0], present=f"{columns[0]} IS NOT NULL")
    spellings = {"true": "true", "t": "true", "1": "true", "yes": "true", "y": "true"}
    spellings |= {"false": "false", "f": "false", "0": "false", "no": "false", "n": "false"}
    spelled = one_of(spellings)(columns, kinds)
    return Converted(value=f"CAST({spelled.value} AS BOOLEAN)", present=spelled.present)


def one_of(spellings: Mapping[str, str], *, unknown: Sequence[str] = (), default: str = "NULL") -> Conversion:
    """The word for each spelling (given in lower case), null for the ``unknown`` ones.

    ``default`` is SQL for what has none of the spellings, over ``given``, the delivered text; by default it fails.
    """

    def convert(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
        given = as_text(columns[0], kinds[0])
        cases = " ".join(f"WHEN {_text(spelling)} THEN {_text(word)}" for spelling, word in spellings.items())
        sentinel = f"coalesce({given} IN {_texts(unknown)}, false)" if unknown else "false"
        value = f"CASE WHEN NOT {sentinel} THEN CASE lower({given}) {cases} ELSE {default.format(given=given)} END END"
        return Converted(value=value, present=f"{given} IS NOT NULL", sentinel=sentinel)

    return convert


def default(kind: pa.DataType) -> Conversion:
    """The conversion to an Arrow type where a source says nothing else."""
    if pa.types.is_int64(kind):
        return lambda columns, kinds: integer(columns, kinds, size="BIGINT")
    if pa.types.is_int8(kind):
        return lambda columns, kinds: integer(columns, kinds, size="TINYINT")
    plain: dict[pa.DataType, Conversion] = {
        pa.string(): text,
        pa.int32(): integer,
        pa.float64(): number,
        pa.date32(): day,
        pa.bool_(): flag,
    }
    return plain[kind]


def _held(column: str, kind: str) -> str:
    """Whether a typed number is there: pandas writes missing as NaN."""
    return f"{column} IS NOT NULL AND NOT isnan({column})" if kind in _FLOATS else f"{column} IS NOT NULL"


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _texts(words: Sequence[str]) -> str:
    return f"({', '.join(map(_text, words))})"
