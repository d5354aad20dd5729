"""The cohort of a staggered adoption: people first treated in different months, and people never treated.

Of people who wait, the index event is that they join the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.engine.database import refusing
from pipeline.engine.store import write_table
from pipeline.population.cohort.comparison import comparison
from pipeline.population.cohort.eligibility import (
    Rule,
    at_index_sql,
    counted,
    excluded_at_sql,
    seen_throughout,
    treated_rules,
)
from pipeline.population.cohort.index_events import IndexEvents, first_event_sql, index_events
from pipeline.population.cohort.not_yet_treated import not_yet_treated
from pipeline.population.cohort.study import Study, study
from pipeline.vocabulary.attrition import Step, attrition_table
from pipeline.vocabulary.designs import NotYetTreated, StaggeredAdoption, Waiting
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import AT_INDEX, ATTRITION, COHORT, OF_A_WAIT


def staggered_cohort(
    connection: duckdb.DuckDBPyConnection, protocol: Protocol, *, records: Mapping[str, str], spine: str, target: Path
) -> None:
    """Write ``target/cohort`` (sorted by person) and ``target/attrition``.

    Treated people had their first index event since ``first_since`` within ``treated_between``, and were linked, of
    the right age, alive and resident at that date. Comparison people never had one in the delivery, or not yet, and
    meet the same rules at an index date drawn from the treated people's; those of the general population are sampled
    in the treated people's proportions. The same tables give the same bytes in whatever order their rows come.

    Parameters
    ----------
    records
        SQL scans of the sources that the index event names, by name, and of ``health_person``.
    spine
        SQL scan of a table with the schema SPINE.

    Raises
    ------
    NotEstimable
        If nobody treated, or nobody to compare with, remains.
    RequestError
        If the protocol is of another design.
    """
    if not isinstance(protocol.evaluation.design, StaggeredAdoption | Waiting):
        raise RequestError(Fault(what=f"evaluation {protocol.name} is not a staggered adoption"))
    plan = study(protocol)
    with refusing("the cohort", source=plan.event.source), connection.cursor() as work:
        events = index_events(plan, records)
        work.execute(f"CREATE TEMP TABLE happened AS {events.happened}")
        treated_steps = _treated(work, plan, events, spine=spine)
        if isinstance(plan.comparison, NotYetTreated):
            comparison_steps = not_yet_treated(work, plan, events, spine=spine)
        else:
            comparison_steps = comparison(work, plan, spine=spine, never=events.never)
        refuse_empty(comparison_steps, to_do="Deliver more people, or declare coarser strata.")
        people = work.sql(_cohort_sql(events)).to_arrow_table()
    write_table(people, target / "cohort", COHORT)
    steps = attrition_table([*treated_steps, *comparison_steps])
    write_table(pa.Table.from_pandas(steps, preserve_index=False), target / "attrition", ATTRITION)


def _treated(work: duckdb.DuckDBPyConnection, plan: Study, events: IndexEvents, *, spine: str) -> tuple[Step, ...]:
    """The treated people's attrition; they are left in the temporary table ``treated``."""
    throughout = () if plan.longest is None else (seen_throughout(plan.window),)
    rules = (*treated_rules(plan, of_event=events.rules), *throughout)
    index(work, plan, events, rules=rules, spine=spine)
    work.execute("CREATE TEMP TABLE treated AS SELECT * FROM indexed WHERE excluded_at IS NULL")
    steps = counted(work, rules, arm="treated", start=events.start, relation="indexed")
    refuse_empty(steps, to_do="Check the code lists and the link tables against the delivery.")
    return steps


def index(
    work: duckdb.DuckDBPyConnection, plan: Study, events: IndexEvents, *, rules: Sequence[Rule], spine: str
) -> None:
    """Make the temporary table ``indexed`` from ``happened``: everybody with an index event, and where they leave."""
    known = ", ".join(f"f.{name}" for name in (*events.known, "index_day"))
    indexed = f"""(
        SELECT s.* EXCLUDE (lsoa11), coalesce(f.lsoa11, s.lsoa11) AS lsoa11, {known}
        FROM ({first_event_sql(plan, events, happened="happened")}) f
        LEFT JOIN {spine} s ON s.person_id = f.person_id)"""
    work.execute(
        f"CREATE TEMP TABLE indexed AS SELECT *, {excluded_at_sql(rules)} AS excluded_at "
        f"FROM ({at_index_sql(plan, relation=indexed)})"
    )


def refuse_empty(steps: Sequence[Step], *, to_do: str) -> None:
    """Refuse an arm that ends empty, naming the step that took the most people."""
    if steps[-1].remaining:
        return
    most = max(steps, key=lambda step: step.excluded)
    raise NotEstimable(
        Fault(
            what=f"no {steps[-1].arm} person remains; most left at '{most.reason}'",
            source="cohort",
            count=steps[0].remaining,
            unit="people to begin with",
            remedy=to_do,
        )
    )


def _cohort_sql(events: IndexEvents) -> str:
    """SQL: both arms with the cohort's columns, sorted by person; comparison people have no event to tell of."""
    untold = () if events.waiting else ("year_of_diagnosis", "cluster")
    of_event = ("referral_month", "running", "took_up", *AT_INDEX, *OF_A_WAIT, *untold)
    shared = ", ".join(name for name in COHORT.names if name not in {"arm", "treatment_month", *of_event})
    told = ", ".join(name if name in events.known else f"NULL AS {name}" for name in of_event)
    nothing = ", ".join(f"NULL AS {name}" for name in of_event)
    return f"""
    SELECT {shared}, 'treated' AS arm, index_month AS treatment_month, {told} FROM treated
    UNION ALL
    SELECT {shared}, 'comparison' AS arm, NULL AS treatment_month, {nothing} FROM comparison
    ORDER BY person_id"""
