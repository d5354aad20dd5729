"""Versions of a delivery's release: each is there whole or not at all, and none is ever overwritten.

::

    <out>/
      <delivery>-v1/  <delivery>-v2/ …      finished releases
      .building/                            a release under way; what a killed run left is swept by the next
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.vocabulary.errors import Fault, RequestError

_BUILDING = ".building"


@contextlib.contextmanager
def alone(out: Path) -> Iterator[None]:
    """The right to publish into ``out``: one process at a time. It is given back when the process ends, however."""
    out.mkdir(parents=True, exist_ok=True)
    folder = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def existing(out: Path, delivery: str) -> dict[int, Path]:
    """The versions of a delivery that are there, lowest first."""
    pattern = re.compile(rf"{re.escape(delivery)}-v([1-9]\d*)")
    found = ((pattern.fullmatch(path.name), path) for path in out.iterdir())
    return dict(sorted((int(match.group(1)), path) for match, path in found if match))


@contextlib.contextmanager
def building(out: Path) -> Iterator[Path]:
    """An empty folder inside ``out``; it goes again, with what killed runs left. Only under :func:`alone`."""
    under_way = out / _BUILDING
    shutil.rmtree(under_way, ignore_errors=True)
    try:
        folder = under_way / "release"
        folder.mkdir(parents=True)
        yield folder
    finally:
        shutil.rmtree(under_way, ignore_errors=True)


def put_in_place(folder: Path, target: Path) -> None:
    """Make every byte durable, then rename the folder to its version.

    Raises
    ------
    RequestError
        If the version is there already.
    """
    if target.exists():
        raise RequestError(Fault(what="this version of the release is there already", file=target.name))
    for path in (*(p for p in folder.rglob("*")), folder):
        _sync(path)
    folder.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
