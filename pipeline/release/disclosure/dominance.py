r"""Dominance: one person, or two, who are nearly all of an amount.

With contributions sorted by size, :math:`x_1 \ge x_2 \ge \dots` and total :math:`X`, an amount is dominated by the p%
rule if :math:`X - x_1 - x_2 < p/100 \cdot x_1` (the second could tell the first to within p%), and by the (n, k) rule
with n = 2 if the two largest are more than k% of it (Hundepool and others 2012, doi 10.1002/9781118348239, section
4.2). Sizes are without their signs: with them a large loss and a large gain make a small total that nobody seems to
dominate. Amounts are top-coded before they come here, so that the largest is never more than the top code.
"""

from __future__ import annotations

import pandas as pd

from pipeline.engine.settings import DisclosureProfile

_OF_ROW = ["outcome", "subgroup", "subgroup_value", "months_from", "months_to"]


def dominated(contributions: pd.DataFrame, rules: DisclosureProfile) -> pd.Series:
    """Whether each amount is dominated; one of nothing but zeros is not, since it says the same of everybody.

    Parameters
    ----------
    contributions
        Columns ``largest``, ``second`` and ``total``, all without signs.
    """
    largest, total = contributions["largest"], contributions["total"]
    two = largest + contributions["second"]
    close = total - two < rules.dominance_p / 100 * largest
    few = two > rules.dominance_k / 100 * total
    return (close | few) & (total > 0)


def dominated_rows(frame: pd.DataFrame, contributions: pd.DataFrame, *, rules: DisclosureProfile) -> pd.Series:
    """The rows of ``ESTIMATES`` whose amount one or two people dominate, in either arm.

    Parameters
    ----------
    contributions
        ``CONTRIBUTIONS``; rows that it does not name are no amounts.
    """
    worst = contributions.assign(dominated=dominated(contributions, rules)).groupby(_OF_ROW)["dominated"].any()
    named = frame[_OF_ROW].merge(worst.reset_index(), how="left", on=_OF_ROW, validate="many_to_one")
    return pd.Series(named["dominated"].eq(other=True).to_numpy(), index=frame.index)
