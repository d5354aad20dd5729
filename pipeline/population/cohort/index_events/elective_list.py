"""Elective operations: when each person joined the list for the first listed operation, and whose list it was."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.engine.database import quoted
from pipeline.population.cohort.index_events import HEALTH_PERSON, IndexEvents
from pipeline.population.cohort.index_events.procedure import group_sql, spellings
from pipeline.population.cohort.study import Study
from pipeline.population.cohort.waiting_lists import KNOWN, list_rules, listed_sql
from pipeline.vocabulary.list_events import ElectiveList

_FROM_A_LIST = ("11", "12")
"""Methods of admission: from a waiting list, or booked. A planned admission (13) ends no wait."""


def events(study: Study, records: Mapping[str, str]) -> IndexEvents:
    """Every episode with a listed operation; the index is joining the list for the first since ``first_since``.

    The day of joining is ``ELECDATE``, else the day of admission less ``ELECDUR``; the wait ends with the admission.
    """
    declared = study.event
    assert isinstance(declared, ElectiveList)
    listed = study.codelists[declared.codelist]
    return IndexEvents(
        happened=listed_sql(_operated_sql(study, declared, records)),
        order=("ordinal",),
        known=("operation", *KNOWN),
        rules=list_rules(study, joined="joining the list", treated="admission"),
        start=f"people with an operation of {listed.name} since {declared.first_since:%B %Y}",
        never="had such an operation",
    )


def _operated_sql(study: Study, declared: ElectiveList, records: Mapping[str, str]) -> str:
    """SQL: ``operation`` is the code list's group; ``ordinal`` counts a unit's operations by day, then episode."""
    operations = study.codelists[declared.codelist]
    places = ", ".join(f"nullif(array_position(operations, {quoted(code)}), 0)" for code in spellings(operations))
    methods = ", ".join(quoted(method) for method in _FROM_A_LIST)
    return f"""
    WITH episodes AS (SELECT *, least({places}) AS place FROM {records[declared.source]}),
    people AS (SELECT health_id, person_id FROM {records[HEALTH_PERSON]} WHERE source = 'hes'),
    operated AS (
        SELECT coalesce('person ' || person_id, 'health id ' || pseudo_hesid) AS unit, person_id, epikey, lsoa11,
               coalesce(admidate, epistart) AS treated_day, coalesce(elecdate, admidate - elecdur) AS index_day,
               procode3 AS provider_code, coalesce(admimeth IN ({methods}), false) AS from_list,
               {group_sql(operations, "operations[place]")} AS operation
        FROM episodes LEFT JOIN people ON health_id = pseudo_hesid WHERE place IS NOT NULL)
    SELECT *, row_number() OVER (PARTITION BY unit ORDER BY treated_day NULLS LAST, epikey) AS ordinal
    FROM operated WHERE treated_day >= DATE {quoted(declared.first_since.isoformat())}"""
