"""Everything that Dagster loads: assets, checks, jobs, schedules, sensor; built from what ``evaluations/`` holds."""

import dagster as dg

from assets.automation import DELIVERY_JOB, EVALUATION_JOBS, SCHEDULES, delivery_sensor
from assets.evaluation import evaluation_assets
from assets.publication import publication
from assets.records import area_waits, delivery, source_asset, spine
from assets.resources import Causeway, stored_results
from assets.stages.made_from import protocols as declared


def all_assets() -> list[dg.AssetsDefinition]:
    """The whole graph: the delivery and its sources, one group per evaluation, the publication."""
    protocols = declared()
    sources = sorted({source for protocol in protocols.values() for source in protocol.evaluation.sources})
    evaluated = [asset for protocol in protocols.values() for asset in evaluation_assets(protocol)]
    return [delivery, *map(source_asset, sources), area_waits, spine, *evaluated, publication]


def resources(causeway: Causeway) -> dict[str, object]:
    """What assets ask for: the delivery and its store, and the hand from asset to asset."""
    return {"causeway": causeway, "io_manager": stored_results, "none": dg.mem_io_manager}


defs = dg.Definitions(
    assets=all_assets(),
    jobs=[DELIVERY_JOB, *EVALUATION_JOBS.values()],
    schedules=SCHEDULES,
    sensors=[delivery_sensor],
    resources=resources(Causeway.from_environment()),
    executor=dg.in_process_executor,
)
