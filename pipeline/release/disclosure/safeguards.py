"""The last look at tables before they are a release: what must hold, however they were made."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.counts import unsafe
from pipeline.release.disclosure.inputs import PUBLISHED, refuse_not_numbers
from pipeline.release.disclosure.rules import frame_of
from pipeline.vocabulary.errors import DisclosureError, Fault, SchemaError
from pipeline.vocabulary.schemas.results import DISCLOSURE_LOG
from pipeline.vocabulary.schemas.schema import Schema

NUMBERS = {
    "estimates": (
        "estimate", "std_error", "ci_lower", "ci_upper", "band_lower", "band_upper", "n_treated", "n_comparison",
    ),
    "linkage_quality": ("n_people", "n_linked", "link_rate"),
    "balance": ("n_treated", "n_comparison", "share_treated", "share_comparison", "smd"),
    "decomposition": ("estimate", "positive_weight", "negative_weight", "n_treated", "n_comparison"),
    "support": ("n_treated", "n_with_reference"),
}  # fmt: skip
"""Numbers that are suppressed together: where ``obs_status`` is ``c`` all of a row's are null."""

_REMEDY = "This is a fault in pipeline/release/disclosure: publish nothing and report it."


def refuse_unsafe(tables: Mapping[str, pa.Table], *, rules: DisclosureProfile) -> None:
    """Refuse tables of which a count is too small or not rounded, a suppressed row shows a number, or a column is new.

    Raises
    ------
    DisclosureError
        With every fault: table, column, how many cells.
    """
    schemas = PUBLISHED | {"log": DISCLOSURE_LOG}
    if tables.keys() != schemas.keys():
        raise DisclosureError(Fault(what="the tables of a release are not those declared", remedy=_REMEDY))
    faults = [fault for name, schema in schemas.items() for fault in _shape_faults(name, tables[name], schema=schema)]
    if faults:
        raise DisclosureError(faults)
    for name, schema in PUBLISHED.items():
        refuse_not_numbers(name, tables[name])
        frame = frame_of(tables[name])
        counts = [column.name for column in schema.columns if column.role == "count"]
        faults += [fault for column in counts for fault in _count_faults(name, frame[column], rules=rules)]
        faults += _suppressed_faults(name, frame)
    if faults:
        raise DisclosureError(faults)


def _shape_faults(name: str, table: pa.Table, *, schema: Schema) -> list[Fault]:
    if tuple(table.column_names) != schema.names:
        return [Fault(what="the columns are not exactly those published", source=name, remedy=_REMEDY)]
    try:
        schema.conform(table)
    except SchemaError as error:
        return list(error.faults)
    return []


def _count_faults(name: str, counts: pd.Series, *, rules: DisclosureProfile) -> list[Fault]:
    small = int(unsafe(counts, rules).sum())
    ragged = int((counts % rules.round_to != 0).fillna(value=False).sum())
    column = str(counts.name)
    found = (("a count is too small to show", small), ("a count is not rounded", ragged))
    return [
        Fault(what=what, source=name, column=column, count=count, unit="cells", remedy=_REMEDY)
        for what, count in found
        if count
    ]


def _suppressed_faults(name: str, frame: pd.DataFrame) -> list[Fault]:
    if name not in NUMBERS:
        return []
    showing = frame.loc[frame["obs_status"] == "c", list(NUMBERS[name])].notna().any(axis=1)
    count = int(showing.sum())
    return [Fault(what="a suppressed row shows a number", source=name, count=count, remedy=_REMEDY)] if count else []
