"""The store: every stage's result as a folder that exists whole or not at all, found again by what it was made from.

::

    <store>/
      <key>/<fingerprint>/      a result: tables as folders of Parquet, notes as JSON, and made.json
      deliveries/<id>/          files.json: what the id stands for; made/<key>.json: its latest results
      ledger/                   what was published (``pipeline.release.disclosure.ledger``): cannot be made again
      .building/                results under way; whatever a killed run left here is swept

A fingerprint is the SHA-256 of the result's key, the fingerprints of its inputs, the code that makes it and the
settings it depends on. The same fingerprint is the same bytes, so a result that is there is never made again.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine.database import parquet
from pipeline.engine.provenance import digest
from pipeline.vocabulary.errors import DeliveryRefused, Fault, RequestError
from pipeline.vocabulary.schemas.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Result:
    """A finished stage in the store."""

    key: str
    fingerprint: str
    path: Path
    reused: bool

    def table(self, name: str) -> Path:
        """The folder of Parquet parts of one of the result's tables."""
        return self.path / name

    def scan(self, name: str) -> str:
        """SQL that reads one of the result's tables."""
        return parquet(self.table(name))

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One of the result's tables in memory."""
        return pq.read_table(self.table(name), columns=list(columns) if columns else None)

    def note(self, name: str) -> dict[str, Any]:
        """A JSON note that the stage wrote beside its tables."""
        content: dict[str, Any] = json.loads((self.path / f"{name}.json").read_text(encoding="utf-8"))
        return content


class Store:
    """A folder of results. Two processes may use one store at once: the first to finish a result wins."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def spill(self) -> Path:
        """Where engines may put what does not fit in memory."""
        return self.root / ".building" / f"spill-{os.getpid()}"

    def make(
        self,
        key: str,
        *,
        inputs: Sequence[Result] = (),
        code: str,
        settings: object = None,
        build: Callable[[Path], object],
    ) -> Result:
        """The result ``key`` of these inputs, code and settings: found, or made by ``build`` in an empty folder.

        ``build`` writes into the folder it is given. If it raises, nothing of it stays.
        """
        made_from = {"key": key, "inputs": [i.fingerprint for i in inputs], "code": code, "settings": settings}
        fingerprint = digest(made_from)
        path = self.root / key / fingerprint
        if (path / "made.json").is_file():
            return Result(key=key, fingerprint=fingerprint, path=path, reused=True)
        building = self._building()
        try:
            build(building)
            (building / "made.json").write_text(json.dumps(made_from, indent=1, sort_keys=True, default=str))
            _move_into_place(building, path)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        return Result(key=key, fingerprint=fingerprint, path=path, reused=False)

    def register(self, delivery: str, files: Mapping[str, str]) -> None:
        """Remember which files (path to SHA-256) a delivery id stands for; see :meth:`check_registered`."""
        self.check_registered(delivery, files)
        write_whole(self._of(delivery) / "files.json", json.dumps(dict(files), indent=1, sort_keys=True))

    def check_registered(self, delivery: str, files: Mapping[str, str]) -> None:
        """Refuse a delivery whose id this store knows with other files.

        Raises
        ------
        DeliveryRefused
            Naming the delivery id, the sources and how many files differ.
        """
        record = self._of(delivery) / "files.json"
        if not record.is_file():
            return
        known = json.loads(record.read_text(encoding="utf-8"))
        differing = {name for name in known.keys() | files.keys() if known.get(name) != files.get(name)}
        if differing:
            raise DeliveryRefused(
                Fault(
                    what=f"delivery id {delivery} is already in this store with other files",
                    source=", ".join(sorted({name.rpartition("/")[0] for name in differing})),
                    file="delivery.json",
                    column="delivery",
                    count=len(differing),
                    unit="files differ",
                    remedy="Give a re-cut delivery a new id.",
                )
            )

    def record(self, delivery: str, result: Result) -> None:
        """Remember a result as the delivery's latest under its key."""
        pointer = self._of(delivery) / "made" / f"{result.key}.json"
        write_whole(pointer, json.dumps({"fingerprint": result.fingerprint}))

    def recorded(self, delivery: str, key: str) -> Result | None:
        """The delivery's latest result under a key; ``None`` where there is none."""
        pointer = self._of(delivery) / "made" / f"{key}.json"
        if not pointer.is_file():
            return None
        fingerprint = json.loads(pointer.read_text(encoding="utf-8"))["fingerprint"]
        path = self.root / key / fingerprint
        if not (path / "made.json").is_file():
            return None
        return Result(key=key, fingerprint=fingerprint, path=path, reused=True)

    def _of(self, delivery: str) -> Path:
        return self.root / "deliveries" / delivery

    def _building(self) -> Path:
        """An empty folder for a result under way; sweeps those of processes that are gone."""
        under_way = self.root / ".building"
        try:
            under_way.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError(
                Fault(what=f"the store cannot be written ({error.strerror})", remedy="Choose another --store.")
            ) from None
        for left in under_way.iterdir():
            owner = left.name.split("-")[1]
            if not _alive(int(owner)):
                shutil.rmtree(left, ignore_errors=True)
        building = under_way / f"result-{os.getpid()}-{uuid.uuid4().hex}"
        building.mkdir()
        return building


def write_table(table: pa.Table, folder: Path, schema: Schema | None = None) -> None:
    """Write a table as one Parquet part, after its schema has passed it."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(schema.conform(table) if schema else table, folder / "part-00000.parquet", compression="zstd")


def write_note(content: object, folder: Path, name: str) -> None:
    """Write a JSON note beside a result's tables."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    building = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    building.write_text(text, encoding="utf-8")
    building.replace(path)


def _move_into_place(building: Path, path: Path) -> None:
    """Make everything durable, then rename; a result that another process finished first is kept."""
    for file in building.rglob("*"):
        if file.is_file():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError, OSError):
        building.rename(path)
    if not (path / "made.json").is_file():
        raise RequestError(Fault(what="the store could not take a finished result", file=path.parent.name))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
