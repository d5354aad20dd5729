"""Published waiting times: one row a provider, commissioner, specialty, part and month."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, at_most, between, length, matches, one_of, says, unique
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.rtt import OPEN_BANDS, PARTS, TOTAL_SPECIALTY
from pipeline.vocabulary.schemas.schema import Schema

FIRST_MONTH = month_number(2007, 1)
"""Waits from referral to treatment have been collected since 2007."""

IN_WEEKS = "coalesce(list_sum(weeks), 0)"
GAP = f"CASE WHEN part <> 'Part_3' THEN abs(total_all - {IN_WEEKS} - coalesce(unknown_start, 0)) END"
TOTAL_GAP = f"abs(total - {IN_WEEKS})"
WAITING = "max(total_all) FILTER (WHERE part = 'Part_2') OVER (PARTITION BY provider, commissioner, specialty, month)"
MORE_THAN_WAIT = f"CASE WHEN part = 'Part_2A' THEN total_all - coalesce({WAITING}, 0) END"


def rules(schema: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``rtt``."""
    last = month_number(cut_off.year, cut_off.month)
    revise = "Take the owner's revised file."
    return (
        unique(*schema.key, words=says("A provider's waits are given once.", "Deliver each month's file once.")),
        between("month", FIRST_MONTH, last, words=says("A month is from 2007 to the cut-off.", "Check Period.")),
        one_of("part", PARTS, words=says("A part is one of the five published.", "Check RTT Part Type.")),
        matches(
            "specialty",
            f"(?!{TOTAL_SPECIALTY}$).+",
            words=says("No row is the total of all specialties.", "Leave out the rows of C_999."),
        ),
        length("weeks", *OPEN_BANDS, words=says("There are 53 to 105 bands of weeks.", "Deliver every band.")),
        at_most("negative", ["weeks"], "-list_min(weeks)", 0, words=says("No count is below nought.", revise)),
        between("total_all", 0, None, words=says("No total is below nought.", revise)),
        at_most(
            "sum",
            ["weeks", "unknown_start", "total_all", "part"],
            GAP,
            0,
            words=says("Weeks and unknown starts add up to Total All, but for waits that began.", revise),
        ),
        at_most(
            "sum", ["weeks", "total"], TOTAL_GAP, 0, words=says("Weeks add up to Total where it is given.", revise)
        ),
        at_most(
            "subset",
            ["part", "total_all"],
            MORE_THAN_WAIT,
            0,
            words=says(
                "Those with a decision to admit (Part_2A) are no more than all who wait (Part_2).", revise, "warning"
            ),
        ),
    )
