"""The CPIH index by month, on any base."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, says, unique, whole
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.schema import Schema

FIRST_MONTH = month_number(1988, 1)
LAST_MONTH = month_number(2100, 12)

LOWEST, HIGHEST = 1, 1000
"""Whatever the base, an index outside these is one in other units."""

GAPS = "SELECT coalesce(max(month) - min(month) + 1 - count(DISTINCT month), 0) FROM typed"

JUMPS = """
    SELECT count(*) FROM (SELECT cpih_index / lag(cpih_index) OVER (ORDER BY month) AS change FROM typed)
    WHERE change NOT BETWEEN 0.9 AND 1.1
"""


def rules(_: Schema, __: date) -> tuple[Rule, ...]:
    """The rules of ``prices/cpih``."""
    return (
        unique("month", words=says("A month has one index.", "Deliver each month once.")),
        between("month", FIRST_MONTH, LAST_MONTH, words=says("A month is 1988-1 or later.", "Check month.")),
        between("cpih_index", LOWEST, HIGHEST, words=says("The index is from 1 to 1,000.", "Check cpih_index.")),
        whole(
            "gaps:month",
            GAPS,
            columns=("month",),
            unit="missing months",
            words=says("No month is missing between the first and the last.", "Deliver the missing months."),
        ),
        whole(
            "jumps:cpih_index",
            JUMPS,
            columns=("cpih_index",),
            unit="months",
            words=says(
                "Prices move by less than a tenth from month to month.",
                "Check that the whole series has one base.",
                "warning",
            ),
        ),
    )
