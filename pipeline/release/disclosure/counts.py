"""Counts of people: which are too small to show, and what the others become."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.engine.settings import DisclosureProfile


def unsafe(counts: pd.Series, rules: DisclosureProfile) -> pd.Series:
    """Whether each count is too small to show: 1 to ``threshold - 1``, and zero where the profile hides zeros."""
    smallest = 0 if rules.suppress_zero else 1
    return counts.between(smallest, rules.threshold - 1).fillna(value=False).astype(bool)


def rounded(counts: pd.Series, rules: DisclosureProfile) -> pd.Series:
    """Each count rounded to the nearest multiple of ``round_to``, halves upwards; null stays null.

    A count that may be shown never becomes one that may not: it is rounded up to the first multiple at or above the
    threshold where the nearest lies below it (11 becomes 15 under a threshold of 11 and a base of 5).
    """
    base = rules.round_to
    nearest = (2 * counts + base) // (2 * base) * base
    smallest = -(-rules.threshold // base) * base
    too_low = ((counts > 0) & (nearest < smallest)).fillna(value=False).astype(bool)
    return nearest.mask(too_low, smallest)


def shown(counts: pd.Series, hidden: pd.Series, rules: DisclosureProfile) -> pd.Series:
    """What is published of counts: null where hidden, rounded elsewhere."""
    return rounded(counts, rules).mask(hidden).astype("Int64")


def decimals(figures: pd.Series, places: pd.Series | int) -> pd.Series:
    """Figures rounded to ``places`` decimals (one number, or one a row); null stays null, minus zero becomes zero.

    Python's ``round`` is used because it is exact on the decimal digits, which ``numpy.round`` is not.
    """
    each = places if isinstance(places, pd.Series) else pd.Series(places, index=figures.index)
    digits = [
        np.nan if pd.isna(figure) else round(float(figure), int(place)) + 0.0
        for figure, place in zip(figures, each, strict=True)
    ]
    return pd.Series(digits, index=figures.index, dtype="float64")
