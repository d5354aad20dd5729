"""The cohort about a threshold: people measured for the first time, by the side of the cutoff that they are on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.engine.database import refusing
from pipeline.engine.store import write_table
from pipeline.population.cohort.eligibility import Rule, counted, seen_throughout, treated_rules
from pipeline.population.cohort.index_events import index_events
from pipeline.population.cohort.staggered import index, refuse_empty
from pipeline.population.cohort.study import study
from pipeline.vocabulary.attrition import Step, attrition_table
from pipeline.vocabulary.designs import Threshold
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import AT_INDEX, ATTRITION, COHORT, OF_A_WAIT

_NOT_TOLD = ("referral_month", "cluster", "year_of_diagnosis", *AT_INDEX, *OF_A_WAIT)
"""What a measurement does not tell of people."""


def threshold_cohort(
    connection: duckdb.DuckDBPyConnection, protocol: Protocol, *, records: Mapping[str, str], spine: str, target: Path
) -> None:
    """Write ``target/cohort`` (sorted by person) and ``target/attrition``.

    Both arms meet the same rules at their first measurement and are observed in the whole window, so that one set of
    people stands behind every horizon. Who is at or above the cutoff is ``treated``, taken up or not.

    Parameters
    ----------
    records
        SQL scans of the sources that the index event names, by name, and of ``health_person``.
    spine
        SQL scan of a table with the schema SPINE.

    Raises
    ------
    NotEstimable
        If nobody remains on a side.
    RequestError
        If the protocol is of another design.
    """
    plan, design = study(protocol), protocol.evaluation.design
    if not isinstance(design, Threshold):
        raise RequestError(Fault(what=f"evaluation {protocol.name} is not of a threshold"))
    with refusing("the cohort", source=plan.event.source), connection.cursor() as work:
        events = index_events(plan, records)
        work.execute(f"CREATE TEMP TABLE happened AS {events.happened}")
        rules = (*treated_rules(plan, of_event=(*events.rules, _studied(design))), seen_throughout(plan.window))
        index(work, plan, events, rules=rules, spine=spine)
        steps = [*_above(work, rules, design, start=events.start), *_below(work, rules, design, start=events.start)]
        people = work.sql(_cohort_sql(design)).to_arrow_table()
    write_table(people, target / "cohort", COHORT)
    write_table(pa.Table.from_pandas(attrition_table(steps), preserve_index=False), target / "attrition", ATTRITION)


def _studied(design: Threshold) -> Rule:
    low, high = design.values
    return Rule(reason=f"{design.running} not {low} to {high}", holds=f"running BETWEEN {low} AND {high}")


def _above(
    work: duckdb.DuckDBPyConnection, rules: tuple[Rule, ...], design: Threshold, *, start: str
) -> tuple[Step, ...]:
    relation = f"(SELECT * FROM indexed WHERE running >= {design.cutoff})"
    steps = counted(work, rules, arm="treated", start=f"{start}, {design.cutoff} or more", relation=relation)
    refuse_empty(steps, to_do="Check the cutoff and the link tables against the delivery.")
    return steps


def _below(
    work: duckdb.DuckDBPyConnection, rules: tuple[Rule, ...], design: Threshold, *, start: str
) -> tuple[Step, ...]:
    relation = f"(SELECT * FROM indexed WHERE running < {design.cutoff})"
    steps = counted(work, rules, arm="comparison", start=f"{start}, below {design.cutoff}", relation=relation)
    refuse_empty(steps, to_do="Deliver the tests of people who were not referred.")
    return steps


def _cohort_sql(design: Threshold) -> str:
    """SQL: who stays; people below the cutoff have no treatment month."""
    known = {"arm", "treatment_month", "running", "took_up"}
    of_spine = [name for name in COHORT.names if name not in known]
    told = ", ".join(f"NULL AS {name}" if name in _NOT_TOLD else name for name in of_spine)
    above = f"running >= {design.cutoff}"
    return f"""
    SELECT {told}, running, took_up, CASE WHEN {above} THEN 'treated' ELSE 'comparison' END AS arm,
           CASE WHEN {above} THEN index_month END AS treatment_month
    FROM indexed WHERE excluded_at IS NULL ORDER BY person_id"""
