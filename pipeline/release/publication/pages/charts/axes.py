"""Ticks that a reader counts in."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def period_tick(length: int, *, wide: bool) -> int:
    """Years for months on a desk, two years on a telephone; every period of a short window."""
    few, some = 12, 40
    if length <= few:
        return 1
    if length <= some:
        return 6
    return 12 if wide else 24


def tick_decimals(axes: Axes) -> int:
    """No more decimals than the ticks of the vertical axis need."""
    ticks = [float(tick) for tick in axes.get_yticks()]
    step = min((b - a for a, b in itertools.pairwise(ticks)), default=1.0)
    return 0 if step >= 1 else 1 if step >= 0.1 else 2  # noqa: PLR2004 - the powers of ten
