"""Published waiting times: figures that anybody may read already, which pass as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.release.disclosure.rules import PUBLISHED_ALREADY, Disclosed, Entry
from pipeline.vocabulary.months import month_label
from pipeline.vocabulary.schemas.rtt import PUBLISHED_WAITS


def disclose_waits(table: pa.Table, *, protocol: Mapping[str, Any]) -> Disclosed:
    """The ``PUBLISHED_WAITS`` of the specialties that the protocol declares; no rows where it declares none."""
    declared = protocol["evaluation"].get("context") or {"specialties": ()}
    specialties = pa.array(declared["specialties"], pa.string())
    rows = table.filter(pc.is_in(table["specialty"], value_set=specialties))
    rows = rows.sort_by([("specialty", "ascending"), ("area", "ascending"), ("month", "ascending")])
    months = pa.array([month_label(month) for month in rows["month"].to_pylist()], pa.string())
    published = PUBLISHED_WAITS.conform(rows.set_column(0, "month", months))
    figures = sum(column.role == "published" for column in PUBLISHED_WAITS.columns)
    entry = Entry(table="waits", rule=PUBLISHED_ALREADY, cells=figures * published.num_rows, affected=0)
    return Disclosed(
        table=published.replace_schema_metadata(None).combine_chunks(), entries=(entry,) if published.num_rows else ()
    )
