"""What an output checker opens: the tables of a release and ``results.json``, as SACRO-Viewer reads them.

The format is that of ACRO 0.4 (https://github.com/AI-SDC/SACRO-Viewer): one record a table with its files, status,
summary and the cells that were withheld, and a SHA-256 of each file in ``checksums``. It stays in the store.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from pipeline.release.disclosure.inputs import PUBLISHED
from pipeline.release.disclosure.release import Release
from pipeline.release.disclosure.rules import RULES, frame_of
from pipeline.release.disclosure.safeguards import NUMBERS

VERSION = "0.4.0"
"""The oldest version that SACRO-Viewer opens; it compares the first two numbers."""

_FORMULA = r"^([=+\-@\t\r])"
_COUNTS = {"attrition": ("excluded", "remaining")}
_PROTECTS = {rule.name: rule.protects for rule in RULES}


def write_for_checker(release: Release, folder: Path) -> None:
    """Write ``results.json``, a CSV a table and their checksums into an empty folder."""
    checksums = folder / "checksums"
    checksums.mkdir(parents=True)
    records = {}
    for name in PUBLISHED:
        table = getattr(release, name)
        file = folder / f"{release.evaluation}_{name}.csv"
        _plain(frame_of(table)).to_csv(file, index=False, lineterminator="\n")
        (checksums / f"{file.name}.txt").write_text(hashlib.sha256(file.read_bytes()).hexdigest(), encoding="utf-8")
        records[name] = _record(name, table, release=release, file=file.name)
    content = json.dumps({"version": VERSION, "results": records}, indent=1, sort_keys=True)
    (folder / "results.json").write_text(content, encoding="utf-8")


def _record(name: str, table: pa.Table, *, release: Release, file: str) -> dict[str, Any]:
    applied = [entry for entry in release.log.to_pylist() if entry["table"] == name]
    did = [f"{e['rule']}: {e['affected']} of {e['cells']} cells {e['action']}" for e in applied if e["affected"]]
    return {
        "uid": name,
        "status": "pass",
        "type": "regression" if name in ("estimates", "decomposition") else "table",
        "properties": {"method": release.evaluation, "profile": release.profile, **release.rules.model_dump()},
        "files": [{"name": file, "sdc": _withheld(name, table)}],
        "outcome": {},
        "command": f"causeway run --evaluation {release.evaluation}",
        "summary": "; ".join(["pass", *did]),
        "timestamp": "",
        "comments": [f"{entry['rule']} protects {_PROTECTS[entry['rule']]}" for entry in applied],
        "exception": "",
    }


def _withheld(name: str, table: pa.Table) -> dict[str, Any]:
    """Which cells are empty because a rule withheld them: rows and columns from nought, the first column left out."""
    frame = frame_of(table)
    numbers = [column for column in (*NUMBERS.get(name, ()), *_COUNTS.get(name, ())) if column in frame]
    hidden = frame["obs_status"].eq("c") if "obs_status" in frame else pd.Series(data=False, index=frame.index)
    cells = [
        [int(row), list(frame.columns).index(column) - 1]
        for row in frame.index[hidden]
        for column in numbers
        if pd.isna(frame.loc[row, column])
    ]
    return {"summary": {"suppressed": bool(cells)}, "cells": {"suppressed": cells}}


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with text that no spreadsheet takes for a formula."""
    texts = frame.select_dtypes(include=["object", "string"]).columns
    return frame.assign(**{name: frame[name].str.replace(_FORMULA, r"'\1", regex=True) for name in texts})
