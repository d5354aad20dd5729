r"""Dominance: one person, or a few, who are nearly all of an amount.

With contributions sorted by size, :math:`x_1 \ge x_2 \ge \dots` and total :math:`X`, an amount is dominated by the p%
rule if :math:`X - x_1 - x_2 < p/100 \cdot x_1` (the second could tell the first to within p%), and by the (n, k) rule
if the n largest are more than k% of it (Hundepool and others 2012, doi 10.1002/9781118348239, section 4.2). Sizes are
without their signs: with them a large loss and a large gain make a small total that nobody seems to dominate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.engine.settings import DisclosureProfile


def dominated(contributions: NDArray[np.float64], rules: DisclosureProfile) -> bool:
    """Whether one amount is dominated, from one contribution a person, of either sign.

    An amount of nothing but zeros is not: it says the same of everybody.
    """
    sizes = np.sort(np.abs(contributions))[::-1]
    total = sizes.sum()
    if total == 0:
        return False
    rest = total - sizes[:2].sum()
    close = rest < rules.dominance_p / 100 * sizes[0]
    few = sizes[: rules.dominance_n].sum() > rules.dominance_k / 100 * total
    return bool(close or few)
