"""Stages 1 and 2 alone: a report for the data owner, and the keys of the rows that were set aside."""

import shutil
import tempfile
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
        delivered = records.delivery(causeway)
        target = out / causeway.delivery_id
        (target / "quarantine").mkdir(parents=True, exist_ok=True)
        sources = sorted({file["source"] for file in delivered.note("delivery")["files"]} & records.known_sources())
        found: list[Validation] = []
        faults: list[Fault] = []
        with bar("validation") as advance:
            for done, source in enumerate(sources):
                advance(done / len(sources))
                try:
                    held = records.validated(causeway, delivered, source)
                except DataRefused as refusal:
                    faults += refusal.faults
                    continue
                validation = Validation.read(held.note("validation"))
                _copy_quarantine(held, target / "quarantine" / f"{source.replace('/', '_')}.parquet")
                found.append(validation)
                faults += validation.faults
        report(found, delivery=causeway.delivery_id, target=target)
    if faults:
        raise ValidationRefused([*faults, Fault(what=f"the report is in {target}")])
    return target / "validation.html"


def _copy_quarantine(held: Result, target: Path) -> None:
    shutil.copyfile(held.table("quarantine") / "part-00000.parquet", target)
