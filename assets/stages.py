"""Where the rooms meet: each stage as one call into ``pipeline``, kept in the store under what it was made from."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

import evaluations
from assets.resources import Causeway
from pipeline.engine.provenance import code_digest
from pipeline.engine.store import Result, write_note, write_table
from pipeline.vocabulary.errors import DeliveryRefused, Fault
from pipeline.vocabulary.protocol import LinkedPanel, Protocol, StaggeredAdoption
from pipeline.vocabulary.schemas.panels import linked_panel_columns, linked_panel_schema
from pipeline.vocabulary.schemas.people import LINKAGE_QUALITY
from pipeline.vocabulary.schemas.results import BALANCE, DIAGNOSTICS, ESTIMATES
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import SOURCES

FLOORS = ("pipeline/vocabulary", "pipeline/engine")
SPINE_SOURCES = ("hes_apc", "census", "deaths", "links/person", "links/nino")


def protocols() -> dict[str, Protocol]:
    """Every evaluation's protocol by name."""
    return {name: evaluations.load(name) for name in evaluations.names()}


def concerned(folder: Path) -> list[Protocol]:
    """The evaluations that a delivery is for: those that have any of their sources in it."""
    return [p for p in protocols().values() if any((folder / source).is_dir() for source in p.evaluation.sources)]


def schema_and_columns(causeway: Causeway, source: str) -> tuple[Schema, Mapping[str, object]]:
    """A source's schema and the owner's column names: fixed ones from configs, a panel's from its evaluation."""
    if source in SOURCES:
        return SOURCES[source], causeway.settings.columns[source]
    designs = [(p.evaluation.design, p.evaluation.outcomes) for p in protocols().values()]
    design, outcomes = next((d, o) for d, o in designs if isinstance(d, LinkedPanel) and d.source == source)
    return linked_panel_schema(design, outcomes), linked_panel_columns(design, outcomes)


def delivery(causeway: Causeway) -> Result:
    """What was delivered: every file with its digest; refused if a source that its evaluations need is missing."""
    from pipeline.records.ingestion import read_delivery

    needed = {source for protocol in concerned(causeway.folder) for source in protocol.evaluation.sources}
    read = read_delivery(causeway.folder, required=needed)
    if not needed:
        raise DeliveryRefused(Fault(what="the delivery holds no source of any evaluation", file="delivery.json"))
    causeway.results.check_registered(read.id, read.digests)
    files = [{"source": f.source, "name": f.name, "size": f.size, "sha256": f.sha256} for f in read.files]
    note = {"id": read.id, "cut_off": read.cut_off.isoformat(), "files": files}
    return causeway.results.make(
        "delivery",
        code=code_digest("pipeline/records/ingestion", *FLOORS),
        settings=note,
        build=lambda folder: write_note(note, folder, "delivery"),
    )


def read_back(causeway: Causeway, delivered: Result) -> "Delivery":
    """The delivery as stage 1 saw it, its digests not computed again."""
    from pipeline.records.ingestion import DeliveredFile, Delivery

    note = delivered.note("delivery")
    files = (DeliveredFile(path=causeway.folder / f["source"] / f["name"], **f) for f in note["files"])
    cut_off = date.fromisoformat(note["cut_off"])
    return Delivery(id=note["id"], cut_off=cut_off, folder=causeway.folder, files=tuple(files))
