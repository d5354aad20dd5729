"""Stages 1 and 2 alone: a report for the data owner, and the keys of the rows that were set aside."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from assets.progress import bar
from assets.resources import Causeway
from assets.stages import records
from pipeline.engine.store import Result
from pipeline.records.validation import Validation, report
from pipeline.vocabulary.errors import DataRefused, Fault, ValidationRefused


def validate(folder: Path, *, out: Path) -> Path:
    """Write ``<out>/<delivery>/validation.html`` and ``quarantine/<source>.parquet``; the page.

    Raises
    ------
    DataRefused
        Every reason why the delivery is refused, after the report is written.
    """
    with tempfile.TemporaryDirectory() as scratch:
        causeway = Causeway(delivery=str(folder), store=scratch)
        causeway.refuse_no_folder()
        target = out / causeway.delivery_id
        target.mkdir(parents=True, exist_ok=True)
        held, unreadable = _held(causeway)
        found = [Validation.read(result.note("validation")) for result in held]
        for validation, result in zip(found, held, strict=True):
            _keep_quarantine(result, target / "quarantine" / f"{validation.source.replace('/', '_')}.parquet")
        report(found, delivery=causeway.delivery_id, target=target, unreadable=unreadable)
    faults = [*unreadable, *(fault for validation in found for fault in validation.faults)]
    if faults:
        raise ValidationRefused([*faults, Fault(what=f"the report is {target / 'validation.html'}")])
    return target / "validation.html"


def _held(causeway: Causeway) -> tuple[Sequence[Result], Sequence[Fault]]:
    """What validation found in each source that could be read, and why the others could not."""
    try:
        delivered = records.delivery(causeway)
    except DataRefused as refusal:
        return [], refusal.faults
    sources = sorted({file["source"] for file in delivered.note("delivery")["files"]} & records.known_sources())
    held: list[Result] = []
    unreadable: list[Fault] = []
    with bar("validation") as advance:
        for done, source in enumerate(sources):
            advance(done / len(sources))
            try:
                held.append(records.validated(causeway, delivered, source))
            except DataRefused as refusal:
                unreadable += refusal.faults
    return held, unreadable


def _keep_quarantine(held: Result, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(held.table("quarantine") / "part-00000.parquet", target)
