"""Runs from the command line: the same Dagster graph, in this process."""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

import evaluations
from assets.definitions import all_assets, resources
from assets.progress import stage_bar
from assets.publication import PublicationConfig
from assets.resources import Causeway
from assets.stages.records import concerned
from pipeline.vocabulary.errors import CausewayError, DeliveryRefused, Fault
from pipeline.vocabulary.protocol import Protocol


def run(folder: Path, *, store: Path, chosen: Sequence[str], debug: bool) -> tuple[str, ...]:
    """Take a delivery through stages 1 to 7 of some evaluations, or of all that it is for.

    Raises
    ------
    CausewayError
        What the stages refused, every fault of the run at once.
    """
    causeway = Causeway(delivery=str(folder), store=str(store))
    protocols = _chosen(causeway, chosen)
    names = tuple(protocol.name for protocol in protocols)
    _materialize(causeway, dg.AssetSelection.groups(*names).upstream(), debug=debug)
    return names


def publish(folder: Path, *, store: Path, out: Path, profile: str, debug: bool) -> Path:
    """The folder of a new release of what has been run on a delivery."""
    causeway = Causeway(delivery=str(folder), store=str(store))
    causeway.refuse_no_folder()
    config = PublicationConfig(out=str(out.absolute()), profile=profile)
    selection = dg.AssetSelection.assets("publication")
    result = _materialize(causeway, selection, config=dg.RunConfig(ops={"publication": config}), debug=debug)
    (made,) = result.asset_materializations_for_node("publication")
    return Path(str(made.metadata["release"].value))


def _chosen(causeway: Causeway, chosen: Sequence[str]) -> list[Protocol]:
    """The evaluations named, or those that the delivery is for."""
    causeway.refuse_no_folder()
    protocols = [evaluations.load(name) for name in chosen] or concerned(causeway.folder)
    if not protocols:
        _ = causeway.delivery_id
        raise DeliveryRefused(Fault(what="the delivery holds no source of any evaluation", file="delivery.json"))
    return protocols


def _materialize(
    causeway: Causeway, selection: dg.AssetSelection, *, debug: bool, config: dg.RunConfig | None = None
) -> dg.ExecuteInProcessResult:
    """Run some assets, their stages shown as they go."""
    assets = all_assets()
    quiet = {"console": {"config": {"log_level": "CRITICAL"}}}
    config = dg.RunConfig(ops=config.ops if config else None, loggers=quiet)
    handed = resources(causeway)
    stages = len(selection.resolve(dg.Definitions(assets=assets, resources=handed).resolve_asset_graph()))
    with dg.DagsterInstance.ephemeral() as instance, stage_bar(stages=stages, debug=debug) as shown:
        result = dg.materialize(
            assets,
            selection=selection,
            resources=handed,
            run_config=config,
            instance=instance,
            raise_on_error=debug,
        )
    if shown.refusals:
        raise _together(shown.refusals)
    if not result.success:
        raise CausewayError([_outside(event) for event in result.all_events if event.is_failure])
    return result


def _together(refusals: Sequence[CausewayError]) -> CausewayError:
    """One refusal that holds every fault, of the kind of the first."""
    return type(refusals[0])([fault for refusal in refusals for fault in refusal.faults])


def _outside(event: dg.DagsterEvent) -> Fault:
    """A failure that no stage told of: where it was and of which kind, not its text."""
    error = getattr(event.event_specific_data, "error", None)
    kind = getattr(error, "cause", None) or error
    what = f"{event.step_key or 'the run'} stopped outside its stage on {getattr(kind, 'cls_name', 'an error')}"
    return Fault(what=what, remedy="This is a fault in Causeway; --debug shows where.")
