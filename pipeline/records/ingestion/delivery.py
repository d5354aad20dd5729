"""The files of a delivery and their digests, before any of them is opened."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.engine.provenance import file_digest
from pipeline.vocabulary.errors import DeliveryRefused, Fault, RequestError

SUFFIXES = (".parquet", ".csv", ".csv.gz")
"""What a data file's name may end in."""

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9][A-Za-z0-9._-]*")
_NOTE = "delivery.json"


@dataclass(frozen=True, kw_only=True)
class DeliveredFile:
    """One data file; ``name`` is relative to its source's folder."""

    source: str
    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What an owner dropped: its id, the day its records were cut, its files in the order of their names."""

    id: str
    cut_off: date
    folder: Path
    files: tuple[DeliveredFile, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that have data files, in alphabetical order."""
        return tuple(sorted({file.source for file in self.files}))

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 by path within the delivery, such as ``hes_apc/part-0.parquet``."""
        return {f"{file.source}/{file.name}": file.sha256 for file in self.files}

    def of(self, source: str) -> tuple[DeliveredFile, ...]:
        """The files of one source."""
        return tuple(file for file in self.files if file.source == source)


def read_delivery(folder: Path, *, required: Collection[str]) -> Delivery:
    """The delivery in ``folder``, digests computed, and checked where ``delivery.json`` gives them.

    Raises
    ------
    RequestError
        If there is no such folder.
    DeliveryRefused
        If ``delivery.json`` is missing or at fault, a required source has no data files, a listed file is missing or
        has another digest, or a source holds a file of an unknown type; all faults at once.
    """
    if not folder.is_dir():
        raise RequestError(Fault(what="the delivery folder is not there", remedy="Check the path of the delivery."))
    note, faults = _read_note(folder)
    files, unknown = _data_files(folder, {*required, *_listed(note)})
    faults += unknown + _missing_sources(required, files) + _differing(note, files)
    if faults:
        raise DeliveryRefused(faults)
    return Delivery(id=note["delivery"], cut_off=date.fromisoformat(note["cut_off"]), folder=folder, files=files)


def delivery_complete(folder: Path) -> bool:
    """Whether ``delivery.json``, which owners write last, is there with every file that it lists, digests as given."""
    try:
        note, faults = _read_note(folder)
    except OSError:
        return False
    if faults:
        return False
    listed = [(folder / source / name, sha) for source, names in _listed(note).items() for name, sha in names.items()]
    return all(path.is_file() for path, _ in listed) and all(
        not sha or file_digest(path) == sha for path, sha in listed
    )


def _read_note(folder: Path) -> tuple[dict[str, Any], list[Fault]]:
    """What ``delivery.json`` says (empty where it cannot be read) and what is wrong with it."""
    try:
        note = json.loads((folder / _NOTE).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}, [Fault(what="the file is missing", file=_NOTE, remedy="Owners write it last: is the copy complete?")]
    except ValueError:
        return {}, [Fault(what="the file is not JSON in UTF-8", file=_NOTE)]
    if not isinstance(note, dict):
        return {}, [Fault(what="the file does not hold one JSON object", file=_NOTE)]
    faults = []
    if not _is_safe(note.get("delivery")):
        remedy = "Use letters, digits, dots, hyphens and underscores."
        faults.append(
            Fault(what="the delivery id is missing or not a safe name", file=_NOTE, column="delivery", remedy=remedy)
        )
    if not _is_day(note.get("cut_off")):
        faults.append(Fault(what="the cut-off date is missing or not YYYY-MM-DD", file=_NOTE, column="cut_off"))
    if not _is_listing(note.get("sources")):
        remedy = 'Write {} or {"<source>": {"files": {"<file>": "<sha256>"}}}.'
        faults.append(
            Fault(what="the list of sources is missing or malformed", file=_NOTE, column="sources", remedy=remedy)
        )
        note = note | {"sources": {}}
    return note, faults


def _is_safe(name: object) -> bool:
    return isinstance(name, str) and _SAFE_ID.fullmatch(name) is not None


def _is_day(label: object) -> bool:
    if not isinstance(label, str) or len(label) != len("YYYY-MM-DD"):
        return False
    try:
        date.fromisoformat(label)
    except ValueError:
        return False
    return True


def _is_listing(sources: object) -> bool:
    """Whether ``sources`` maps source names to objects whose files, where given, are plain names with digests."""
    if not isinstance(sources, dict):
        return False
    if not all(_is_safe(part) for source in sources for part in source.split("/")):
        return False
    files = [source.get("files", {}) if isinstance(source, dict) else None for source in sources.values()]
    return all(
        isinstance(names, dict)
        and all("/" not in name and "\\" not in name and isinstance(sha, str | None) for name, sha in names.items())
        for names in files
    )


def _listed(note: Mapping[str, Any]) -> dict[str, dict[str, str | None]]:
    """Source to file to digest (or ``None``), as ``delivery.json`` lists them."""
    return {source: about.get("files", {}) for source, about in note.get("sources", {}).items()}


def _data_files(folder: Path, named: Collection[str]) -> tuple[tuple[DeliveredFile, ...], list[Fault]]:
    """Every data file in a source's folder, and the files there that are not data files.

    A folder is a source if it is named or holds a data file. Names that start with a dot or an underscore are what
    file systems and Spark leave behind.
    """
    files, faults = [], []
    for place in sorted(path for path in folder.rglob("*") if path.is_dir()):
        source = place.relative_to(folder).as_posix()
        if any(part.startswith((".", "_")) for part in source.split("/")):
            continue
        found = sorted(p for p in place.iterdir() if p.is_file() and not p.name.startswith((".", "_")))
        data = [path for path in found if path.name.lower().endswith(SUFFIXES)]
        if data or source in named:
            remedy = "Deliver Parquet, CSV or gzipped CSV."
            others = [path for path in found if path not in data]
            faults += [Fault(what="unknown file type", source=source, file=p.name, remedy=remedy) for p in others]
        files += [_delivered(path, source) for path in data]
    return tuple(files), faults


def _delivered(path: Path, source: str) -> DeliveredFile:
    return DeliveredFile(source=source, name=path.name, path=path, size=path.stat().st_size, sha256=file_digest(path))


def _missing_sources(required: Collection[str], files: Collection[DeliveredFile]) -> list[Fault]:
    present = {file.source for file in files}
    return [
        Fault(
            what="required source is missing: its folder has no data files",
            source=source,
            file=f"{source}/",
            column="all of its columns",
            count=0,
            unit="files",
            remedy="Ask the owner to deliver it.",
        )
        for source in sorted(required)
        if source not in present
    ]


def _differing(note: Mapping[str, Any], files: Collection[DeliveredFile]) -> list[Fault]:
    """Files that are listed and not there, or there with another digest."""
    there = {(file.source, file.name): file.sha256 for file in files}
    faults = []
    for source, names in _listed(note).items():
        for name, sha256 in names.items():
            found = there.get((source, name))
            if found is None:
                faults.append(Fault(what="a file listed in delivery.json is missing", source=source, file=name))
            elif sha256 and sha256.lower() != found:
                remedy = "The copy is damaged or the file was re-cut: deliver it again under a new id."
                what = "the file's digest is not the one in delivery.json"
                faults.append(Fault(what=what, source=source, file=name, remedy=remedy))
    return faults
