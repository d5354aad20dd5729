"""Comparison people of the treated people's own diagnosis, who are not treated while they are observed."""

from __future__ import annotations

import duckdb

from pipeline.population.cohort.comparison import drawn_index_sql
from pipeline.population.cohort.eligibility import Rule, at_index_sql, counted, excluded_at_sql, index_rules
from pipeline.population.cohort.index_events import IndexEvents, first_event_sql
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.attrition import Step
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.months import first_day, month_sql


def not_yet_treated(
    connection: duckdb.DuckDBPyConnection, study: Study, events: IndexEvents, *, spine: str
) -> tuple[Step, ...]:
    """The comparison's attrition; its people are left in the temporary table ``comparison``, all who are eligible.

    Reads the temporary tables ``happened`` and ``treated``. Who has the index event after the months in which people
    are treated is observed until it may be anticipated (up to the month before it, where no anticipation is declared);
    who has it without a date cannot be placed and leaves.

    Raises
    ------
    RequestError
        If the index event does not say who may have it yet.
    """
    if events.waiting is None:
        raise RequestError(Fault(what=f"nobody is known to wait for a {study.event.kind}"))
    rules = _rules(study, events)
    drawn = drawn_index_sql(
        connection, study, people=f"(SELECT * FROM {spine} JOIN ({events.waiting}) USING (person_id))"
    )
    of_own = first_event_sql(study, events, happened="happened")
    relation = f"""(
        SELECT d.*, o.unit IS NOT NULL AS treated_once, CAST({month_sql("o.index_day")} AS INTEGER) AS own_month
        FROM ({drawn}) d LEFT JOIN ({of_own}) o ON o.person_id = d.person_id)"""
    observed = f"""(
        SELECT * REPLACE (least(last_month, coalesce(own_month - {study.anticipation + 1}, last_month)) AS last_month)
        FROM ({at_index_sql(study, relation=relation)}))"""
    connection.execute(f"CREATE TEMP TABLE drawn AS SELECT *, {excluded_at_sql(rules)} AS excluded_at FROM {observed}")
    connection.execute("CREATE TEMP TABLE comparison AS SELECT * FROM drawn WHERE excluded_at IS NULL")
    return counted(connection, rules, arm="comparison", start=events.who_waits, relation="drawn")


def _rules(study: Study, events: IndexEvents) -> tuple[Rule, ...]:
    """Not treated in the months studied or before, diagnosed by the drawn index, and what holds for everybody."""
    last = study.treated_between[1]
    by = f"{first_day(last):%B %Y}"
    return (
        Rule(
            reason=f"{events.never} by {by}, or one without a date",
            holds=f"NOT treated_once OR own_month > {last}",
        ),
        Rule(reason=events.since, holds="since_day < index_day"),
        *index_rules(study),
    )
