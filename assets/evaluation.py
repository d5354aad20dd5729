"""Stages 4 to 7 as assets: one group per evaluation, built by a function from its declaration."""

from collections.abc import Sequence

import dagster as dg

from assets import previews
from assets.resources import Causeway
from assets.stages import evaluation as stages
from assets.stages.designs import stages_of
from assets.telling import told
from pipeline.engine.store import Result
from pipeline.vocabulary.protocol import Protocol


def evaluation_assets(protocol: Protocol) -> Sequence[dg.AssetsDefinition]:
    """Cohort, panel, estimates, diagnostics and release of one evaluation."""
    return [build(protocol) for build in (_cohort, _panel, _estimates, _diagnostics, _release)]


def _ins(protocol: Protocol, *keys: str) -> dict[str, dg.AssetIn]:
    return {_argument(protocol, key): dg.AssetIn(key.split("/")) for key in keys}


def _argument(protocol: Protocol, key: str) -> str:
    return key.removeprefix(f"{protocol.name}/").replace("/", "_")


def _cohort(protocol: Protocol) -> dg.AssetsDefinition:
    keys = stages_of(protocol).cohort_inputs(protocol)

    @dg.asset(
        key=[protocol.name, "cohort"],
        ins=_ins(protocol, *keys),
        group_name=protocol.name,
        kinds={"duckdb", "parquet"},
        description="One row per eligible person; every exclusion counted beside it.",
    )
    def cohort(causeway: Causeway, **inputs: Result) -> dg.MaterializeResult[Result]:
        with told(f"{protocol.name}/cohort"):
            result = stages.cohort(causeway, protocol, {key: inputs[_argument(protocol, key)] for key in keys})
            return dg.MaterializeResult(value=result, metadata={"attrition": previews.table(result, "attrition")})

    return cohort


def _panel(protocol: Protocol) -> dg.AssetsDefinition:
    keys = (f"{protocol.name}/cohort", *stages_of(protocol).panel_inputs(protocol))

    @dg.asset(
        key=[protocol.name, "panel"],
        ins=_ins(protocol, *keys),
        group_name=protocol.name,
        kinds={"duckdb", "numpy", "parquet"},
        description="One row per person, with one fixed-length list of months per outcome, in shards.",
    )
    def panel(causeway: Causeway, **inputs: Result) -> dg.MaterializeResult[Result]:
        with told(f"{protocol.name}/panel"):
            result = stages.panel(causeway, protocol, {key: inputs[_argument(protocol, key)] for key in keys})
            note = result.note("panel")
            return dg.MaterializeResult(value=result, metadata={"people": note["n_people"], "months": note["n_months"]})

    return panel


def _estimates(protocol: Protocol) -> dg.AssetsDefinition:
    @dg.asset(
        key=[protocol.name, "estimates"],
        ins={"panel": dg.AssetIn([protocol.name, "panel"])},
        group_name=protocol.name,
        kinds={"numpy"},
        description="One row per estimator, outcome, subgroup and event-time bin, with the number of people behind it.",
    )
    def estimates(causeway: Causeway, panel: Result) -> dg.MaterializeResult[Result]:
        with told(f"{protocol.name}/estimates"):
            result = stages.estimates(causeway, protocol, panel)
            return dg.MaterializeResult(value=result, metadata={"models": previews.rows(result, "estimates")})

    return estimates


def _diagnostics(protocol: Protocol) -> dg.AssetsDefinition:
    @dg.asset(
        key=[protocol.name, "diagnostics"],
        ins={stage: dg.AssetIn([protocol.name, stage]) for stage in ("cohort", "panel", "estimates")},
        group_name=protocol.name,
        kinds={"numpy"},
        description="One row per check, estimator and outcome; how arms and estimators differ; who is seen how late.",
    )
    def diagnostics(
        causeway: Causeway, cohort: Result, panel: Result, estimates: Result
    ) -> dg.MaterializeResult[Result]:
        with told(f"{protocol.name}/diagnostics"):
            result = stages.diagnostics(causeway, protocol, cohort, panel, estimates)
            return dg.MaterializeResult(value=result, metadata={"checks": previews.table(result, "diagnostics")})

    return diagnostics


def _release(protocol: Protocol) -> dg.AssetsDefinition:
    keys = tuple(f"{protocol.name}/{stage}" for stage in ("cohort", "estimates", "diagnostics"))
    keys = (*keys, "spine") if "spine" in stages_of(protocol).cohort_inputs(protocol) else keys
    keys = (*keys, "area_waits") if protocol.evaluation.context else keys

    @dg.asset(
        key=[protocol.name, "release"],
        ins=_ins(protocol, *keys),
        group_name=protocol.name,
        kinds={"parquet"},
        description="One row per publishable number: what has passed the disclosure door, and the log of its rules.",
    )
    def release(causeway: Causeway, **inputs: Result) -> dg.MaterializeResult[Result]:
        with told(f"{protocol.name}/release"):
            result = stages.release(causeway, protocol, {key: inputs[_argument(protocol, key)] for key in keys})
            return dg.MaterializeResult(value=result, metadata=previews.release(result))

    return release
