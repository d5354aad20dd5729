"""A panel that its owner has linked: one source, no spine, the owner's periods and outcomes as they are."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from assets.stages.designs.staggered_adoption import decomposition, support
from pipeline.engine.settings import Engine, Settings
from pipeline.engine.store import Result
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol

__all__ = ["checks", "cohort", "cohort_inputs", "compared", "decomposition", "panel", "panel_inputs", "support"]


def cohort_inputs(protocol: Protocol) -> tuple[str, ...]:
    """The owner's panel."""
    return protocol.evaluation.design.told_by


panel_inputs = cohort_inputs


def cohort(
    connection: duckdb.DuckDBPyConnection, protocol: Protocol, inputs: Mapping[str, Result], *, target: Path
) -> None:
    """People by the period they were first treated in."""
    from pipeline.population.cohort import linked_cohort

    linked_cohort(connection, protocol, records=_records(protocol, inputs), target=target)


def panel(
    connection: duckdb.DuckDBPyConnection,
    protocol: Protocol,
    inputs: Mapping[str, Result],
    *,
    target: Path,
    engine: Engine,
) -> None:
    """The owner's outcomes, periods for months."""
    from pipeline.population.panel import linked_panel

    people = inputs[f"{protocol.name}/cohort"].scan("cohort")
    linked_panel(connection, protocol, cohort=people, records=_records(protocol, inputs), target=target, engine=engine)


def _records(protocol: Protocol, inputs: Mapping[str, Result]) -> str:
    (source,) = protocol.evaluation.design.told_by
    return inputs[source].scan("accepted")


def compared(protocol: Protocol) -> tuple[str, ...]:
    """What the owner says of people."""
    from pipeline.vocabulary.design_faults import characteristics

    return characteristics(protocol.evaluation.design)


def checks(panel: Panel, estimates: pa.Table, protocol: Protocol, settings: Settings) -> pa.Table:  # noqa: ARG001 - as every kind
    """Read off the estimates; nothing is known of how right the owner's links are."""
    from pipeline.inference import diagnostics

    return diagnostics.checks(estimates, settings.inference, anticipation=protocol.evaluation.design.anticipation)
