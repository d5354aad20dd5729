"""The ledger: the cells of everything that a store has published, added to and never changed.

::

    <store>/
      ledger/00001.parquet  00002.parquet …     the cells of one publication each, with the digest of the file before

It holds exact counts, because only they tell whether two releases differ by one person or by none; it is for the audit
of later releases, stays in the secure environment with the records that it was counted from, and nothing prints it.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine.provenance import digest, file_digest
from pipeline.engine.store import write_note, write_table
from pipeline.release.disclosure.cells import CELLS
from pipeline.release.disclosure.rules import frame_of
from pipeline.vocabulary.errors import DisclosureError, Fault, SchemaError
from pipeline.vocabulary.schemas.schema import Column, Schema

LEDGER = Schema(
    name="ledger",
    grain="count of people in a release",
    key=("release", *CELLS.key),
    columns=(Column(name="release", type=pa.string(), nullable=False), *CELLS.columns),
)

_PREVIOUS = b"previous"


def read(store: Path, *, evaluation: str | None = None) -> pd.DataFrame:
    """The ``LEDGER`` of a store as a frame, of one evaluation or of all; no rows before anything was published.

    Raises
    ------
    DisclosureError
        If a file is missing from the middle, or is not the one that the next was added to.
    """
    files = _files(store)
    _refuse_broken(files)
    wanted = None if evaluation is None else [("evaluation", "=", evaluation)]
    tables = [pq.read_table(file, filters=wanted).replace_schema_metadata(None) for file in files]
    return frame_of(pa.concat_tables([LEDGER.arrow.empty_table(), *tables]))


def append(store: Path, cells: Sequence[pa.Table], *, release: str) -> None:
    """Add the ``CELLS`` of a publication, before its files are in place: what might be out counts as out."""
    folder = store / "ledger"
    folder.mkdir(parents=True, exist_ok=True)
    stacked = pa.concat_tables([CELLS.arrow.empty_table(), *cells])
    named = LEDGER.conform(stacked.add_column(0, "release", pa.array([release] * stacked.num_rows, pa.string())))
    while True:
        files = _files(store)
        previous = file_digest(files[-1]) if files else ""
        building = folder / f".{uuid.uuid4().hex}"
        pq.write_table(named.replace_schema_metadata({_PREVIOUS: previous}), building, compression="zstd")
        try:
            os.link(building, folder / f"{len(files) + 1:05}.parquet")
        except FileExistsError:
            continue
        finally:
            building.unlink()
        return


def ledger_digest(store: Path, *, evaluation: str, without: pa.Table | None = None) -> str:
    """What of the ledger a release of an evaluation depends on: the same cells, the same digest.

    Parameters
    ----------
    without
        The ``CELLS`` of the release itself: once it is published they say nothing new.
    """
    held = read(store, evaluation=evaluation).drop(columns="release")
    own = set() if without is None else _written(frame_of(without))
    return digest(sorted(_written(held) - own))


def refuse_outdated(folder: Path, *, store: Path, evaluation: str) -> pa.Table:
    """The ``CELLS`` of a stored release, if the ledger says what it said when the release was made.

    Raises
    ------
    DisclosureError
        If something was published since that the release was not held against.
    """
    cells = stored_cells(folder)
    if cells is None or _said(folder) != ledger_digest(store, evaluation=evaluation, without=cells):
        what = f"{evaluation} was not held against everything that this store has published"
        raise DisclosureError(Fault(what=what, file="ledger", remedy="Run it again (causeway run), then publish."))
    return cells


def save_cells(cells: pd.DataFrame, folder: Path, *, store: Path, evaluation: str) -> None:
    """Write a release's ``CELLS`` and what the ledger said beside it, in the store."""
    table = CELLS.conform(pa.Table.from_pandas(cells, preserve_index=False)).replace_schema_metadata(None)
    write_table(table, folder / "cells", CELLS)
    write_note({"digest": ledger_digest(store, evaluation=evaluation, without=table)}, folder, "ledger")


def stored_cells(folder: Path) -> pa.Table | None:
    """The ``CELLS`` of a stored release; none of one from before there was a ledger."""
    try:
        return CELLS.conform(pq.read_table(folder / "cells").replace_schema_metadata(None))
    except (OSError, SchemaError, pa.ArrowException):
        return None


def _said(folder: Path) -> str | None:
    """What the ledger said when a stored release was made."""
    try:
        said: str = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))["digest"]
    except (OSError, ValueError, KeyError):
        return None
    return said


def _written(cells: pd.DataFrame) -> set[str]:
    """Each cell as text."""
    return {str(tuple(cell)) for cell in cells[list(CELLS.names)].itertuples(index=False)}


def _files(store: Path) -> list[Path]:
    return sorted((store / "ledger").glob("[0-9]*.parquet"))


def _refuse_broken(files: Sequence[Path]) -> None:
    """Refuse a ledger of which something was taken out or changed."""
    try:
        said = [(pq.read_schema(file).metadata or {}).get(_PREVIOUS, b"").decode() for file in files]
    except (OSError, pa.ArrowException):
        said = []
    held = ["", *(file_digest(file) for file in files[:-1])][: len(files)]
    if said != held:
        what = "the ledger of earlier releases is not what was written"
        remedy = "Restore the store's ledger from a copy: without it no release can be held against earlier ones."
        raise DisclosureError(Fault(what=what, file="ledger", remedy=remedy))
