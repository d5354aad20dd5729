"""The NHS Diabetes Prevention Programme: what stands for no measurement, and referrals delivered again as they go on.

HbA1c must be whole: a decimal is another unit (per cent) or a laboratory's own rounding, and rounding it here would
move people across 42. Such a row is rejected and counted. Nought is not a measurement of anything in a blood test or of
a weight, but it is a number of sessions.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records.ingestion.conversion import EARLIEST_YEAR, Converted, integer, integer_unless, number, text_unless
from pipeline.records.ingestion.readings import Reading

NOT_MEASURED = (-1, 0, 999)
"""What owners write for an HbA1c that was not measured."""

HBA1C = integer_unless(*NOT_MEASURED)


def measured(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """A number above nought; nought and below mean that nothing was measured."""
    given = number(columns, kinds)
    unknown = f"coalesce(({given.value}) <= 0, false)"
    value = f"CASE WHEN NOT {unknown} THEN {given.value} END"
    return Converted(value=value, present=given.present, sentinel=unknown, failed=given.failed)


def numbered(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """A whole number with or without a letter before it: ``M3``, ``3``; ``Wave 2``, ``2``."""
    if kinds[0] != "VARCHAR":
        return integer(columns, kinds)
    bare = rf"regexp_replace(trim({columns[0]}), '^(?i)(milestone|wave|m|w)\s*', '')"
    return integer([bare], kinds)


READING = Reading(
    conversions={
        "referral_route": text_unless("-", "&"),
        "hba1c_mmol_mol": HBA1C,
        "fpg_mmol_l": measured,
        "weight_first_kg": measured,
        "weight_last_kg": measured,
        "milestone": numbered,
        "practice_wave": numbered,
    },
    redelivered=("referral_id",),
    # A later state of a referral has been discharged, or else has more sessions; then, so that the order of files does
    # not matter, the record itself.
    latest=(f"coalesce(discharge_date, DATE '{EARLIEST_YEAR}-01-01')", "coalesce(sessions_attended, -1)"),
)
