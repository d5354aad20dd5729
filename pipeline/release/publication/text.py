"""CSV as text: RFC 4180 in UTF-8, fixed decimals, line feeds, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from pipeline.release.publication.tables import PublishedTable

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
_A_NUMBER_OR_RANGE = re.compile(r"[+-]\d+( to [+-]?\d+)?")


def csv_text(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A header and rows as CSV, each line ended by a line feed."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return written.getvalue()


def cells(table: PublishedTable) -> list[list[str]]:
    """The rows as they are written, column by column of the schema; null is empty."""
    columns = []
    for name in table.schema.names:
        values = table.rows[name].to_pylist()
        columns.append([cell(value, table.places(name, row)) for row, value in enumerate(values)])
    return [list(row) for row in zip(*columns, strict=True)]


def cell(value: object, places: int | None) -> str:
    """One value: a decimal with ``places`` decimals (else its shortest exact digits), a whole number, or text."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value) if places is None else f"{value:.{places}f}"
    return str(value) if isinstance(value, int) else inert(str(value))


def inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before ``=``, ``+``, ``-``, ``@`` and tabs.

    A signed number or a range of two (``-5 to 0``) computes nothing and stays as it is, so that tables can be joined.
    """
    if not text.startswith(_RUN_BY_SPREADSHEETS) or _A_NUMBER_OR_RANGE.fullmatch(text):
        return text
    return f"'{text}"
