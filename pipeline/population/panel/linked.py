"""The panel of records that their owner has linked already: periods for months, the owner's outcomes as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.engine.database import refusing
from pipeline.engine.settings import Engine
from pipeline.population.panel.layout import Layout, place_people, register_positions
from pipeline.population.panel.shards import write_panel_note, write_shard
from pipeline.vocabulary.designs import LinkedPanel
from pipeline.vocabulary.errors import DataRefused, Fault, RequestError
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.panels import panel_schema


def linked_panel(
    connection: duckdb.DuckDBPyConnection,
    protocol: Protocol,
    *,
    cohort: str,
    records: str,
    target: Path,
    engine: Engine,
) -> None:
    """Write ``target/panel`` (shards) and ``target/panel.json``, months being the owner's periods.

    Treated people are observed within the event window, comparison people in every period studied; an outcome that
    is missing, or a period without a row, is null. Values are kept in double precision: they are the owner's, not
    whole pence, and a linked panel is small.

    Parameters
    ----------
    cohort, records
        SQL scans of tables with the schemas of :func:`linked_cohort_schema` and :func:`linked_panel_schema`.

    Raises
    ------
    DataRefused
        If a person has two rows for a period; says how many rows.
    RequestError
        If the protocol is of another design.
    """
    design = protocol.evaluation.design
    if not isinstance(design, LinkedPanel):
        raise RequestError(Fault(what=f"evaluation {protocol.name} is not a linked panel"))
    first, last = design.periods
    outcomes = [outcome.name for outcome in protocol.evaluation.outcomes]
    schema = panel_schema(
        n_months=last - first + 1, outcomes=outcomes, characteristics=design.characteristics, number=pa.float64()
    )
    target.mkdir(parents=True, exist_ok=True)
    with refusing("the panel", source=design.source), connection.cursor() as work:
        layout = place_people(
            work,
            _people_sql(design, cohort=cohort),
            first_month=first,
            n_months=last - first + 1,
            people_per_shard=engine.people_per_shard,
        )
        values = _delivered(work, layout, records=records, outcomes=outcomes, source=design.source)
    for shard in layout.shards:
        observed = layout.observed(shard)
        seen = {name: np.where(observed, matrix[shard.start : shard.stop], np.nan) for name, matrix in values.items()}
        write_shard(layout.members(shard), seen, shard=shard, schema=schema, target=target)
    person_months = sum(int(layout.observed(shard).sum()) for shard in layout.shards)
    facts = {"price_base": "", "person_months": person_months, "person_months_top_coded": 0}
    write_panel_note(layout, schema, facts=facts, target=target)


def _people_sql(design: LinkedPanel, *, cohort: str) -> str:
    """SQL: the cohort's people with the columns of a layout; the event window as in ``e = t - index + 1``."""
    first, last = design.periods
    before, after = design.window.before, design.window.after
    columns = "".join(f", {name}" for name in design.characteristics)
    return f"""
    SELECT person_id, treatment_month, treatment_month AS index_month, CAST(NULL AS INTEGER) AS birth_month,
           greatest({first}, coalesce(treatment_month - {before + 1}, {first})) AS first_month,
           least({last}, coalesce(treatment_month + {after - 1}, {last})) AS last_month{columns}
    FROM {cohort}"""


def _delivered(
    connection: duckdb.DuckDBPyConnection, layout: Layout, *, records: str, outcomes: Sequence[str], source: str
) -> Mapping[str, NDArray[np.float64]]:
    """``(n, T)`` for each outcome, as delivered; NaN where there is no row or no value."""
    register_positions(connection, layout)
    first, n_months = layout.first_month, layout.n_months
    rows = connection.sql(f"""
        SELECT position * {n_months} + (period - {first}) AS cell, {", ".join(outcomes)}
        FROM {records} JOIN positions USING (person_id)
        WHERE period BETWEEN {first} AND {first + n_months - 1}""").to_arrow_table()
    cells = rows["cell"].to_numpy()
    repeated = len(cells) - len(np.unique(cells))
    if repeated:
        raise DataRefused(
            Fault(
                what="a person has more than one row for a period",
                source=source,
                column="person_id, period",
                count=repeated,
                remedy="Deliver one row a person and period.",
            )
        )
    found = {name: np.full(layout.people.num_rows * n_months, np.nan) for name in outcomes}
    for name, values in found.items():
        values[cells] = rows[name].to_numpy()
    return {name: values.reshape(-1, n_months) for name, values in found.items()}
