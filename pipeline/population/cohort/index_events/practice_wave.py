"""Practices that may refer from their wave on: people found eligible before, by the month of their practice's wave."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.engine.database import quoted
from pipeline.population.cohort.eligibility import BIRTHDAY, Rule, month_rules
from pipeline.population.cohort.index_events import HEALTH_PERSON, IndexEvents
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.index_events import PracticeWave
from pipeline.vocabulary.months import first_day, parse_month

_KNOWN = ("year_of_diagnosis", "cluster")


def events(study: Study, records: Mapping[str, str]) -> IndexEvents:
    """Everybody with an eligible test of the declared months; the index is their practice's wave, referred or not.

    The practice is that of the first such test, whatever practice they go to later. A practice is of the wave that its
    referrals say; one without referrals, or with several waves, is of none. ``cluster`` numbers practices in the order
    of a hash of their codes.
    """
    declared = study.event
    assert isinstance(declared, PracticeWave)
    first, last = (f"{first_day(parse_month(month)):%B %Y}" for month in declared.tested_between)
    low, high = declared.hba1c_mmol_mol
    tested = f"people with an HbA1c of {low} to {high} mmol/mol from {first} to {last}"
    found = _tested_sql(declared, records)
    return IndexEvents(
        happened=found,
        order=("index_day",),
        known=_KNOWN,
        rules=(
            Rule(reason="practice whose wave is not known", holds="index_month IS NOT NULL"),
            *month_rules(study, what="month in which the practice may refer"),
        ),
        start=tested,
        never="is of a practice that may refer",
        waiting=f"SELECT person_id, since_day, {', '.join(_KNOWN)} FROM ({found}) WHERE person_id IS NOT NULL",
        who_waits=f"{tested} in the census spine",
        since="not tested before the drawn index day",
    )


def _tested_sql(declared: PracticeWave, records: Mapping[str, str]) -> str:
    """SQL: one row a person, of their first eligible test; ``index_day`` is in the month of their practice's wave."""
    (first, last), (low, high) = (parse_month(month) for month in declared.tested_between), declared.hba1c_mmol_mol
    return f"""
    WITH people AS (SELECT health_id, person_id FROM {records[HEALTH_PERSON]} WHERE source = 'ndpp'),
    practices AS (
        SELECT practice_code, CASE min(practice_wave) {_opened_sql(declared)} END AS opened,
               CAST(row_number() OVER (ORDER BY md5(practice_code), practice_code) AS INTEGER) AS cluster
        FROM {records[declared.source]} WHERE practice_code IS NOT NULL AND practice_wave IS NOT NULL
        GROUP BY practice_code HAVING count(DISTINCT practice_wave) = 1),
    rows_of AS (
        SELECT person_ref, test_date, hba1c_mmol_mol, practice_code FROM {records[declared.source]}
        UNION ALL SELECT person_ref, test_date, hba1c_mmol_mol, practice_code FROM {records[declared.tests]}),
    tested AS (
        SELECT coalesce('person ' || person_id, 'health id ' || person_ref) AS unit, person_id, test_date, practice_code
        FROM rows_of LEFT JOIN people ON health_id = person_ref
        WHERE hba1c_mmol_mol BETWEEN {low} AND {high} AND test_date >= DATE {quoted(first_day(first).isoformat())}
              AND test_date < DATE {quoted(first_day(last + 1).isoformat())}
        QUALIFY row_number() OVER (PARTITION BY unit ORDER BY test_date, practice_code NULLS LAST) = 1)
    SELECT unit, person_id, opened AS index_day, CAST(NULL AS VARCHAR) AS lsoa11, test_date AS since_day,
           CAST(year(test_date) AS VARCHAR) AS year_of_diagnosis, cluster
    FROM tested LEFT JOIN practices USING (practice_code)"""


def _opened_sql(declared: PracticeWave) -> str:
    """SQL: when each wave's month is, on the day that people are born on, so that ages are whole months."""
    days = (first_day(parse_month(month)).replace(day=BIRTHDAY) for month in declared.opened)
    return " ".join(f"WHEN {wave} THEN DATE {quoted(day.isoformat())}" for wave, day in enumerate(days, 1))
