"""The cohort of a panel that its owner has linked already: people by the period they were first treated in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.engine.database import refusing
from pipeline.engine.store import write_table
from pipeline.vocabulary.attrition import Arm, Step, attrition_table
from pipeline.vocabulary.designs import LinkedPanel
from pipeline.vocabulary.errors import DataRefused, Fault, NotEstimable, RequestError
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.panels import linked_cohort_schema
from pipeline.vocabulary.schemas.people import ATTRITION


def linked_cohort(connection: duckdb.DuckDBPyConnection, protocol: Protocol, *, records: str, target: Path) -> None:
    """Write ``target/cohort`` (sorted by person) and ``target/attrition``.

    People first treated after the last period studied, or never, are the comparison; their ``treatment_month`` is
    null. A characteristic is that of the first period studied in which it is known.

    Parameters
    ----------
    records
        SQL scan of the panel with the schema of :func:`linked_panel_schema`.

    Raises
    ------
    DataRefused
        If a person has two treatment periods; says how many people.
    NotEstimable
        If nobody treated, or nobody to compare with, remains.
    RequestError
        If the protocol is of another design.
    """
    design = protocol.evaluation.design
    if not isinstance(design, LinkedPanel):
        raise RequestError(Fault(what=f"evaluation {protocol.name} is not a linked panel"))
    with refusing("the cohort", source=design.source), connection.cursor() as work:
        work.execute(f"CREATE TEMP TABLE people AS {_people_sql(design, records=records)}")
        _refuse_two_treatments(work, design)
        steps = [*_steps(work, design, arm="treated"), *_steps(work, design, arm="comparison")]
        people = work.sql(_cohort_sql(design)).to_arrow_table()
    write_table(people, target / "cohort", linked_cohort_schema(design))
    table = pa.Table.from_pandas(attrition_table(steps), preserve_index=False)
    write_table(table, target / "attrition", ATTRITION)


def _people_sql(design: LinkedPanel, *, records: str) -> str:
    """SQL: one row a delivered person, with the arm and how many of the periods studied have a row."""
    first, last = design.periods
    studied = f"period BETWEEN {first} AND {last}"
    known = "".join(
        f", arg_min({name}, period) FILTER (WHERE {studied} AND {name} IS NOT NULL) AS {name}"
        for name in design.characteristics
    )
    return f"""
    SELECT person_id, CASE WHEN max(treatment_period) <= {last} THEN 'treated' ELSE 'comparison' END AS arm,
           max(treatment_period) AS treatment_period, count(*) FILTER (WHERE {studied}) AS periods,
           count(DISTINCT treatment_period) + CASE WHEN count(treatment_period) BETWEEN 1 AND count(*) - 1
                                                   THEN 1 ELSE 0 END AS treatments{known}
    FROM {records} GROUP BY person_id"""


def _refuse_two_treatments(work: duckdb.DuckDBPyConnection, design: LinkedPanel) -> None:
    """A person is first treated once: two periods, or a period in some rows and none in others, contradict."""
    ((people,),) = work.execute("SELECT count(*) FROM people WHERE treatments > 1").fetchall()
    if people:
        raise DataRefused(
            Fault(
                what=f"a person has more than one treatment {design.period_unit}",
                source=design.source,
                column=design.treatment_period,
                count=people,
                unit="people",
                remedy=f"Give every row of a person the {design.period_unit} of the first treatment.",
            )
        )


def _steps(work: duckdb.DuckDBPyConnection, design: LinkedPanel, *, arm: Arm) -> Sequence[Step]:
    """One arm's attrition.

    Raises
    ------
    NotEstimable
        If the arm ends empty.
    """
    first, last = design.periods
    unit = design.period_unit
    ((delivered, unseen, unreferenced),) = work.execute(f"""
        SELECT count(*), count(*) FILTER (WHERE periods = 0),
               count(*) FILTER (WHERE periods > 0 AND treatment_period <= {first})
        FROM people WHERE arm = '{arm}'""").fetchall()
    remaining = delivered - unseen - unreferenced
    if not remaining:
        fault = Fault(what=f"no {arm} person remains", source=design.source, count=delivered, unit="people delivered")
        raise NotEstimable(fault)
    steps = [
        Step(arm=arm, reason="people delivered", excluded=0, remaining=delivered),
        Step(
            arm=arm,
            reason=f"no record in {unit}s {first} to {last}",
            excluded=unseen,
            remaining=delivered - unseen,
        ),
    ]
    if arm == "treated":
        reason = f"treated in {unit} {first} or before, so never observed untreated"
        steps.append(Step(arm=arm, reason=reason, excluded=unreferenced, remaining=remaining))
    return steps


def _cohort_sql(design: LinkedPanel) -> str:
    """SQL: the people who remain, sorted by person."""
    columns = ", ".join(("person_id", "arm", *design.characteristics))
    first = design.periods[0]
    return f"""
    SELECT {columns}, CASE WHEN arm = 'treated' THEN treatment_period END AS treatment_month FROM people
    WHERE periods > 0 AND NOT coalesce(treatment_period <= {first}, false) ORDER BY person_id"""
