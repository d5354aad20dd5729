"""When runs start: a job for a delivery and one for each evaluation, monthly schedules, and a sensor for deliveries."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

import evaluations
from assets.resources import DEFAULT_STORE
from assets.stages.records import concerned

EVERY_MONTH = "0 6 1 * *"

DELIVERY_JOB = dg.define_asset_job(
    "delivery_job",
    selection=dg.AssetSelection.groups("records"),
    description="Stages 1 to 3: every source of a delivery validated, and the spine.",
    executor_def=dg.in_process_executor,
)


def evaluation_job(name: str) -> UnresolvedAssetJobDefinition:
    """One evaluation with everything upstream of it: what is made already is found in the store."""
    return dg.define_asset_job(
        f"{name}_job",
        selection=dg.AssetSelection.groups(name).upstream(),
        description=f"Stages 1 to 7 for {name}.",
        executor_def=dg.in_process_executor,
    )


EVALUATION_JOBS = {name: evaluation_job(name) for name in evaluations.names()}

SCHEDULES = [
    dg.ScheduleDefinition(
        name=f"{name}_monthly",
        job=job,
        cron_schedule=EVERY_MONTH,
        execution_timezone="Europe/London",
        description=f"{name} on the first of every month, on the delivery that CAUSEWAY_DELIVERY names.",
    )
    for name, job in EVALUATION_JOBS.items()
]


def run_config(delivery: Path, store: str) -> dict[str, object]:
    """A run's configuration: which delivery it reads and where its results go."""
    return {"resources": {"causeway": {"config": {"delivery": str(delivery), "store": store}}}}


@dg.sensor(jobs=list(EVALUATION_JOBS.values()), minimum_interval_seconds=60)
def delivery_sensor() -> Iterator[dg.RunRequest | dg.SkipReason]:
    """A run of each concerned evaluation when a complete delivery lies in the folder CAUSEWAY_INBOX.

    A delivery is complete when its ``delivery.json`` is there with every file that it lists; one that is re-cut under
    the same id starts a run too, and that run refuses it.
    """
    from pipeline.records import ingestion

    inbox = os.environ.get("CAUSEWAY_INBOX")
    if not inbox:
        yield dg.SkipReason("CAUSEWAY_INBOX names no folder.")
        return
    store = os.environ.get("CAUSEWAY_STORE", DEFAULT_STORE)
    complete = [folder for folder in sorted(Path(inbox).iterdir()) if ingestion.delivery_complete(folder)]
    if not complete:
        yield dg.SkipReason("No complete delivery is waiting.")
    for folder in complete:
        stated = hashlib.sha256((folder / "delivery.json").read_bytes()).hexdigest()
        for protocol in concerned(folder):
            yield dg.RunRequest(
                run_key=f"{protocol.name}:{folder.name}:{stated}",
                job_name=f"{protocol.name}_job",
                run_config=run_config(folder, store),
                tags={"causeway/delivery": folder.name},
            )
