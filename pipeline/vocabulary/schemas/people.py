"""The tables about people: spine, linkage quality, cohort, attrition."""

from __future__ import annotations

import pyarrow as pa

from pipeline.vocabulary.schemas.schema import Column, Schema
from pipeline.vocabulary.schemas.sources import ETHNIC_GROUPS, SEXES

_CHARACTERISTICS = (
    Column(name="sex", type=pa.string(), role="characteristic", nullable=False, allowed=SEXES),
    Column(name="birth_month", type=pa.int32(), role="characteristic", unit="month", nullable=False),
    Column(name="ethnic_group", type=pa.string(), role="characteristic", nullable=False, allowed=ETHNIC_GROUPS),
    Column(name="imd_quintile", type=pa.int32(), role="characteristic"),
    Column(name="region", type=pa.string(), role="characteristic"),
    Column(name="rural_urban", type=pa.string(), role="characteristic"),
    Column(name="qualification", type=pa.string(), role="characteristic"),
    Column(name="nssec", type=pa.string(), role="characteristic"),
    Column(name="religion", type=pa.string(), role="characteristic"),
    Column(name="disability", type=pa.string(), role="characteristic"),
)

SPINE = Schema(
    name="spine",
    grain="person",
    key=("person_id",),
    columns=(
        Column(name="person_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="census_year", type=pa.int32(), nullable=False),
        *_CHARACTERISTICS,
        Column(name="lsoa11", type=pa.string(), role="characteristic"),
        Column(name="la", type=pa.string(), role="characteristic"),
        Column(name="month_of_death", type=pa.int32(), role="characteristic", unit="month"),
        Column(name="date_of_death", type=pa.date32(), role="characteristic"),
        Column(name="linked_hes_apc", type=pa.bool_(), nullable=False),
        Column(name="linked_iapt", type=pa.bool_(), nullable=False),
        Column(name="linked_paye_rti", type=pa.bool_(), nullable=False),
        Column(name="linkage_weight", type=pa.float64(), role="statistic"),
    ),
)
"""``birth_month`` is the middle month of the quarter of birth; the day of birth is taken as its 15th.
``linkage_weight`` is one over the rate at which people like this one are linked to a National Insurance number."""

NINO_PERSON = Schema(
    name="nino_person",
    grain="National Insurance number that maps to one person",
    key=("valid_nino",),
    columns=(
        Column(name="valid_nino", type=pa.string(), role="identifier", nullable=False),
        Column(name="person_id", type=pa.string(), role="identifier", nullable=False),
    ),
)

HEALTH_PERSON = Schema(
    name="health_person",
    grain="health id that maps to one person",
    key=("source", "health_id"),
    columns=(
        Column(name="source", type=pa.string(), nullable=False),
        Column(name="health_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="person_id", type=pa.string(), role="identifier", nullable=False),
    ),
)

LINKAGE_QUALITY = Schema(
    name="linkage_quality",
    grain="link x characteristic x level",
    key=("link", "characteristic", "level"),
    columns=(
        Column(name="link", type=pa.string(), nullable=False),
        Column(name="characteristic", type=pa.string(), nullable=False),
        Column(name="level", type=pa.string(), nullable=False),
        Column(name="n_people", type=pa.int64(), role="count", unit="people", nullable=False),
        Column(name="n_linked", type=pa.int64(), role="count", unit="people", nullable=False),
    ),
)
"""``link`` is ``census to paye_rti``, ``hes_apc to census``, …; conflicts are rows with characteristic ``conflicts``
(``level`` names the conflict, ``n_people`` the ids looked at, ``n_linked`` the ids kept); ``all`` has level ``all``."""

AT_INDEX = (
    "operation",
    "employment_at_referral",
    "problem",
    "employment_adviser",
    "result_after_treatment",
)
"""Characteristics that the index event tells of treated people; comparison people have none."""

AFTER_TREATMENT = ("employment_adviser", "result_after_treatment")
"""Those of them that come about after the treatment began: effects by them describe who did how, and are no effects of
what splits them."""

OF_A_WAIT = ("wait", "waited", "others_mean_wait", "others", "provider")
"""Numbers of people on a waiting list: months waited, whole months from that of joining to that of treatment, the mean
wait of the others whom the provider was sent in the same month and how many they are, and a number for the provider
that says nothing else of it. None is ever published."""

COHORT = Schema(
    name="cohort",
    grain="eligible person",
    key=("person_id",),
    columns=(
        Column(name="person_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="arm", type=pa.string(), nullable=False, allowed=("treated", "comparison")),
        Column(name="treatment_month", type=pa.int32(), unit="month"),
        Column(name="index_month", type=pa.int32(), unit="month", nullable=False),
        Column(name="first_month", type=pa.int32(), unit="month", nullable=False),
        Column(name="last_month", type=pa.int32(), unit="month", nullable=False),
        Column(name="age_at_index", type=pa.int32(), role="characteristic", unit="years", nullable=False),
        Column(name="age_band", type=pa.string(), role="characteristic", nullable=False),
        Column(name="five_year_band", type=pa.string(), role="characteristic", nullable=False),
        *_CHARACTERISTICS,
        Column(name="linkage_weight", type=pa.float64(), role="statistic"),
        Column(name="referral_month", type=pa.int32(), unit="month"),
        Column(name="cluster", type=pa.int32(), role="identifier"),
        Column(name="running", type=pa.int32()),
        Column(name="took_up", type=pa.bool_()),
        *(Column(name=name, type=pa.string(), role="characteristic") for name in AT_INDEX),
        Column(name="year_of_diagnosis", type=pa.string(), role="characteristic"),
        *(Column(name=name, type=pa.float64()) for name in OF_A_WAIT),
    ),
)
"""``treatment_month`` is null for comparison people, whose ``index_month`` was drawn. Outcomes are observed from
``first_month`` to ``last_month``, inclusive: the event window, within the calendar window, before the month of death.
``operation`` is the code list's group for treated people; ``referral_month`` is that of a referral for therapy.
``year_of_diagnosis`` is that of everybody's first diagnosis where people wait for an operation, or of the test by which
they became eligible, else null. ``cluster`` numbers the practices that people are treated by, and never leaves. About a
threshold, ``treated`` are people at or above the cutoff of ``running``, whether or not they ``took_up``. On a waiting
list ``treatment_month`` is that of joining, and treated people have the numbers of :data:`OF_A_WAIT`."""

ATTRITION = Schema(
    name="attrition",
    grain="arm x exclusion step",
    key=("arm", "step"),
    columns=(
        Column(name="arm", type=pa.string(), nullable=False, allowed=("treated", "comparison")),
        Column(name="step", type=pa.int32(), nullable=False),
        Column(name="reason", type=pa.string(), nullable=False),
        Column(name="excluded", type=pa.int64(), role="count", unit="people", nullable=False),
        Column(name="remaining", type=pa.int64(), role="count", unit="people", nullable=False),
    ),
)
