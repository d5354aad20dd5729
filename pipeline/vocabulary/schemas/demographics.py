"""What owners deliver where there is no table of links: coarse or hashed fields of people, never a name in clear."""

from __future__ import annotations

import pyarrow as pa

from pipeline.vocabulary.schemas.schema import Column, Schema

_SEXES = ("female", "male")

TOKENS = ("first_name", "first_name_sound", "last_name", "last_name_sound")
"""Keyed hashes of names, and of what they sound like (Soundex, Metaphone), by the same cleaning on both sides."""

_FIELDS = (
    Column(name="first_name", type=pa.string(), role="identifier"),
    Column(name="first_name_sound", type=pa.string(), role="identifier", required=False),
    Column(name="last_name", type=pa.string(), role="identifier"),
    Column(name="last_name_sound", type=pa.string(), role="identifier", required=False),
    Column(name="sex", type=pa.string(), role="characteristic", allowed=_SEXES),
    Column(name="birth_date", type=pa.date32(), role="characteristic"),
    Column(name="postcode_sector", type=pa.string(), role="characteristic"),
    Column(name="postcode_district", type=pa.string(), role="characteristic", required=False),
)
"""Postcodes may be hashed too: they are only asked whether they are the same."""

HEALTH_DEMOGRAPHICS = Schema(
    name="links/health_demographics",
    grain="health id",
    key=("source", "health_id"),
    columns=(
        Column(name="source", type=pa.string(), nullable=False, allowed=("hes", "iapt", "ndpp", "trial")),
        Column(name="health_id", type=pa.string(), role="identifier", nullable=False),
        *_FIELDS,
    ),
)

CENSUS_DEMOGRAPHICS = Schema(
    name="links/census_demographics",
    grain="census record",
    key=("census_id",),
    columns=(Column(name="census_id", type=pa.string(), role="identifier", nullable=False), *_FIELDS),
)

DEMOGRAPHICS = (HEALTH_DEMOGRAPHICS.name, CENSUS_DEMOGRAPHICS.name)
"""The two sources that stand in for ``links/person``."""
