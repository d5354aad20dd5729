"""What has passed the disclosure door."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import Any

import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.safeguards import refuse_unsafe
from pipeline.vocabulary.errors import DisclosureError, Fault

_DOOR = object()
"""Known to this module alone: nothing else can make a :class:`Release`."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A profile by its name in ``configs/disclosure.toml``, with what it said."""

    name: str
    rules: DisclosureProfile


@dataclass(frozen=True, kw_only=True)
class Release:
    """The publishable tables of one evaluation. Only ``disclosure`` makes one.

    Attributes
    ----------
    evaluation
        Its name.
    protocol
        The declaration as JSON: ``evaluation`` (``Evaluation.model_dump(mode="json")``), ``digest``, and
        ``codelists`` (name to ``source``, ``version``, ``codes``).
    profile
        The name of the disclosure profile that was applied.
    rules
        What that profile said when it was applied.
    estimates, attrition, linkage_quality, balance, diagnostics, decomposition, support, waits, log
        Tables with the schemas ``PUBLISHED_ESTIMATES``, ``PUBLISHED_ATTRITION``, ``PUBLISHED_LINKAGE_QUALITY``,
        ``PUBLISHED_BALANCE``, ``DIAGNOSTICS``, ``PUBLISHED_DECOMPOSITION``, ``PUBLISHED_SUPPORT``, ``PUBLISHED_WAITS``
        and ``DISCLOSURE_LOG``; linkage quality, decomposition, support and waits may have no rows.
    """

    evaluation: str
    protocol: dict[str, Any]
    profile: str
    rules: DisclosureProfile
    estimates: pa.Table
    attrition: pa.Table
    linkage_quality: pa.Table
    balance: pa.Table
    diagnostics: pa.Table
    decomposition: pa.Table
    support: pa.Table
    waits: pa.Table
    log: pa.Table
    door: InitVar[object] = None

    def __post_init__(self, door: object) -> None:
        if door is not _DOOR:
            raise DisclosureError(
                Fault(what="a Release is made by disclosure alone", remedy="Use pipeline.release.disclosure.disclose.")
            )


def admit(*, tables: dict[str, pa.Table], evaluation: str, protocol: dict[str, Any], applied: Applied) -> Release:
    """The release of tables that hold to every rule: the only place where one is made.

    Raises
    ------
    DisclosureError
        If a table still breaks a rule, whatever was done to it before.
    """
    refuse_unsafe(tables, rules=applied.rules)
    return Release(
        evaluation=evaluation, protocol=protocol, profile=applied.name, rules=applied.rules, door=_DOOR, **tables
    )
