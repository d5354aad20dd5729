"""People treated in different months: from index events, payments and spells to effects by event time."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.engine.settings import Engine, Settings
from pipeline.engine.store import Result
from pipeline.vocabulary.designs import StaggeredAdoption
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import AT_INDEX


def cohort_inputs(protocol: Protocol) -> tuple[str, ...]:
    """The sources of the index event, and the spine."""
    return (*protocol.evaluation.design.told_by, "spine")


def panel_inputs(protocol: Protocol) -> tuple[str, ...]:
    """The sources of the outcomes, pay, prices, and the spine."""
    made_from = {outcome.source for outcome in protocol.evaluation.outcomes}
    return ("spine", *sorted(made_from | {"paye_rti"}), "prices/cpih")


def cohort(
    connection: duckdb.DuckDBPyConnection, protocol: Protocol, inputs: Mapping[str, Result], *, target: Path
) -> None:
    """People by the month of their index event, and those they are compared with."""
    from pipeline.population.cohort import staggered_cohort

    spine = inputs["spine"].scan("spine")
    staggered_cohort(connection, protocol, records=event_records(protocol, inputs), spine=spine, target=target)


def event_records(protocol: Protocol, inputs: Mapping[str, Result]) -> dict[str, str]:
    """SQL scans of what an index event is found in, and of the map from health ids to people."""
    records = {source: inputs[source].scan("accepted") for source in protocol.evaluation.design.told_by}
    return records | {"health_person": inputs["spine"].scan("health_person")}


def panel(
    connection: duckdb.DuckDBPyConnection,
    protocol: Protocol,
    inputs: Mapping[str, Result],
    *,
    target: Path,
    engine: Engine,
) -> None:
    """Months of pay, employment and benefits, from payments and spells."""
    from pipeline.population import panel as population

    population.panel(
        connection,
        protocol,
        cohort=inputs[f"{protocol.name}/cohort"].scan("cohort"),
        paye=inputs["paye_rti"].scan("accepted"),
        nino_person=inputs["spine"].scan("nino_person"),
        cpih=inputs["prices/cpih"].scan("accepted"),
        benefits=inputs["dwp_benefits"].scan("accepted") if "dwp_benefits" in inputs else None,
        target=target,
        engine=engine,
    )


def compared(protocol: Protocol) -> tuple[str, ...]:
    """The subgroups' characteristics that both arms have, and rurality."""
    return (*(name for name in protocol.evaluation.subgroups if name not in AT_INDEX), "rural_urban")


def checks(panel: Panel, estimates: pa.Table, protocol: Protocol, settings: Settings) -> pa.Table:
    """Read off the estimates; of the comparison with untreated people; and how many clusters there are."""
    from pipeline.inference import diagnostics
    from pipeline.inference.diagnostics import untreated

    design, inference = protocol.evaluation.design, settings.inference
    precision = settings.linkage.precision
    found = [
        diagnostics.checks(estimates, inference, anticipation=design.anticipation, precision=precision),
        untreated.checks(panel, protocol, inference),
    ]
    if isinstance(design, StaggeredAdoption) and design.cluster is not None:
        what, fewest = f"{design.cluster}s", inference.fewest_clusters
        found.append(diagnostics.clusters.check(panel, estimates, what=what, threshold=fewest))
    return pa.concat_tables(found)


def decomposition(panel: Panel, protocol: Protocol) -> pa.Table:
    """Why the estimators of event studies differ."""
    from pipeline.inference.diagnostics import decomposition as decomposed

    return decomposed.table(panel, protocol)


def support(panel: Panel, protocol: Protocol) -> pa.Table:
    """The treated people seen in each bin, by when they were treated."""
    from pipeline.inference.diagnostics import support as supported

    return supported.table(panel, protocol)
