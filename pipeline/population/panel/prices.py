"""How pay becomes comparable: top-coded at a quantile of the analysis sample, then at the prices of one year."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary.errors import DataRefused, Fault
from pipeline.vocabulary.months import month_number

MONTHS_A_YEAR = 12


def deflators(
    connection: duckdb.DuckDBPyConnection, *, cpih: str, base_year: int, first_month: int, n_months: int
) -> NDArray[np.float64]:
    """``(T,)``: what a pound of each month is worth in pounds of the base year (its mean index over the month's).

    Raises
    ------
    DataRefused
        If the base year lacks a month, a month of the panel has no index, or an index is not a positive number.
    """
    rows = connection.execute(f"SELECT month, cpih_index FROM {cpih}").fetchall()
    index = {month: value for month, value in rows if value is not None and np.isfinite(value) and value > 0}
    start = month_number(base_year, 1)
    base = range(start, start + MONTHS_A_YEAR)
    months = range(first_month, first_month + n_months)
    faults = [
        _missing(f"a month of {words} has no price index", count=sum(month not in index for month in needed))
        for words, needed in ((f"the base year {base_year}", base), ("the panel", months))
        if any(month not in index for month in needed)
    ]
    if len({month for month, _ in rows}) != len(rows):
        faults.append(_missing("a month has more than one price index", count=len(rows) - len({m for m, _ in rows})))
    if faults:
        raise DataRefused(faults)
    mean = sum(index[month] for month in base) / MONTHS_A_YEAR
    return np.array([mean / index[month] for month in months])


def upper_quantile(values: Iterable[NDArray[np.int64]], *, n: int, probability: float) -> float:
    """The quantile of ``n`` values that come in pieces, exactly, keeping only those above it.

    Type 7 of Hyndman and Fan (1996, doi 10.1080/00031305.1996.10473566), R's default: linear between the order
    statistics about ``(n - 1) * probability``. Memory is that of the largest piece and ``n * (1 - probability)``.
    """
    position = (n - 1) * probability
    lower = floor(position)
    above = n - lower
    tail = np.empty(0, np.int64)
    for piece in values:
        candidates = piece[piece > tail[0]] if tail.size == above else piece
        tail = np.concatenate([tail, candidates])
        if tail.size > above:
            # The smallest of the tail comes first, so the next piece need only be compared with that.
            tail = np.partition(tail, tail.size - above)[-above:]
        elif tail.size == above:
            tail = np.sort(tail)
    low, high = np.sort(tail)[[0, min(1, above - 1)]]
    return float(low + (position - lower) * (high - low))


def _missing(what: str, *, count: int) -> Fault:
    return Fault(
        what=what,
        source="prices/cpih",
        column="cpih_index",
        count=count,
        unit="months",
        remedy="Deliver the index for every month of the panel and of the base year, each once.",
    )
