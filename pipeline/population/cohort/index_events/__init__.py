"""A declared index event goes in; everybody's events leave, as SQL. One file, one kind of event: its name is the kind.

A file defines ``events(event, protocol, records)`` and says who had such an event, which of theirs is the index, and
what a cohort's rules ask of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from pipeline.engine.database import quoted
from pipeline.population.cohort.eligibility import Rule
from pipeline.population.cohort.study import Study

HEALTH_PERSON = "health_person"
"""The key among records under which the map from health ids to people stands."""


@dataclass(frozen=True, kw_only=True)
class IndexEvents:
    """Events of one kind.

    Attributes
    ----------
    happened
        SQL, one row an event of anybody's: ``unit`` (the person, or the health id if it is not linked), ``person_id``
        (null if not linked), ``index_day``, ``lsoa11`` (null where the record has none), ``order`` and ``known``.
    order
        Columns that put the index event first among a unit's events.
    known
        Columns of ``happened`` that rules read or a cohort keeps.
    rules
        What must hold of the index event, besides everything that must hold of any.
    start
        Who is there before any exclusion, in words.
    never
        Why somebody cannot be compared with: ``had such an operation``.
    waiting
        SQL, one row a person who may have the event yet: ``person_id``, ``since_day`` from when, and
        ``year_of_diagnosis`` and ``cluster`` (null where there is none), which are then ``known`` of treated people
        too. ``None`` where a kind of event cannot say.
    who_waits, since
        Those people in words, and why one leaves who became one after the index day that was drawn.
    """

    happened: str
    order: tuple[str, ...]
    known: tuple[str, ...]
    rules: tuple[Rule, ...]
    start: str
    never: str
    waiting: str | None = None
    who_waits: str = "people with such a diagnosis in the census spine"
    since: str = "not diagnosed before the drawn index day"


def index_events(study: Study, records: Mapping[str, str]) -> IndexEvents:
    """The events that a study declares.

    Parameters
    ----------
    records
        SQL scans of the sources that the event names, and of the map from health ids to people.
    """
    found = import_module(f"{__name__}.{study.event.kind}").events
    return cast("Callable[[Study, Mapping[str, str]], IndexEvents]", found)(study, records)


def first_event_sql(study: Study, events: IndexEvents, *, happened: str) -> str:
    """SQL: the index event of each unit, among those since ``first_since``.

    A unit none of whose events since then has a date keeps one without, so that it can be counted.
    """
    order = ", ".join(f"{column} NULLS LAST" for column in events.order)
    return f"""
    SELECT * EXCLUDE (nth) FROM (
        SELECT *, row_number() OVER (PARTITION BY unit ORDER BY {order}) AS nth
        FROM {happened} WHERE index_day IS NULL OR index_day >= DATE {quoted(study.event.first_since.isoformat())})
    WHERE nth = 1"""
