"""A release in the store: Parquet and JSON, sealed by digests and looked at again when it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine.provenance import file_digest
from pipeline.engine.settings import DisclosureProfile
from pipeline.engine.store import write_note, write_table
from pipeline.release.disclosure.inputs import PUBLISHED
from pipeline.release.disclosure.release import Applied, Release, admit
from pipeline.vocabulary.errors import DisclosureError, Fault
from pipeline.vocabulary.schemas.results import DISCLOSURE_LOG

_SCHEMAS = PUBLISHED | {"log": DISCLOSURE_LOG}


def save(release: Release, folder: Path) -> None:
    """Write a release: a folder of Parquet a table, and ``release.json`` with their digests."""
    for name, schema in _SCHEMAS.items():
        write_table(getattr(release, name), folder / name, schema)
    note = {
        "evaluation": release.evaluation,
        "protocol": release.protocol,
        "profile": release.profile,
        "rules": release.rules.model_dump(),
        "digests": _digests(folder),
    }
    write_note(note, folder, "release")


def load(folder: Path) -> Release:
    """The release that :func:`save` wrote, if it is unchanged and still holds to every rule.

    Raises
    ------
    DisclosureError
        If a file is missing or changed since it was written, or a table breaks a rule.
    """
    try:
        note: dict[str, Any] = json.loads((folder / "release.json").read_text(encoding="utf-8"))
        changed = sum(digest != note["digests"].get(name) for name, digest in _digests(folder).items())
        tables = {} if changed else {name: pq.read_table(folder / name) for name in _SCHEMAS}
        rules = DisclosureProfile.model_validate(note["rules"])
    except (OSError, ValueError, KeyError, pa.ArrowException):
        raise DisclosureError(_unreadable()) from None
    if changed:
        raise DisclosureError(_unreadable(changed))
    plain = {name: schema.conform(tables[name]).replace_schema_metadata(None) for name, schema in _SCHEMAS.items()}
    applied = Applied(name=note["profile"], rules=rules)
    return admit(tables=plain, evaluation=note["evaluation"], protocol=note["protocol"], applied=applied)


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of the one part of each table."""
    return {name: file_digest(next((folder / name).glob("*.parquet"), folder / name)) for name in _SCHEMAS}


def _unreadable(changed: int | None = None) -> Fault:
    what = "a stored release is not what disclosure wrote"
    remedy = "Delete it from the store and run again."
    return Fault(what=what, file="release.json", count=changed, unit="tables changed", remedy=remedy)
