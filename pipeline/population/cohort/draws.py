"""Draws that are the same on every engine: fifteen hexadecimal digits of an MD5, compared as text.

Read as a fraction, the digits are uniform on [0, 1). They are never turned into a floating-point number: sixty bits
do not fit one, and engines write the conversion differently, whereas lower-case digits of one length sort as numbers.
MD5 is used for spreading, not for secrecy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

DIGITS = 15
PAST_EVERY_DRAW = "g"
"""Sorts after every hexadecimal digit."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The month that draws in ``[lower, upper)`` give."""

    month: int
    lower: str
    upper: str


def draw_sql(text: str) -> str:
    """SQL for the draw of a text expression."""
    return f"substr(md5({text}), 1, {DIGITS})"


def smoothed(counts: Mapping[int, int], *, between: tuple[int, int]) -> dict[int, int]:
    """Six times the centred three-month mean of the counts, for each month of the span, exact in integers.

    At the ends the mean is over the two months there are, as in the published code (a partial rolling window).
    """
    first, last = between
    weights = {}
    for month in range(first, last + 1):
        near = range(max(month - 1, first), min(month + 1, last) + 1)
        weights[month] = 6 * sum(counts.get(other, 0) for other in near) // len(near)
    return weights


def intervals(weights: Mapping[int, int]) -> Sequence[Interval]:
    """Which draws give which month, in proportion to the weights; months without weight have no interval."""
    drawn = {month: weight for month, weight in weights.items() if weight}
    total = sum(drawn.values())
    ends = [-(-(16**DIGITS) * end // total) for end in accumulate(drawn.values())]
    bounds = [f"{0:0{DIGITS}x}", *(f"{end:0{DIGITS}x}" for end in ends[:-1]), PAST_EVERY_DRAW]
    return [
        Interval(month=month, lower=lower, upper=upper)
        for month, (lower, upper) in zip(drawn, pairwise(bounds), strict=True)
    ]
