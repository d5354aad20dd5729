"""Index events: each person's first listed operation, with what the rules ask about its episode."""

from __future__ import annotations

from pipeline.engine.database import quoted
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.codelists import Codelist

THREE_CHARACTERS = 3


def spellings(codelist: Codelist) -> tuple[str, ...]:
    """The codes as Hospital Episode Statistics spell them: a code of three characters also stands padded with X."""
    padded = tuple(f"{code}X" for code in codelist.codes if len(code) == THREE_CHARACTERS)
    return codelist.codes + padded


def operated_sql(study: Study, *, hes: str, health_person: str) -> str:
    """SQL: every episode with a listed operation, ``unit`` being the person (or the health id, if it is not linked).

    One row an episode: ``unit, person_id`` (null if not linked), ``operation_day, epistart, epikey, operation`` (the
    code list's group), ``lsoa11, diagnosed``. The day is the date paired with the first listed code, else the
    episode's start.
    """
    listed = spellings(study.operations)
    places = ", ".join(f"nullif(array_position(operations, {quoted(code)}), 0)" for code in listed)
    return f"""
    WITH episodes AS (SELECT *, least({places}) AS place FROM {hes}),
    people AS (SELECT health_id, person_id FROM {health_person} WHERE source = 'hes')
    SELECT coalesce('person ' || person_id, 'health id ' || pseudo_hesid) AS unit, person_id,
           coalesce(operation_dates[place], epistart) AS operation_day, epistart, epikey, lsoa11,
           {_group_sql(study.operations, "operations[place]")} AS operation,
           {_diagnosed_sql(study)} AS diagnosed
    FROM episodes LEFT JOIN people ON health_id = pseudo_hesid WHERE place IS NOT NULL"""


def first_operation_sql(study: Study, *, operated: str) -> str:
    """SQL: the first operation of each unit since ``first_since``; ties go to the earlier episode, then its key.

    A unit of which no operation since then has a date keeps one without, so that it can be counted.
    """
    since = f"DATE {quoted(study.event.first_since.isoformat())}"
    order = "operation_day NULLS LAST, epistart NULLS LAST, epikey"
    return f"""
    SELECT * EXCLUDE (nth) FROM (
        SELECT *, row_number() OVER (PARTITION BY unit ORDER BY {order}) AS nth
        FROM {operated} WHERE operation_day IS NULL OR operation_day >= {since})
    WHERE nth = 1"""


def _diagnosed_sql(study: Study) -> str:
    """The diagnosis rule of one episode: primary in the list, or secondary where the primary one is associated."""
    diagnoses = _list_sql(spellings(study.diagnoses))
    rule = f"list_contains({diagnoses}, diagnoses[1])"
    if study.associated is not None:
        associated = _list_sql(spellings(study.associated))
        secondary = f"list_has_any(diagnoses[2:], {diagnoses})"
        rule += f" OR (list_contains({associated}, diagnoses[1]) AND {secondary})"
    return f"coalesce({rule}, false)"


def _group_sql(codelist: Codelist, code: str) -> str:
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
