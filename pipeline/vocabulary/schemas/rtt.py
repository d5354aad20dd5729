"""Published waiting times: how many people waited how long, by provider, commissioner and specialty."""

from __future__ import annotations

import pyarrow as pa

from pipeline.vocabulary.schemas.schema import Column, Schema

PARTS = ("Part_1A", "Part_1B", "Part_2", "Part_2A", "Part_3")
"""Completed in the month with an admission and without; still waiting at its end, and those of them for whom an
admission is decided; waits that began in it, which have no weeks."""

TOTAL_SPECIALTY = "C_999"
"""The treatment function that is a total of all others."""

OPEN_BANDS = (53, 105)
"""How many bands a file has: the last is open, from 52 weeks on before April 2021 and from 104 weeks on since."""

RTT = Schema(
    name="rtt",
    grain="provider x commissioner x specialty x part x month",
    key=("provider", "commissioner", "specialty", "part", "month"),
    columns=(
        Column(name="month", type=pa.int32(), nullable=False),
        Column(name="provider_parent", type=pa.string()),
        Column(name="provider_parent_name", type=pa.string(), required=False),
        Column(name="provider", type=pa.string(), nullable=False),
        Column(name="provider_name", type=pa.string(), required=False),
        Column(name="commissioner_parent", type=pa.string()),
        Column(name="commissioner_parent_name", type=pa.string(), required=False),
        Column(name="commissioner", type=pa.string(), nullable=False),
        Column(name="commissioner_name", type=pa.string(), required=False),
        Column(name="part", type=pa.string(), nullable=False, allowed=PARTS),
        Column(name="specialty", type=pa.string(), nullable=False),
        Column(name="specialty_name", type=pa.string(), required=False),
        Column(name="weeks", type=pa.list_(pa.int32()), role="count", unit="people", nullable=False),
        Column(name="total", type=pa.int32(), role="count", unit="people"),
        Column(name="unknown_start", type=pa.int32(), role="count", unit="people"),
        Column(name="total_all", type=pa.int32(), role="count", unit="people", nullable=False),
    ),
)
"""``weeks[n]`` counts people who waited more than ``n`` and up to ``n + 1`` weeks, null where the owner left it blank;
its last entry is open. ``total`` is published for completed waits only. ``Part_2A`` is part of ``Part_2``: the two are
never added up."""

ENGLAND = "E92000001"
"""The area that is the whole of England, by its code in the Office for National Statistics' geography."""

_OF_AN_AREA = (
    Column(name="area", type=pa.string(), nullable=False),
    Column(name="area_name", type=pa.string(), nullable=False),
    Column(name="specialty", type=pa.string(), nullable=False),
    Column(name="specialty_name", type=pa.string(), nullable=False),
    Column(name="n_waits", type=pa.int64(), role="published", unit="people", nullable=False),
    Column(name="n_within_18_weeks", type=pa.int64(), role="published", unit="people", nullable=False),
    Column(name="n_in_open_band", type=pa.int64(), role="published", unit="people", nullable=False),
    Column(name="median_weeks", type=pa.float64(), role="published", unit="weeks"),
    Column(name="percentile_92_weeks", type=pa.float64(), role="published", unit="weeks"),
    Column(name="within_18_weeks", type=pa.float64(), role="published", unit="share", nullable=False),
)

AREA_WAITS = Schema(
    name="area_waits",
    grain="area x specialty x month",
    key=("area", "specialty", "month"),
    columns=(Column(name="month", type=pa.int32(), nullable=False), *_OF_AN_AREA),
)
"""A quantile that lies in the open band is null: it is longer than the last limit, nobody can say by how much. Names
are as published in the month, the code where there is none."""

PUBLISHED_WAITS = Schema(
    name="published_waits",
    grain="area x specialty x month",
    key=("month", "area", "specialty"),
    columns=(Column(name="month", type=pa.string(), nullable=False), *_OF_AN_AREA),
)
"""``waits.csv``: the same, months as text."""
