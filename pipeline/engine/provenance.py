"""Where a table comes from: digests of files, code, lock and settings."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout (or the folder that the packages are installed in)."""


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def digest(content: object) -> str:
    """SHA-256 of anything that JSON can write, keys sorted."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@cache
def code_digest(*packages: str) -> str:
    """SHA-256 over the Python files of packages such as ``"pipeline/records"``, names included."""
    files = sorted(file for package in packages for file in (ROOT / package).rglob("*.py"))
    return digest({str(file.relative_to(ROOT)): file_digest(file) for file in files})


def commit() -> str:
    """The commit of the checkout, with ``+changes`` where files differ from it; empty outside a checkout."""
    try:
        head = _git("rev-parse", "HEAD")
        return head + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def lock_digest() -> str:
    """SHA-256 of ``uv.lock``; empty where it is not there."""
    lock = ROOT / "uv.lock"
    return file_digest(lock) if lock.is_file() else ""


def versions(*packages: str) -> Mapping[str, str]:
    """The installed version of each package."""
    return {package: version(package) for package in packages}


def _git(*arguments: str) -> str:
    command = ["git", *arguments]  # whichever git the analyst has
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    return run.stdout.strip()
