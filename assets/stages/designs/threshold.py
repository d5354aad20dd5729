"""People about a cutoff: cohort and checks of their own, the panel of people treated in different months."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from assets.stages.designs.staggered_adoption import cohort_inputs, compared, event_records, panel, panel_inputs
from pipeline.engine.settings import Settings
from pipeline.engine.store import Result
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol

__all__ = ["checks", "cohort", "cohort_inputs", "compared", "decomposition", "panel", "panel_inputs", "support"]


def cohort(
    connection: duckdb.DuckDBPyConnection, protocol: Protocol, inputs: Mapping[str, Result], *, target: Path
) -> None:
    """People by the side of the cutoff that their measurement is on."""
    from pipeline.population.cohort import threshold_cohort

    spine = inputs["spine"].scan("spine")
    threshold_cohort(connection, protocol, records=event_records(protocol, inputs), spine=spine, target=target)


def checks(panel: Panel, estimates: pa.Table, protocol: Protocol, settings: Settings) -> pa.Table:  # noqa: ARG001 - as every kind
    """Of who is where: density, what must not jump, and take-up."""
    from pipeline.inference.designs import threshold

    return threshold.checks(panel, protocol, settings.inference)


def decomposition(panel: Panel, protocol: Protocol) -> pa.Table:  # noqa: ARG001 - as every kind
    """Nothing: no effect at a threshold is a mean over timing groups."""
    from pipeline.vocabulary.schemas.results import DECOMPOSITION

    return DECOMPOSITION.arrow.empty_table()


def support(panel: Panel, protocol: Protocol) -> pa.Table:  # noqa: ARG001 - as every kind
    """Nothing: the same people stand behind every horizon."""
    from pipeline.vocabulary.schemas.results import SUPPORT

    return SUPPORT.arrow.empty_table()
