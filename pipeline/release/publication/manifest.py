"""The manifest: what a release holds and what it was made from, and the check that it says so truly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pipeline.engine.provenance import file_digest
from pipeline.release.disclosure import Release
from pipeline.release.publication.facts import Facts
from pipeline.vocabulary.errors import Fault, RequestError

NAME = "manifest.json"


def write_manifest(folder: Path, releases: Sequence[Release], *, facts: Facts, version: int) -> None:
    """Write ``manifest.json`` over every file in the folder. It has no date: the same content, the same bytes."""
    content = {
        **{field.name: getattr(facts, field.name) for field in fields(facts)},
        "versions": dict(facts.versions),
        "version": version,
        "evaluations": {release.evaluation: _evaluation(release) for release in releases},
        "files": _files(folder),
    }
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / NAME).write_text(text, encoding="utf-8", newline="\n")


def verify(folder: Path) -> None:
    """Hold a release folder against its own manifest.

    Raises
    ------
    RequestError
        If a file is missing, changed or not listed: says how many.
    """
    try:
        listed: Mapping[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        raise RequestError(Fault(what="the release has no readable manifest", file=NAME)) from None
    found = _files(folder)
    wrong = {name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name)}
    if wrong:
        remedy = "Look at the disk, and publish again."
        what = "files are not what the manifest says"
        raise RequestError(Fault(what=what, file=NAME, count=len(wrong), unit="files", remedy=remedy))


def _evaluation(release: Release) -> dict[str, str]:
    return {
        "title": release.protocol["evaluation"]["title"],
        "protocol_digest": release.protocol["digest"],
        "disclosure_profile": release.profile,
    }


def _files(folder: Path) -> dict[str, dict[str, object]]:
    """Every file but the manifest: its path in the release, SHA-256 and size in bytes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    return {
        path.relative_to(folder).as_posix(): {"sha256": file_digest(path), "bytes": path.stat().st_size}
        for path in paths
    }
