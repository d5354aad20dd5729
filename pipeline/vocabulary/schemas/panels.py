"""The schema of an already linked panel, made from what its evaluation declares."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pipeline.vocabulary.designs import LinkedPanel
from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.schemas.schema import Column, Schema


def linked_panel_schema(design: LinkedPanel, outcomes: Sequence[Outcome]) -> Schema:
    """The table that ingestion makes of ``panels/<name>``: Causeway's names for person, period and treatment."""
    return Schema(
        name=design.source,
        grain=f"person-{design.period_unit}",
        key=("person_id", "period"),
        columns=(
            Column(name="person_id", type=pa.string(), role="identifier", nullable=False),
            Column(name="period", type=pa.int32(), nullable=False),
            Column(name="treatment_period", type=pa.int32()),
            *(Column(name=o.name, type=pa.float64(), role="outcome", unit=o.unit) for o in outcomes),
            *(Column(name=name, type=pa.string(), role="characteristic") for name in design.characteristics),
        ),
    )


def linked_panel_columns(design: LinkedPanel, outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Causeway's name to the owner's name, for each column of :func:`linked_panel_schema`."""
    renamed = {"person_id": design.person, "period": design.period, "treatment_period": design.treatment_period}
    return renamed | {o.name: o.column for o in outcomes} | {name: name for name in design.characteristics}


def linked_cohort_schema(design: LinkedPanel) -> Schema:
    """The cohort of a linked panel; ``treatment_month`` is the treatment period, null for comparison people."""
    return Schema(
        name="cohort",
        grain="person",
        key=("person_id",),
        columns=(
            Column(name="person_id", type=pa.string(), role="identifier", nullable=False),
            Column(name="arm", type=pa.string(), nullable=False, allowed=("treated", "comparison")),
            Column(name="treatment_month", type=pa.int32(), unit=design.period_unit),
            *(Column(name=name, type=pa.string(), role="characteristic") for name in design.characteristics),
        ),
    )


def panel_schema(
    *,
    n_months: int,
    outcomes: Sequence[str],
    characteristics: Sequence[str],
    number: pa.DataType | None = None,
    numbers: Sequence[str] = (),
) -> Schema:
    """One row a person: a list of months per outcome, null where the person is not observed.

    ``number`` is float32 unless said otherwise: pay to the penny below £100,000 a month. ``numbers`` are further
    columns, one number a person.
    """
    months = pa.list_(number or pa.float32(), n_months)
    return Schema(
        name="panel",
        grain="person",
        key=("person_id",),
        columns=(
            Column(name="person_id", type=pa.string(), role="identifier", nullable=False),
            Column(name="treatment_month", type=pa.int32(), unit="month"),
            Column(name="index_month", type=pa.int32(), unit="month"),
            Column(name="birth_month", type=pa.int32(), role="characteristic", unit="month"),
            *(Column(name=name, type=pa.float64(), role="statistic") for name in numbers),
            *(Column(name=name, type=pa.string(), role="characteristic") for name in characteristics),
            *(Column(name=name, type=months, role="outcome", nullable=False) for name in outcomes),
        ),
    )
