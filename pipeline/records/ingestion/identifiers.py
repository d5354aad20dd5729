"""Whether identifier columns hold NHS numbers or National Insurance numbers in clear, beyond what chance makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from pipeline.vocabulary.errors import Fault
from pipeline.vocabulary.schemas.schema import Schema

NHS_CHANCE = 1 / 11
"""Share of ten-digit numbers whose last digit is right by modulus 11 (NHS data dictionary, NHS NUMBER)."""

NINO_CHANCE = 0.085
"""Share of two letters, six digits and a letter that are a valid NINo: 377 of 676 prefixes, 4 of 26 suffixes."""

ONE_IN = 1e-6
"""A column is refused where chance would give as many valid numbers less often than this."""

_NINO = "[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][0-9]{6}[A-D]"  # HMRC National Insurance Manual NIM39110
_NINO_NEVER = "('BG', 'GB', 'KN', 'NK', 'NT', 'TN', 'ZZ')"


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """An identifier in clear: what looks like one, what is valid, how often chance makes a valid one of the former."""

    name: str
    shape: str
    valid: str
    chance: float


def valid_nhs_number(text: str) -> str:
    """SQL: whether ten digits end in the check digit of an NHS number."""
    weighted = " + ".join(f"CAST(substr({text}, {n}, 1) AS INTEGER) * {11 - n}" for n in range(1, 11))
    return f"({weighted}) % 11 = 0"


def valid_nino(text: str) -> str:
    """SQL: whether nine characters are a National Insurance number that may have been issued."""
    return f"(regexp_full_match({text}, '{_NINO}') AND left({text}, 2) NOT IN {_NINO_NEVER})"


_KINDS = (
    _Kind(name="NHS numbers", shape="[0-9]{10}", valid=valid_nhs_number("id"), chance=NHS_CHANCE),
    _Kind(name="National Insurance numbers", shape="[A-Z]{2}[0-9]{6}[A-Z]", valid=valid_nino("id"), chance=NINO_CHANCE),
)


def identifiers_in_clear(
    connection: duckdb.DuckDBPyConnection, rows: str, *, schema: Schema, columns: Mapping[str, str], share: float
) -> list[Fault]:
    """A fault for each file and identifier column that holds numbers in clear.

    Of the values that have the shape of such a number, more than ``share`` are valid, and more than chance gives. The
    shape is what is asked about, so that pseudonyms of another shape cannot dilute a column of real numbers.

    Parameters
    ----------
    rows
        SQL of typed rows with ``source_file``.
    """
    identifiers = [column.name for column in schema.columns if column.role == "identifier"]
    faults = []
    for column in identifiers:
        for kind in _KINDS:
            for file, shaped, valid in _counts(connection, rows, column=column, kind=kind):
                if valid > share * shaped and _tail(valid, shaped, kind.chance) < ONE_IN:
                    faults.append(_fault(kind, schema.name, file=file, column=columns[column], count=valid))
    return faults


def _counts(
    connection: duckdb.DuckDBPyConnection, rows: str, *, column: str, kind: _Kind
) -> Sequence[tuple[str, int, int]]:
    """File, values of the number's shape, valid ones among them."""
    squeezed = f"upper(translate(\"{column}\", ' -', ''))"
    # Written out they have at most 13 characters ("AB 12 34 56 C"); a length is cheap to ask first.
    shaped = (
        f"SELECT source_file, {squeezed} AS id FROM {rows} "
        f"WHERE length(\"{column}\") BETWEEN 9 AND 13 AND regexp_full_match({squeezed}, '{kind.shape}')"
    )
    counts = f"count(*), count(*) FILTER (WHERE {kind.valid})"
    return connection.execute(
        f"SELECT source_file, {counts} FROM ({shaped}) GROUP BY source_file ORDER BY source_file"
    ).fetchall()


def _tail(valid: int, shaped: int, chance: float) -> float:
    """The probability of at least ``valid`` valid numbers among ``shaped`` random ones."""
    from scipy.special import bdtrc

    return float(bdtrc(valid - 1, shaped, chance)) if valid else 1.0


def _fault(kind: _Kind, source: str, *, file: str, column: str, count: int) -> Fault:
    return Fault(
        what=f"an identifier column holds valid {kind.name} in clear, more than chance would make",
        source=source,
        file=file,
        column=column,
        count=count,
        unit="values",
        remedy="Delete this copy securely and ask the owner for pseudonymised identifiers.",
    )
