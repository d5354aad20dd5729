"""Therapy: each person's first referral, whose list it put them on, and when the first session ended the wait."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.engine.database import quoted
from pipeline.population.cohort.index_events import HEALTH_PERSON, IndexEvents
from pipeline.population.cohort.index_events.first_therapy_session import NOT_KNOWN
from pipeline.population.cohort.study import Study
from pipeline.population.cohort.waiting_lists import KNOWN, list_rules, listed_sql
from pipeline.vocabulary.list_events import TherapyList


def events(study: Study, records: Mapping[str, str]) -> IndexEvents:
    """Every referral; the index is the first since ``first_since``, whether or not it came to a session."""
    declared = study.event
    assert isinstance(declared, TherapyList)
    return IndexEvents(
        happened=listed_sql(_referred_sql(declared, records)),
        order=("ordinal",),
        known=("problem", *KNOWN),
        rules=list_rules(study, joined="referral", treated="first session"),
        start=f"people referred for therapy since {declared.first_since:%B %Y}",
        never="were referred for therapy",
    )


def _referred_sql(declared: TherapyList, records: Mapping[str, str]) -> str:
    """SQL: ``ordinal`` counts a unit's referrals by day, then by id; every referral puts its person on a list."""
    return f"""
    WITH people AS (SELECT health_id, person_id FROM {records[HEALTH_PERSON]} WHERE source = 'iapt'),
    referred AS (
        SELECT coalesce('person ' || person_id, 'health id ' || iapt_person_id) AS unit, person_id,
               unique_service_request_id, CAST(NULL AS VARCHAR) AS lsoa11, referral_date AS index_day,
               first_session AS treated_day, provider AS provider_code, true AS from_list,
               coalesce(problem, '{NOT_KNOWN}') AS problem
        FROM {records[declared.source]} LEFT JOIN people ON health_id = iapt_person_id)
    SELECT *, row_number() OVER (PARTITION BY unit ORDER BY index_day, unique_service_request_id) AS ordinal
    FROM referred WHERE index_day >= DATE {quoted(declared.first_since.isoformat())}"""
