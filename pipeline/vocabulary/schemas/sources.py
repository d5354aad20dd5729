"""The sources of a delivery as they stand after ingestion: typed, named in lower case, missing as null.

The owner's own column names are in ``configs/columns.toml``; a source's dirt and how it is handled in the
data contract.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.vocabulary.schemas.demographics import CENSUS_DEMOGRAPHICS, HEALTH_DEMOGRAPHICS
from pipeline.vocabulary.schemas.ndpp import NDPP, NDPP_TESTS
from pipeline.vocabulary.schemas.rtt import RTT
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

PROBLEMS = ("depression", "anxiety and stress", "other mental health problem", "other problem")
"""What a therapy referral is for, as Causeway writes it."""

EMPLOYMENT_STATUSES = (
    "employed",
    "unemployed and seeking work",
    "student",
    "long-term sick or disabled",
    "homemaker",
    "not seeking work",
    "unpaid voluntary work",
    "retired",
)
"""Employment status in therapy records (EmployStatus 01 to 08), as Causeway writes it."""

INCAPACITY_BENEFITS = ("UC_LCW", "UC_LCWRA", "ESA", "IB")
"""Benefits for people whose health limits their work."""

DISABILITY_BENEFITS = ("PIP", "DLA")
"""Benefits for the cost of disability, in work or not."""

BENEFITS = ("UC", *INCAPACITY_BENEFITS, *DISABILITY_BENEFITS, "JSA", "IS")
"""Every benefit that spells are delivered of."""

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

IAPT_REFERRAL = Schema(
    name="iapt/IDS101Referral",
    grain="therapy referral, as last submitted",
    key=("unique_service_request_id",),
    columns=(
        Column(name="unique_service_request_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="iapt_person_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="pathway_id", type=pa.string(), role="identifier", required=False),
        Column(name="referral_date", type=pa.date32(), nullable=False),
        Column(name="discharge_date", type=pa.date32()),
        Column(name="end_code", type=pa.string(), required=False),
        Column(name="referral_source", type=pa.string(), required=False),
        Column(name="provider", type=pa.string(), required=False),
        Column(name="commissioner", type=pa.string(), required=False),
        Column(name="treatment_contacts", type=pa.int32(), unit="contacts"),
        Column(name="first_assessment", type=pa.date32(), required=False),
        Column(name="first_session", type=pa.date32()),
        Column(name="second_session", type=pa.date32(), required=False),
        Column(name="completed_treatment", type=pa.bool_(), required=False),
        Column(name="recovery", type=pa.bool_(), role="characteristic"),
        Column(name="reliable_improvement", type=pa.bool_(), role="characteristic"),
        Column(name="caseness", type=pa.bool_(), role="characteristic", required=False),
        Column(name="phq9_first", type=pa.int32(), role="characteristic", required=False),
        Column(name="phq9_last", type=pa.int32(), role="characteristic", required=False),
        Column(name="gad_first", type=pa.int32(), role="characteristic", required=False),
        Column(name="gad_last", type=pa.int32(), role="characteristic", required=False),
        Column(name="problem", type=pa.string(), role="characteristic", allowed=PROBLEMS),
        Column(name="unique_submission_id", type=pa.string(), required=False),
        Column(name="is_latest", type=pa.bool_(), nullable=False),
        Column(name="employment_support_date", type=pa.date32(), required=False),
    ),
)
"""A course is completed when the referral was discharged with two treatment contacts or more; the wait runs from
``referral_date`` to ``first_session``."""

IAPT_EMPLOYMENT = Schema(
    name="iapt/IDS004EmpStatus",
    grain="employment status of a therapy referral on a day",
    key=("unique_service_request_id", "recorded_date"),
    columns=(
        Column(name="unique_service_request_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="employment_status", type=pa.string(), role="characteristic", allowed=EMPLOYMENT_STATUSES),
        Column(name="recorded_date", type=pa.date32(), nullable=False),
        Column(name="week_hours_worked", type=pa.string(), role="characteristic", required=False),
        Column(name="sick_absence", type=pa.bool_(), role="characteristic", required=False),
        Column(name="statutory_sick_pay", type=pa.bool_(), role="characteristic", required=False),
        Column(name="universal_credit", type=pa.bool_(), role="characteristic", required=False),
        Column(name="employment_support_allowance", type=pa.bool_(), role="characteristic", required=False),
        Column(name="personal_independence_payment", type=pa.bool_(), role="characteristic", required=False),
        Column(name="employment_support", type=pa.bool_(), role="characteristic", required=False),
    ),
)

DWP_BENEFITS = Schema(
    name="dwp_benefits",
    grain="benefit spell",
    key=("valid_nino", "benefit", "start_date"),
    columns=(
        Column(name="valid_nino", type=pa.string(), role="identifier", nullable=False),
        Column(name="benefit", type=pa.string(), role="outcome", nullable=False, allowed=BENEFITS),
        Column(name="start_date", type=pa.date32(), role="outcome", nullable=False),
        Column(name="end_date", type=pa.date32(), role="outcome"),
        Column(name="weekly_pence", type=pa.int64(), role="outcome", unit="pence a week"),
        Column(name="health_related", type=pa.bool_(), role="outcome", nullable=False),
    ),
)
"""A spell without ``end_date`` goes on; it lasts from ``start_date`` to ``end_date``, both days included."""

PRICES_CPIH = Schema(
    name="prices/cpih",
    grain="month",
    key=("month",),
    columns=(
        Column(name="month", type=pa.int32(), nullable=False),
        Column(name="cpih_index", type=pa.float64(), role="statistic", unit="index", nullable=False),
    ),
)

SOURCES = {
    schema.name: schema
    for schema in (
        HES_APC,
        IAPT_REFERRAL,
        IAPT_EMPLOYMENT,
        PAYE_RTI,
        DWP_BENEFITS,
        CENSUS,
        DEATHS,
        LINKS_PERSON,
        LINKS_NINO,
        HEALTH_DEMOGRAPHICS,
        CENSUS_DEMOGRAPHICS,
        PRICES_CPIH,
        NDPP,
        NDPP_TESTS,
        RTT,
    )
}
"""Every source with fixed columns; ``panels/<name>`` takes its columns from the evaluation."""
