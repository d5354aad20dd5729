"""What has passed the disclosure door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa


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
        The disclosure profile that was applied.
    estimates, attrition, linkage_quality, balance, diagnostics, log
        Tables with the schemas ``PUBLISHED_ESTIMATES``, ``PUBLISHED_ATTRITION``, ``PUBLISHED_LINKAGE_QUALITY``,
        ``PUBLISHED_BALANCE``, ``DIAGNOSTICS`` and ``DISCLOSURE_LOG``; linkage quality may have no rows.
    """

    evaluation: str
    protocol: dict[str, Any]
    profile: str
    estimates: pa.Table
    attrition: pa.Table
    linkage_quality: pa.Table
    balance: pa.Table
    diagnostics: pa.Table
    log: pa.Table
