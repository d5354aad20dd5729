"""Procedures: each person's first listed operation, with what the rules ask about its episode."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.engine.database import quoted
from pipeline.population.cohort.eligibility import Rule, month_rules
from pipeline.population.cohort.index_events import HEALTH_PERSON, IndexEvents
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.codelists import Codelist
from pipeline.vocabulary.index_events import Procedure

THREE_CHARACTERS = 3


def spellings(codelist: Codelist) -> tuple[str, ...]:
    """The codes as Hospital Episode Statistics spell them: a code of three characters also stands padded with X."""
    padded = tuple(f"{code}X" for code in codelist.codes if len(code) == THREE_CHARACTERS)
    return codelist.codes + padded


def events(study: Study, records: Mapping[str, str]) -> IndexEvents:
    """Every episode with a listed operation; the index is the first, ties going to the earlier episode, then its key.

    The day is the date paired with the first listed code, else the episode's start.
    """
    declared = study.event
    assert isinstance(declared, Procedure)
    operations, diagnoses = study.codelists[declared.codelist], study.codelists[declared.with_diagnosis]
    diagnosed = f"diagnosis rule not met in the operation's episode ({diagnoses.name})"
    return IndexEvents(
        happened=_operated_sql(study, declared, records),
        order=("index_day", "epistart", "epikey"),
        known=("operation", "diagnosed"),
        rules=(
            Rule(reason="operation without any date", holds="index_month IS NOT NULL"),
            *month_rules(study, what="operation"),
            Rule(reason=diagnosed, holds="diagnosed"),
        ),
        start=f"people with an operation of {operations.name} since {declared.first_since:%B %Y}, or without a date",
        never="had such an operation",
    )


def _operated_sql(study: Study, declared: Procedure, records: Mapping[str, str]) -> str:
    """SQL: ``operation`` is the code list's group, ``diagnosed`` whether the episode meets the diagnosis rule."""
    operations = study.codelists[declared.codelist]
    places = ", ".join(f"nullif(array_position(operations, {quoted(code)}), 0)" for code in spellings(operations))
    return f"""
    WITH episodes AS (SELECT *, least({places}) AS place FROM {records[declared.source]}),
    people AS (SELECT health_id, person_id FROM {records[HEALTH_PERSON]} WHERE source = 'hes')
    SELECT coalesce('person ' || person_id, 'health id ' || pseudo_hesid) AS unit, person_id,
           coalesce(operation_dates[place], epistart) AS index_day, epistart, epikey, lsoa11,
           {group_sql(operations, "operations[place]")} AS operation,
           {_diagnosed_sql(study, declared)} AS diagnosed
    FROM episodes LEFT JOIN people ON health_id = pseudo_hesid WHERE place IS NOT NULL"""


def _diagnosed_sql(study: Study, declared: Procedure) -> str:
    """The diagnosis rule of one episode: primary in the list, or secondary where the primary one is associated."""
    diagnoses = _list_sql(spellings(study.codelists[declared.with_diagnosis]))
    rule = f"list_contains({diagnoses}, diagnoses[1])"
    if declared.or_secondary_when_primary_in is not None:
        associated = _list_sql(spellings(study.codelists[declared.or_secondary_when_primary_in]))
        secondary = f"list_has_any(diagnoses[2:], {diagnoses})"
        rule += f" OR (list_contains({associated}, diagnoses[1]) AND {secondary})"
    return f"coalesce({rule}, false)"


def group_sql(codelist: Codelist, code: str) -> str:
    """The published group of an operation code."""
    groups = dict(zip(spellings(codelist), _groups(codelist), strict=True))
    branches = " ".join(f"WHEN {quoted(name)} THEN {quoted(group)}" for name, group in groups.items())
    return f"CASE {code} {branches} END"


def _groups(codelist: Codelist) -> list[str]:
    """The groups in the order of :func:`spellings`."""
    padded = [group for code, group in codelist.groups if len(code) == THREE_CHARACTERS]
    return [group for _, group in codelist.groups] + padded


def _list_sql(codes: tuple[str, ...]) -> str:
    return f"[{', '.join(quoted(code) for code in codes)}]"
