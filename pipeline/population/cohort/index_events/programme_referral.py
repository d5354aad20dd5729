"""The Diabetes Prevention Programme: each person's first referral, with the blood test that it was made on."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.population.cohort.eligibility import Rule, month_rules
from pipeline.population.cohort.index_events import HEALTH_PERSON, IndexEvents
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.index_events import ProgrammeReferral


def events(study: Study, records: Mapping[str, str]) -> IndexEvents:
    """Every referral; the index is the first. Whether anybody then came to a session does not matter.

    Who was referred without an eligible test is neither treated nor compared with.
    """
    declared = study.event
    assert isinstance(declared, ProgrammeReferral)
    (low, high), within = declared.hba1c_mmol_mol, declared.test_within_months
    unmet = f"no eligible test (HbA1c {low} to {high} mmol/mol, or glucose) within {within} months before the referral"
    return IndexEvents(
        happened=_referred_sql(declared, records),
        order=("index_day", "referral_id"),
        known=("eligible",),
        rules=(*month_rules(study, what="referral"), Rule(reason=unmet, holds="eligible")),
        start=f"people referred since {declared.first_since:%B %Y}",
        never="was referred",
    )


def _referred_sql(declared: ProgrammeReferral, records: Mapping[str, str]) -> str:
    """SQL: one row a referral; ``eligible`` is null, which counts as no, where there is no test or no day of it."""
    hba1c, fpg = declared.hba1c_mmol_mol, declared.fpg_mmol_l
    earliest = f"referral_date - INTERVAL {declared.test_within_months} MONTH"
    return f"""
    WITH people AS (SELECT health_id, person_id FROM {records[HEALTH_PERSON]} WHERE source = 'ndpp')
    SELECT coalesce('person ' || person_id, 'health id ' || person_ref) AS unit, person_id,
           referral_date AS index_day, referral_id, CAST(NULL AS VARCHAR) AS lsoa11,
           test_date BETWEEN {earliest} AND referral_date
           AND (coalesce(hba1c_mmol_mol BETWEEN {hba1c[0]} AND {hba1c[1]}, false)
                OR coalesce(fpg_mmol_l BETWEEN {fpg[0]} AND {fpg[1]}, false)) AS eligible
    FROM {records[declared.source]} LEFT JOIN people ON health_id = person_ref"""
