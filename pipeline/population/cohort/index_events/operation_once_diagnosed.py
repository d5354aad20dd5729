"""Operations on people diagnosed before: each person's first listed operation, and who may have one yet."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.engine.database import quoted
from pipeline.population.cohort.eligibility import Rule, month_rules
from pipeline.population.cohort.index_events import HEALTH_PERSON, IndexEvents
from pipeline.population.cohort.index_events.diagnosis import diagnosed_sql, has_sql
from pipeline.population.cohort.index_events.procedure import group_sql, spellings
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.codelists import Codelist
from pipeline.vocabulary.index_events import OperationOnceDiagnosed

_YEAR = "CAST(year(day) AS VARCHAR) AS year_of_diagnosis, NULL AS cluster"


def events(study: Study, records: Mapping[str, str]) -> IndexEvents:
    """Every episode with a listed operation and a listed diagnosis; the index is the first.

    The day is the date paired with the first listed code, else the episode's start. ``before`` says whether an episode
    that began on an earlier day had the diagnosis.
    """
    declared = study.event
    assert isinstance(declared, OperationOnceDiagnosed)
    operations, diagnoses = study.codelists[declared.codelist], study.codelists[declared.diagnosis]
    since = _since_sql(declared, diagnoses, records)
    return IndexEvents(
        happened=_operated_sql(study, declared, records, since=since),
        order=("index_day", "epistart", "epikey"),
        known=("operation", "before", "year_of_diagnosis", "cluster"),
        rules=(
            Rule(reason="operation without any date", holds="index_month IS NOT NULL"),
            *month_rules(study, what="operation"),
            Rule(reason=f"no earlier episode with a diagnosis of {diagnoses.name}", holds="before"),
        ),
        start=f"people with an operation of {operations.name} for {diagnoses.name} "
        f"since {declared.first_since:%B %Y}, or without a date",
        never="had such an operation",
        waiting=f"SELECT person_id, day AS since_day, {_YEAR} FROM ({since}) WHERE person_id IS NOT NULL",
    )


def _since_sql(declared: OperationOnceDiagnosed, diagnoses: Codelist, records: Mapping[str, str]) -> str:
    """SQL: each unit's first day with a listed diagnosis."""
    found = diagnosed_sql(diagnoses, episodes=records[declared.source], people=records[HEALTH_PERSON])
    return f"""
    SELECT unit, any_value(person_id) AS person_id, min(index_day) AS day FROM ({found})
    WHERE index_day >= DATE {quoted(declared.first_since.isoformat())} GROUP BY unit"""


def _operated_sql(study: Study, declared: OperationOnceDiagnosed, records: Mapping[str, str], *, since: str) -> str:
    """SQL: ``operation`` is the code list's group, ``before`` whether an earlier episode has the diagnosis."""
    operations, diagnosed = study.codelists[declared.codelist], has_sql(study.codelists[declared.diagnosis])
    places = ", ".join(f"nullif(array_position(operations, {quoted(code)}), 0)" for code in spellings(operations))
    return f"""
    WITH episodes AS (SELECT *, least({places}) AS place FROM {records[declared.source]} WHERE {diagnosed}),
    linked AS (SELECT health_id, person_id FROM {records[HEALTH_PERSON]} WHERE source = 'hes'),
    operated AS (
        SELECT coalesce('person ' || person_id, 'health id ' || pseudo_hesid) AS unit, person_id,
               coalesce(operation_dates[place], epistart) AS index_day, epistart, epikey, lsoa11,
               {group_sql(operations, "operations[place]")} AS operation
        FROM episodes LEFT JOIN linked ON health_id = pseudo_hesid WHERE place IS NOT NULL)
    SELECT o.*, {_YEAR}, coalesce(s.day < coalesce(o.epistart, o.index_day), false) AS before
    FROM operated o LEFT JOIN ({since}) s ON s.unit = o.unit"""
