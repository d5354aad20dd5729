"""What linkage drops and why: the counts that become rows of linkage quality."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

NINO = "nino"
"""The kind of a National Insurance number among ids; the kinds of health ids are the sources in ``links/person``."""

_SOURCES = {NINO: "paye_rti", "hes": "hes_apc"}


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """One reason for dropping ids, links or records: how many were looked at and how many kept."""

    link: str
    reason: str
    looked_at: int
    kept: int


def link_name(kind: str) -> str:
    """The link that ids of a kind make: ``census to paye_rti``, ``census to hes_apc``, …"""
    return f"census to {_SOURCES.get(kind, kind)}"


def ids_name(kind: str) -> str:
    """What ids of a kind are called in a reason."""
    return "NINos" if kind == NINO else "health ids"


def conflict_rows(conflicts: Iterable[Conflict]) -> list[tuple[str, str, str, int, int]]:
    """The conflicts as rows of linkage quality."""
    return [(c.link, "conflicts", c.reason, c.looked_at, c.kept) for c in conflicts]
