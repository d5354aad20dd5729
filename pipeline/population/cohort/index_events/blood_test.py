"""Blood tests for diabetes: each person's first HbA1c, and whether a referral to prevention followed."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.population.cohort.eligibility import month_rules
from pipeline.population.cohort.index_events import HEALTH_PERSON, IndexEvents
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.index_events import BloodTest


def events(study: Study, records: Mapping[str, str]) -> IndexEvents:
    """Every HbA1c test with its day, of people referred and not; the index is the first, whatever it found.

    ``running`` is its result and ``took_up`` whether the person was referred within the declared months.
    """
    declared = study.event
    assert isinstance(declared, BloodTest)
    return IndexEvents(
        happened=_tested_sql(declared, records),
        order=("index_day", "running"),
        known=("running", "took_up"),
        rules=month_rules(study, what="blood test"),
        start=f"people with a blood test since {declared.first_since:%B %Y}",
        never="had a blood test",
    )


def _tested_sql(declared: BloodTest, records: Mapping[str, str]) -> str:
    """SQL: one row a test; a test that two rows tell of is there twice, which the first of them settles."""
    within = f"t.test_date + INTERVAL {declared.take_up_within_months} MONTH"
    return f"""
    WITH people AS (SELECT health_id, person_id FROM {records[HEALTH_PERSON]} WHERE source = 'ndpp'),
    rows_of AS (
        SELECT person_ref, test_date, hba1c_mmol_mol, referral_date FROM {records[declared.source]}
        UNION ALL SELECT person_ref, test_date, hba1c_mmol_mol, NULL FROM {records[declared.tests]}),
    known AS (
        SELECT coalesce('person ' || person_id, 'health id ' || person_ref) AS unit, person_id, test_date,
               hba1c_mmol_mol, referral_date
        FROM rows_of LEFT JOIN people ON health_id = person_ref),
    referred AS (SELECT unit, referral_date FROM known WHERE referral_date IS NOT NULL)
    SELECT unit, person_id, test_date AS index_day, CAST(NULL AS VARCHAR) AS lsoa11, hba1c_mmol_mol AS running,
           EXISTS (SELECT 1 FROM referred r
                   WHERE r.unit = t.unit AND r.referral_date BETWEEN t.test_date AND {within}) AS took_up
    FROM known t WHERE test_date IS NOT NULL AND hba1c_mmol_mol IS NOT NULL"""
