"""PAYE Real Time Information: one row a payment by an employer to a person for a month.

Pay may be negative (corrections) and several rows a month are ordinary, so only absurd amounts fail.
"""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, length, says, whole
from pipeline.vocabulary.months import month_number, month_of
from pipeline.vocabulary.schemas.schema import Schema

FIRST_MONTH = month_number(2008, 4)
"""Before real time information (April 2013) some extracts carry months rebuilt from end-of-year returns."""

LOWEST_PENCE = -1_000_000_00
HIGHEST_PENCE = 10_000_000_00
"""A month's pay past minus one or ten million pounds is a fault of unit or of sign."""

GAPS = "SELECT coalesce(max(month) - min(month) + 1 - count(DISTINCT month), 0) FROM typed"

THIN = """
    WITH months AS (SELECT month, count(*) AS payments FROM typed GROUP BY month)
    SELECT count(*) FROM months WHERE payments < 0.5 * (SELECT median(payments) FROM months)
"""


def rules(_: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``paye_rti``."""
    return (
        length("valid_nino", 1, 64, words=says("The person's id is not blank.", "Deliver the pseudonymised NINo.")),
        between(
            "month",
            FIRST_MONTH,
            month_of(cut_off),
            words=says("A payment's month is 2008-4 or later and by the cut-off.", "Check month, and the cut-off."),
        ),
        between(
            "pay_pence",
            LOWEST_PENCE,
            HIGHEST_PENCE,
            words=says("A payment is from minus £1 million to £10 million.", "Check that pay is in pounds, not pence."),
        ),
        between("days_worked", 0, 31, words=says("Days worked are 0 to 31.", "Check days_worked.", "warning")),
        between(
            "payment_date",
            date(2008, 4, 1),
            cut_off,
            words=says("A payment is dated 2008-04-01 or later and by the cut-off.", "Check payment_date.", "warning"),
        ),
        whole(
            "gaps:month",
            GAPS,
            columns=("month",),
            unit="months without a payment",
            words=says(
                "Every month from the first to the last has payments: one without would read as £0 for everybody.",
                "Deliver the missing months.",
            ),
        ),
        whole(
            "thin:month",
            THIN,
            columns=("month",),
            unit="months with few payments",
            words=says(
                "Every month has at least half as many payments as the median month.",
                "Check for missing files in these months; the latest may simply be incomplete.",
                "warning",
            ),
        ),
    )
