"""Published waiting times: the period in words, a list of weeks in which blank is missing, totals left out."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records.ingestion.conversion import Converted, as_text, integer, text_unless
from pipeline.records.ingestion.readings import Reading
from pipeline.vocabulary.schemas.rtt import TOTAL_SPECIALTY


def period(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """``RTT-April-2021``, in any case and with the month in full or in three letters, as ``year * 12 + month``."""
    given = as_text(columns[0], kinds[0])
    first = f"try_strptime(upper({given}), ['RTT-%B-%Y', 'RTT-%b-%Y'])"
    value = f"CAST(year({first}) * 12 + month({first}) AS INTEGER)"
    return Converted(value=value, present=f"{given} IS NOT NULL")


def counts(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """The counts in order as one list, null where blank; fails where any of them is no whole number."""
    each = [integer([column], [kind]) for column, kind in zip(columns, kinds, strict=True)]
    unread = " OR ".join(f"({one.present} AND ({one.value}) IS NULL)" for one in each)
    return Converted(value=f"[{', '.join(one.value for one in each)}]", present="true", failed=f"({unread})")


READING = Reading(
    conversions={
        "month": period,
        "weeks": counts,
        **dict.fromkeys(("provider_parent", "commissioner_parent"), text_unless("-", "&")),
    },
    current=f"specialty <> '{TOTAL_SPECIALTY}'",
)
