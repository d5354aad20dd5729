"""Employment status in NHS Talking Therapies records: codes in words, indicators that may say nothing."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records.ingestion.conversion import Converted, one_of, text_unless
from pipeline.records.ingestion.readings import Reading
from pipeline.vocabulary.schemas.sources import EMPLOYMENT_STATUSES

STATUS = {
    spelling: status
    for code, status in enumerate(EMPLOYMENT_STATUSES, start=1)
    for spelling in (f"{code:02d}", str(code))
}

_NOT_STATED = ("ZZ", "zz", "99")
_SAYS_NOTHING = ("U", "X", "Z", "u", "x", "z")
"""Not known, not applicable, not stated (NHS data dictionary, indicators of the employment status table)."""

_INDICATORS = (
    "sick_absence",
    "statutory_sick_pay",
    "universal_credit",
    "employment_support_allowance",
    "personal_independence_payment",
    "employment_support",
)
_YES_OR_NO = {"y": "true", "1": "true", "true": "true", "n": "false", "0": "false", "false": "false"}


def indicator(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """Yes or no; null where the record says that it does not know."""
    given = one_of(_YES_OR_NO, unknown=_SAYS_NOTHING)(columns, kinds)
    return Converted(value=f"CAST({given.value} AS BOOLEAN)", present=given.present, sentinel=given.sentinel)


READING = Reading(
    conversions={
        "employment_status": one_of(STATUS, unknown=_NOT_STATED),
        "week_hours_worked": text_unless("97", "98", "99", "ZZ"),
        **dict.fromkeys(_INDICATORS, indicator),
    }
)
