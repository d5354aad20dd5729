"""Median waits over time: a dark line for England, a grey one for each area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.release.publication.pages.charts.drawing import (
    BAND_EDGE,
    INK,
    PAPER,
    Alternative,
    Drawing,
    Size,
    drawing,
)
from pipeline.release.publication.pages.words import number
from pipeline.vocabulary.months import first_day

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZES = (Size(name="wide", width=760, height=280, text=12.5), Size(name="narrow", width=330, height=260, text=11))

Line = tuple[tuple[int, float], ...]
"""Months with a median wait in weeks, in order."""


@dataclass(frozen=True, kw_only=True)
class MedianWaits:
    """The medians of one specialty: England's, and each area's."""

    specialty: str
    england: Line
    areas: tuple[Line, ...]


def median_waits(medians: MedianWaits, *, key: str) -> tuple[Drawing, ...]:
    """The chart in each size; nothing where England's median is not known in two months."""
    if len(medians.england) < 2:  # noqa: PLR2004 - one point is no line
        return ()
    months = sorted({month for line in (medians.england, *medians.areas) for month, _ in line})

    def draw(axes: Axes, size: Size) -> None:
        for line in medians.areas:
            _draw(axes, line, color=BAND_EDGE, width=0.9)
        _draw(axes, medians.england, color=INK, width=2.4)
        month, weeks = medians.england[-1]
        axes.annotate(
            "England", (month, weeks), (-6, 6), textcoords="offset points", ha="right", va="bottom", color=INK,
            weight="bold", bbox=PAPER,
        )  # fmt: skip
        _axes(axes, months, size)

    alternative = Alternative(
        key=key, title=f"Median wait in weeks by month: {medians.specialty}", description=_described(medians)
    )
    return tuple(drawing(draw, size=size, alternative=alternative) for size in _SIZES)


def _draw(axes: Axes, line: Line, *, color: str, width: float) -> None:
    axes.plot(*zip(*line, strict=True), "o-", color=color, linewidth=width, markersize=2 * width)


def _axes(axes: Axes, months: Sequence[int], size: Size) -> None:
    most = 8 if size.name == "wide" else 3
    step = -(-(len(months) - 1) // most) or 1
    shown = months[::-1][::step][::-1]
    axes.set_ylim(bottom=0)
    axes.set_xticks(shown, labels=[f"{first_day(month):%b %Y}" for month in shown])
    axes.grid(visible=False, axis="x")
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("Weeks")


def _described(medians: MedianWaits) -> str:
    (first, before), (last, now) = medians.england[0], medians.england[-1]
    ends = [line[-1][1] for line in medians.areas if line[-1][0] == last]
    between = f" Areas lie between {number(min(ends), 1)} and {number(max(ends), 1)} weeks then." if ends else ""
    return (
        f"England: {number(before, 1)} weeks in {first_day(first):%B %Y}, {number(now, 1)} in "
        f"{first_day(last):%B %Y}.{between}"
    )
