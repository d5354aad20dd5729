"""A delivery made of one file, as a data owner would drop it."""

import json
import shutil
from datetime import date
from pathlib import Path

from pipeline.engine.provenance import file_digest
from pipeline.engine.store import write_whole
from pipeline.vocabulary.errors import Fault, RequestError


def deliver(file: Path, folder: Path, *, source: str, delivery: str, cut_off: str) -> None:
    """Copy a file into a new delivery folder and write ``delivery.json`` last, with the file's digest.

    Raises
    ------
    RequestError
        If the file is not there, the folder already holds something, or the cut-off is not a date.
    """
    faults = []
    if not file.is_file():
        faults.append(Fault(what="there is no such file", file=file.name))
    if folder.exists() and any(folder.iterdir()):
        faults.append(Fault(what=f"{folder} already holds something", remedy="A delivery is made in a new folder."))
    try:
        date.fromisoformat(cut_off)
    except ValueError:
        faults.append(Fault(what="the cut-off is not a date", remedy="Write it YYYY-MM-DD."))
    if faults:
        raise RequestError(faults)
    target = folder / source / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
    sources = {source: {"version": delivery, "files": {file.name: file_digest(target)}}}
    content = {"delivery": delivery, "cut_off": cut_off, "sources": sources}
    write_whole(folder / "delivery.json", json.dumps(content, indent=1, sort_keys=True))
