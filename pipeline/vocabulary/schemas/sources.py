"""The sources of a delivery as they stand after ingestion: typed, named in lower case, missing as null.

The owner's own column names are in ``configs/columns.toml``; a source's dirt and how it is handled in the
data contract.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.vocabulary.schemas.ndpp import NDPP, NDPP_TESTS
from pipeline.vocabulary.schemas.schema import Column, Schema

SEXES = ("female", "male")
"""Sex as Causeway writes it."""

ETHNIC_GROUPS = ("White", "Mixed", "Asian", "Black", "Other", "Missing or not stated")
"""The aggregated ethnic groups of the published study."""

REGIONS = (
    "North East",
    "North West",
    "Yorkshire and The Humber",
    "East Midlands",
    "West Midlands",
    "East of England",
    "London",
    "South East",
    "South West",
)
"""The regions of England."""

HES_APC = Schema(
    name="hes_apc",
    grain="finished hospital episode",
    key=("epikey",),
    columns=(
        Column(name="epikey", type=pa.string(), role="identifier", nullable=False),
        Column(name="pseudo_hesid", type=pa.string(), role="identifier", nullable=False),
        Column(name="epistart", type=pa.date32()),
        Column(name="epiend", type=pa.date32()),
        Column(name="admidate", type=pa.date32()),
        Column(name="disdate", type=pa.date32()),
        Column(name="elecdate", type=pa.date32()),
        Column(name="elecdur", type=pa.int32(), unit="days"),
        Column(name="admimeth", type=pa.string()),
        Column(name="classpat", type=pa.string()),
        Column(name="epistat", type=pa.int8()),
        Column(name="epitype", type=pa.string()),
        Column(name="epiorder", type=pa.int32()),
        Column(name="diagnoses", type=pa.list_(pa.string()), role="characteristic"),
        Column(name="operations", type=pa.list_(pa.string()), role="characteristic"),
        Column(name="operation_dates", type=pa.list_(pa.date32()), required=False),
        Column(name="startage", type=pa.int32(), unit="years"),
        Column(name="sex", type=pa.string(), role="characteristic", allowed=SEXES),
        Column(name="ethnos", type=pa.string(), role="characteristic"),
        Column(name="lsoa11", type=pa.string(), role="characteristic"),
        Column(name="procode3", type=pa.string()),
        Column(name="procode5", type=pa.string()),
        Column(name="tretspef", type=pa.string()),
        Column(name="mainspef", type=pa.string()),
        Column(name="resgor", type=pa.string(), role="characteristic"),
    ),
)

PAYE_RTI = Schema(
    name="paye_rti",
    grain="payment by an employer to a person for a month",
    columns=(
        Column(name="valid_nino", type=pa.string(), role="identifier", nullable=False),
        Column(name="month", type=pa.int32(), nullable=False),
        Column(name="pay_pence", type=pa.int64(), role="outcome", unit="pence", nullable=False),
        Column(name="days_worked", type=pa.int32(), role="outcome", unit="days"),
        Column(name="rti_scheme_sk", type=pa.string()),
        Column(name="payment_date", type=pa.date32()),
    ),
)

CENSUS = Schema(
    name="census",
    grain="person enumerated in a census",
    key=("census_id",),
    columns=(
        Column(name="census_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="census_year", type=pa.int32(), nullable=False),
        Column(name="sex", type=pa.string(), role="characteristic", nullable=False, allowed=SEXES),
        Column(name="birth_year", type=pa.int32(), role="characteristic", nullable=False),
        Column(name="birth_quarter", type=pa.int32(), role="characteristic", nullable=False),
        Column(name="ethnic_group", type=pa.string(), role="characteristic", allowed=ETHNIC_GROUPS),
        Column(name="qualification", type=pa.string(), role="characteristic"),
        Column(name="nssec", type=pa.string(), role="characteristic"),
        Column(name="religion", type=pa.string(), role="characteristic"),
        Column(name="lsoa11", type=pa.string(), role="characteristic"),
        Column(name="la", type=pa.string(), role="characteristic"),
        Column(name="region", type=pa.string(), role="characteristic"),
        Column(name="imd_quintile", type=pa.int32(), role="characteristic"),
        Column(name="rural_urban", type=pa.string(), role="characteristic"),
        Column(name="disability", type=pa.string(), role="characteristic"),
        Column(name="imputed", type=pa.bool_(), nullable=False),
    ),
)

DEATHS = Schema(
    name="deaths",
    grain="death",
    key=("census_id",),
    columns=(
        Column(name="census_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="date_of_death", type=pa.date32(), nullable=False),
        Column(name="underlying_cause", type=pa.string(), role="characteristic", required=False),
    ),
)

LINKS_PERSON = Schema(
    name="links/person",
    grain="link from a health id to a census id",
    columns=(
        Column(name="source", type=pa.string(), nullable=False, allowed=("hes", "iapt", "ndpp", "trial")),
        Column(name="health_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="census_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="match_weight", type=pa.float64(), required=False),
        Column(name="link_method", type=pa.string(), required=False),
    ),
)

LINKS_NINO = Schema(
    name="links/nino",
    grain="link from a National Insurance number to a census id",
    columns=(
        Column(name="frameworks_nino", type=pa.string(), role="identifier", nullable=False),
        Column(name="census_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="census_year", type=pa.int32(), nullable=False),
        Column(name="nino_contains_multiple_census_id", type=pa.bool_(), nullable=False),
    ),
)

PRICES_CPIH = Schema(
    name="prices/cpih",
    grain="month",
    key=("month",),
    columns=(
        Column(name="month", type=pa.int32(), nullable=False),
        Column(name="cpih_index", type=pa.float64(), role="statistic", unit="index", nullable=False),
    ),
)

SOURCES = {schema.name: schema for schema in (HES_APC, PAYE_RTI, CENSUS, DEATHS, LINKS_PERSON, LINKS_NINO, PRICES_CPIH)}
SOURCES |= {schema.name: schema for schema in (NDPP, NDPP_TESTS)}
"""Every source with fixed columns; ``panels/<name>`` takes its columns from the evaluation."""
