"""Calendar months as consecutive integers: ``year * 12 + month``, so that December to January is one step."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import Field

MonthLabel = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
"""A month as a declaration writes it."""

_LABEL = re.compile(r"(\d{4})-(0?[1-9]|1[0-2])")


def month_number(year: int, month: int) -> int:
    """The consecutive integer of a calendar month (January is 1)."""
    return year * 12 + month


def month_of(day: date) -> int:
    """The month a day falls in."""
    return month_number(day.year, day.month)


def parse_month(label: str) -> int:
    """The month written ``YYYY-MM`` or ``YYYY-M``; ``ValueError`` for anything else."""
    match = _LABEL.fullmatch(label)
    if match is None:
        raise ValueError("a month is written YYYY-MM")
    return month_number(int(match[1]), int(match[2]))


def first_day(month: int) -> date:
    """The first day of a month."""
    return date((month - 1) // 12, (month - 1) % 12 + 1, 1)


def month_label(month: int) -> str:
    """A month written ``YYYY-MM``."""
    return first_day(month).strftime("%Y-%m")


def month_sql(day: str) -> str:
    """SQL for the month of a date column; the same on every engine."""
    return f"(year({day}) * 12 + month({day}))"
