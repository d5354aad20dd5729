"""The schema of an already linked panel, made from what its evaluation declares."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.protocol import LinkedPanel
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
