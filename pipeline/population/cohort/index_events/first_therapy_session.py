"""Therapy: the first session of each person's first completed course, with what was known at its referral."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.population.cohort.eligibility import Rule, month_rules
from pipeline.population.cohort.index_events import HEALTH_PERSON, IndexEvents
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.index_events import FirstTherapySession
from pipeline.vocabulary.months import month_sql

NOT_KNOWN = "not known"

VERSION_2_FROM = "2020-09-01"
"""Referrals before this day come in version 1.5 of the data set, which says nothing of employment advisers."""


def events(study: Study, records: Mapping[str, str]) -> IndexEvents:
    """Every referral with a therapy session; the index is the first session of the first completed course.

    Who had sessions and completed no course is neither treated nor never treated.
    """
    declared = study.event
    assert isinstance(declared, FirstTherapySession)
    completed = f"no course completed (discharged with {declared.completed_contacts} treatment contacts or more)"
    return IndexEvents(
        happened=_therapy_sql(declared, records),
        order=("NOT completed", "index_day", "referral_date", "unique_service_request_id"),
        known=("completed", "referral_month", *_CHARACTERISTICS),
        rules=(Rule(reason=completed, holds="completed"), *month_rules(study, what="session of a completed course")),
        start=f"people with a therapy session since {declared.first_since:%B %Y}",
        never="had a therapy session",
    )


_CHARACTERISTICS = {
    "employment_at_referral": f"coalesce(status, '{NOT_KNOWN}')",
    "problem": f"coalesce(problem, '{NOT_KNOWN}')",
    "employment_adviser": f"CASE WHEN employment_support_date IS NOT NULL THEN 'seen' "
    f"WHEN referral_date < DATE '{VERSION_2_FROM}' THEN '{NOT_KNOWN}' ELSE 'not seen' END",
    "result_after_treatment": f"CASE WHEN recovery THEN 'recovered' WHEN reliable_improvement "
    f"THEN 'improved, not recovered' WHEN recovery IS NULL THEN '{NOT_KNOWN}' ELSE 'neither' END",
}
"""What a referral tells of a person, in SQL; the last two may come after the index, so effects by them describe."""


def _therapy_sql(declared: FirstTherapySession, records: Mapping[str, str]) -> str:
    """SQL: one row a referral with a session; a course without a discharge goes on and is not completed yet."""
    characteristics = ", ".join(f"{sql} AS {name}" for name, sql in _CHARACTERISTICS.items())
    return f"""
    WITH people AS (SELECT health_id, person_id FROM {records[HEALTH_PERSON]} WHERE source = 'iapt'),
    referrals AS (SELECT * FROM {records[declared.source]} WHERE first_session IS NOT NULL),
    statuses AS ({_status_sql(records[declared.employment])})
    SELECT coalesce('person ' || person_id, 'health id ' || iapt_person_id) AS unit, person_id,
           first_session AS index_day, referral_date, unique_service_request_id, CAST(NULL AS VARCHAR) AS lsoa11,
           CAST({month_sql("referral_date")} AS INTEGER) AS referral_month,
           discharge_date IS NOT NULL AND coalesce(treatment_contacts, 0) >= {declared.completed_contacts} AS completed,
           {characteristics}
    FROM referrals LEFT JOIN people ON health_id = iapt_person_id
    LEFT JOIN statuses USING (unique_service_request_id)"""


def _status_sql(employment: str) -> str:
    """SQL: the latest employment status of each referral that was recorded on or before the day of the referral."""
    return f"""
    SELECT unique_service_request_id, max_by(employment_status, recorded_date) AS status
    FROM {employment} JOIN (SELECT unique_service_request_id, referral_date FROM referrals)
    USING (unique_service_request_id)
    WHERE recorded_date <= referral_date AND employment_status IS NOT NULL GROUP BY unique_service_request_id"""
