"""One file a source: what its rows must be before anything is estimated from them.

A file defines ``rules(schema, cut_off)`` and is found by the source's name in lower case, ``/`` as ``_``, or by the
part before the ``/`` where a source comes in several kinds (``panels/<name>``). Adding a source is adding one file.
"""

from __future__ import annotations

from datetime import date
from importlib import import_module
from importlib.util import find_spec

from pipeline.records.validation.rules import Rule, given, says, whole
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.schemas.schema import Schema

OPEN_END = date(2100, 12, 31)
"""Stands for the cut-off where a delivery's is not known: nothing is in the future."""


def suite(schema: Schema, *, cut_off: date | None = None) -> tuple[Rule, ...]:
    """The rules of a source, in the order of its report.

    Parameters
    ----------
    cut_off
        The last day that the delivery covers; nothing may be dated after it.

    Raises
    ------
    RequestError
        If no file states the source's rules.
    """
    for name in (schema.name.replace("/", "_").lower(), schema.name.split("/")[0]):
        if find_spec(f"{__name__}.{name}"):
            own: tuple[Rule, ...] = import_module(f"{__name__}.{name}").rules(schema, cut_off or OPEN_END)
            return (*_every_source(schema), *own)
    raise RequestError(
        Fault(
            what="no file states the rules of this source", source=schema.name, remedy="Add one to validation/suites."
        )
    )


def _every_source(schema: Schema) -> tuple[Rule, ...]:
    """What holds for any source: it has rows, and what its schema requires is filled."""
    filled = (
        given(column.name, words=says(f"Every row has {column.name}.", "Fill it at the source, or leave the row out."))
        for column in schema.columns
        if not column.nullable
    )
    has_rows = whole(
        "rows:delivered",
        "SELECT CASE WHEN count(*) = 0 THEN 1 ELSE 0 END FROM typed",
        columns=(),
        unit="empty source",
        words=says("The source has rows that can be read.", "Deliver the source again."),
    )
    return (has_rows, *filled)
