"""Secondary suppression: no hidden level may be had as everybody minus the levels that are shown."""

from __future__ import annotations

import pandas as pd

from pipeline.engine.settings import DisclosureProfile


def with_complement(
    counts: pd.DataFrame, hidden: pd.Series, *, rules: DisclosureProfile, total: pd.Series | None = None
) -> pd.Series:
    """Which levels of one characteristic are hidden, once the next smallest are hidden with those that must be.

    What is hidden together must be nobody or at least ``threshold`` people in every measure, both for the hidden
    levels alone and with the people of no level: that sum is what a reader gets by subtraction, up to rounding. The
    smallest level shown goes first, measured where the sum falls short; ties go by position.

    Parameters
    ----------
    counts
        True counts, one row a level, one column a measure (people treated, people compared, …).
    hidden
        The levels that must be hidden for their own sake.
    total
        True counts of everybody; without it the levels are taken to be everybody. A measure in which the levels
        overlap, so that they sum to more, has no remainder.
    """
    hidden = hidden.copy()
    remainder = _remainder(counts, total)
    while not hidden.all():
        short = _short(counts[hidden].sum(), remainder, rules=rules, any_hidden=bool(hidden.any()))
        if not short:
            break
        smallest = counts.loc[~hidden, short[0]].sort_values(kind="stable").index[0]
        hidden[smallest] = True
    return hidden


def _remainder(counts: pd.DataFrame, total: pd.Series | None) -> pd.Series:
    """The people of no level, in each measure."""
    sums = counts.sum()
    return (total - sums).clip(lower=0) if total is not None else sums * 0


def _short(together: pd.Series, remainder: pd.Series, *, rules: DisclosureProfile, any_hidden: bool) -> list[str]:
    """The measures in which subtraction gives back fewer people than the threshold."""
    smallest = 0 if rules.suppress_zero and any_hidden else 1
    few = [amount.between(smallest, rules.threshold - 1) for amount in (together, together + remainder)]
    return [str(measure) for measure in together.index[few[0] | few[1]]]
