"""The months of a synthetic delivery and what they do to everybody's work and to prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary.months import first_day, month_number, parse_month

FIRST = parse_month("2014-04")
"""The first month of pay, and of operations that an evaluation may include."""

LAST = parse_month("2022-12")
"""The last month of both."""

MONTHS = np.arange(FIRST, LAST + 1)
"""The months of pay."""

HOSPITAL_FIRST = parse_month("2009-04")
"""The first month of hospital episodes."""

CENSUS_MONTHS = (parse_month("2011-03"), parse_month("2021-03"))
"""The months of the two censuses."""

CUT_OFF = "2023-12-31"
"""The last day that the delivery knows of."""

PRICE_MONTHS = np.arange(month_number(2014, 1), month_number(2023, 12) + 1)
"""The months that have a price index."""

_ANNUAL_CPIH = (99.6, 100.0, 101.0, 103.6, 106.0, 107.8, 108.9, 111.6, 120.5, 128.6)
# Annual averages of ONS series L522 (2015 = 100), 2014 to 2023: the course is real, its monthly shape is not.

CPIH = np.round(
    np.interp(PRICE_MONTHS, [month_number(2014 + year, 6) + 0.5 for year in range(10)], np.array(_ANNUAL_CPIH)), 1
)
"""The price index of each of ``PRICE_MONTHS``, as delivered."""

BASE_YEAR = 2023
"""The year whose prices pay is thought of in."""

_IN_BASE_YEAR = CPIH[(PRICE_MONTHS - 1) // 12 == BASE_YEAR]

PRICES = CPIH[np.searchsorted(PRICE_MONTHS, MONTHS)] / _IN_BASE_YEAR.mean()
"""What a pound of 2023 was in each of ``MONTHS``: nominal pay is real pay times this."""

_OF_YEAR = (MONTHS - 1) % 12

SEASONAL_PAY = np.array([-10, -12, 34, -4, -6, -4, -4, -10, -8, -8, -6, 38])[_OF_YEAR]
"""Pounds on everybody's pay in work, January first: bonuses in March and December, nothing over a year."""

SEASONAL_EMPLOYMENT = np.array([-3, -2, -1, 0, 1, 1, 2, 1, 0, 0, 1, 0])[_OF_YEAR] / 1000
"""Share on everybody's probability of being in work."""

COVID = np.interp(MONTHS, [month_number(2020, 3), month_number(2020, 6), month_number(2021, 12)], [0.0, -0.015, 0.0])
"""Share on everybody's probability of being in work from March 2020 to the end of 2021."""


def day_number(month: int) -> int:
    """Days from 1970-01-01 to the first of a month, as Arrow counts dates."""
    return int((np.datetime64(first_day(month)) - np.datetime64("1970-01-01")).astype(int))


_FIRST_DAY_MONTHS = np.arange(month_number(2005, 1), month_number(2025, 1) + 1)
FIRST_DAYS = np.array([day_number(int(month)) for month in _FIRST_DAY_MONTHS], dtype=np.int32)
"""Day number of the first of each month from January 2005."""

FIRST_DAYS_FROM = int(_FIRST_DAY_MONTHS[0])
"""The month of ``FIRST_DAYS[0]``."""


def first_day_of(months: NDArray[np.integer]) -> NDArray[np.int32]:
    """Day numbers of the first of each month."""
    days: NDArray[np.int32] = FIRST_DAYS[months - FIRST_DAYS_FROM]
    return days


def month_of_day(days: NDArray[np.integer]) -> NDArray[np.int32]:
    """The month that each day number falls in."""
    return (np.searchsorted(FIRST_DAYS, days, side="right") - 1 + FIRST_DAYS_FROM).astype(np.int32)
