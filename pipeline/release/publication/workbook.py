"""The spreadsheet, by the Government Statistical Service's guidance on accessible spreadsheets.

One table a sheet, no merged and no empty cells, a cover, contents and notes; symbols in brackets as
https://analysisfunction.civilservice.gov.uk/policy-store/symbols-in-tables-definitions-and-help/ defines them.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.release.publication.columns import COLUMNS
from pipeline.release.publication.facts import Facts
from pipeline.release.publication.tables import PublishedTable

if TYPE_CHECKING:
    import gptables

CONFIDENTIAL, NOT_APPLICABLE, NOT_AVAILABLE = "[c]", "[z]", "[x]"

_SHEETS = {
    "estimates": "Estimates",
    "diagnostics": "Checks",
    "attrition": "Attrition",
    "linkage_quality": "Linkage quality",
    "balance": "Balance",
    "decomposition": "Decomposition",
    "support": "Support",
    "waits": "Waits",
}

_NOTES = {
    "symbols": "[c] is confidential: suppressed because too few people are behind the number. [x] is not available: "
    "the number could not be estimated. [z] is not applicable.",
    "rounding": "Counts of people are rounded; shares and rates are made from rounded counts, so that they may not "
    "add up.",
    "months": "Periods are counted from the index month, which is 1; the month before it is 0.",
    "intervals": "A 95% interval is for one period by itself; a 95% band covers all periods at once.",
}

_NOTED = {
    "estimate": "symbols",
    "n_treated": "rounding",
    "months_from": "months",
    "ci_lower": "intervals",
    "excluded": "rounding",
    "n_people": "rounding",
    "n_with_reference": "rounding",
}

_NOT_IN_EVERY_ROW = ("positive_weight", "negative_weight")
"""Numbers that some rows are not of."""

_MADE = datetime(2000, 1, 1, tzinfo=UTC)
"""A fixed time of creation, so that two runs give the same bytes."""


def workbook_bytes(tables: Sequence[PublishedTable], *, title: str, evaluations: Sequence[str], facts: Facts) -> bytes:
    """The whole spreadsheet. The same tables give the same bytes."""
    with warnings.catch_warnings():
        # gptables 2.0 leaves its theme file open and calls pandas in ways that pandas 4 will not know.
        warnings.simplefilter("ignore", category=ResourceWarning)
        warnings.simplefilter("ignore", category=DeprecationWarning)
        warnings.simplefilter("ignore", category=FutureWarning)
        return _written(tables, title=title, evaluations=evaluations, facts=facts)


def _written(tables: Sequence[PublishedTable], *, title: str, evaluations: Sequence[str], facts: Facts) -> bytes:
    import gptables
    import pandas as pd

    sheets = {_SHEETS[table.name]: _sheet(table) for table in tables if table.rows.num_rows}
    written = io.BytesIO()
    workbook = gptables.produce_workbook(
        written,
        sheets,
        cover=_cover(title, evaluations=evaluations, facts=facts),
        notes_table=pd.DataFrame({"Note reference": list(_NOTES), "Note text": list(_NOTES.values())}),
        workbook_options={
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    workbook.set_properties({"title": title, "company": facts.organisation, "created": _MADE.replace(tzinfo=None)})
    workbook.close()
    return written.getvalue()


def _cover(title: str, *, evaluations: Sequence[str], facts: Facts) -> gptables.Cover:
    import gptables

    about = [f"Delivery {facts.delivery}; publication profile {facts.profile}.", *evaluations]
    if facts.profile == "demo":
        about.insert(0, "A demonstration: not official statistics.")
    return gptables.Cover(
        title=title,
        intro=[
            "Effects of health interventions on people's work, with the people behind each number.",
            "The contents sheet lists the tables; the notes sheet explains symbols and rounding.",
        ],
        about=[_plain(text) for text in about],
        contact=[_plain(text) for text in (facts.organisation, facts.contact, facts.licence)],
    )


def _sheet(table: PublishedTable) -> gptables.GPTable:
    """One table as a sheet: numbers as numbers, text and symbols as text, no cell empty."""
    import gptables
    import pandas as pd

    frame = pd.DataFrame(
        {COLUMNS[name].title: pd.Series(_values(table.rows, name), dtype=object) for name in table.schema.names}
    )
    counts = [place for place, column in enumerate(table.schema.columns) if column.unit == "people"]
    return gptables.GPTable(
        table=frame,
        table_name=table.name,
        title=table.title,
        subtitles=[table.description],
        instructions="This worksheet contains one table. Symbols and notes are explained on the notes worksheet.",
        table_notes={COLUMNS[name].title: f"$${note}$$" for name, note in _NOTED.items() if name in table.schema.names},
        index_columns={},
        additional_formatting=[{"column": {"columns": counts, "format": {"num_format": "#,##0"}}}] if counts else [],
    )


def _values(rows: pa.Table, name: str) -> list[object]:
    """A column's cells: a null number of a suppressed row is confidential, any other not available or applicable."""
    statuses = rows["obs_status"].to_pylist() if "obs_status" in rows.column_names else [""] * rows.num_rows
    nothing = NOT_APPLICABLE if name in _NOT_IN_EVERY_ROW else NOT_AVAILABLE
    return [_value(value, status, nothing) for value, status in zip(rows[name].to_pylist(), statuses, strict=True)]


def _value(value: object, status: str, nothing: str) -> object:
    if value is None:
        return CONFIDENTIAL if status == "c" else nothing
    return _plain(value) if isinstance(value, str) else value


def _plain(text: str) -> str:
    """Text that the spreadsheet takes as it stands: never empty, never symbols alone, never a link or a note."""
    plain = text.replace("](", "] (").replace("$$", "$ $")
    if not plain.strip():
        return NOT_APPLICABLE
    return plain if re.search(r"[A-Za-z0-9]", plain) else f"symbol {plain}"
