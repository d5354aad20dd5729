"""The other estimators behind the headline's points: a line each, told apart by dashes and marks, with a legend."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from typing import TYPE_CHECKING, Any

from pipeline.release.publication.pages.charts.drawing import GUIDE, INK, Size
from pipeline.release.publication.pages.effects import Effect, OutcomeEffects, Series
from pipeline.release.publication.pages.words import amount, as_heading, named, span, unit_of
from pipeline.vocabulary.windows import Bin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one estimator is drawn.

    Attributes
    ----------
    mark, colour
        As matplotlib has them.
    dashes
        Line widths drawn and not drawn.
    shift
        How far beside a bin's middle, in widths of the bin: estimators that agree would hide one another.
    """

    mark: str
    dashes: tuple[float, float]
    colour: str
    shift: float


LOOKS = (
    Look(mark="s", dashes=(5, 2), colour="#801650", shift=-0.25),
    Look(mark="^", dashes=(1, 1.3), colour=GUIDE, shift=0.17),
    Look(mark="v", dashes=(9, 2), colour="#1D6B64", shift=0.34),
)
"""Three that differ without colour, each dark enough on white and on the band (WCAG 1.4.11)."""

_LEGEND_LINE = 20


def draw(axes: Axes, effects: OutcomeEffects, size: Size) -> None:
    """The other estimators' effects, the reference at zero, and a legend; nothing where there are none."""
    if not effects.others:
        return
    wide = size.name == "wide"
    handles = [_headline(axes, effects)]
    for series, look in zip(effects.others, cycle(LOOKS), strict=False):
        places, values = _path(series, effects, shift=look.shift)
        (line,) = axes.plot(places, values, **_style(look, wide=wide), label=series.title)
        handles.append(line)
    axes.figure.legend(
        handles=handles, loc="outside lower left", ncols=2 if wide else 1, frameon=False, fontsize=size.text - 1
    )


def with_legend(size: Size, effects: OutcomeEffects) -> Size:
    """The size with room for the legend below."""
    if not effects.others:
        return size
    lines = math.ceil((1 + len(effects.others)) / (2 if size.name == "wide" else 1))
    return replace(size, height=size.height + _LEGEND_LINE * lines)


def described(effects: OutcomeEffects) -> str:
    """The other estimators in words: what each says last, and where it is furthest from the headline."""
    return "".join(f" {sentence}" for series in effects.others for sentence in _told(series, effects))


def _headline(axes: Axes, effects: OutcomeEffects) -> Line2D:
    """What the legend shows for the headline's points."""
    look: dict[str, Any] = {"color": INK, "linewidth": 2, "marker": "o", "markersize": 5}
    return axes.plot([], [], label=f"{as_heading(effects.estimator)} (headline)", **look)[0]


def _style(look: Look, *, wide: bool) -> dict[str, Any]:
    return {
        "color": look.colour,
        "linewidth": 1.3 if wide else 1.1,
        "linestyle": (0, look.dashes),
        "marker": look.mark,
        "markersize": 4.5 if wide else 3,
        "markerfacecolor": "white",
        "markeredgewidth": 1,
        "zorder": 2,
    }


def _path(series: Series, effects: OutcomeEffects, *, shift: float) -> tuple[list[float], list[float]]:
    """Where each bin's mark stands, and its value: zero in the reference, NaN (no line) where there is none."""
    shown: list[tuple[Bin | Effect, float]] = [
        (e, e.estimate.value if e.estimate else math.nan) for e in series.effects
    ]
    shown += [(part, 0.0) for part in series.reference or effects.reference]
    points = sorted((_middle(part) + shift * (part.last - part.first + 1), value) for part, value in shown)
    return [place for place, _ in points], [value for _, value in points]


def _middle(part: Bin | Effect) -> float:
    return (part.first + part.last) / 2


def _told(series: Series, effects: OutcomeEffects) -> Iterator[str]:
    shown = [(effect, effect.estimate.value) for effect in series.effects if effect.estimate]
    if not shown:
        yield f"{series.title}: no effect may be shown."
        return
    last, value = shown[-1]
    headline = {effect.first: effect.estimate.value for effect in effects.headline if effect.estimate}
    gaps = [(abs(value - headline[effect.first]), effect) for effect, value in shown if effect.first in headline]
    furthest = ""
    if gaps:
        gap, where = max(gaps, key=lambda one: one[0])
        furthest = f"; furthest from {named(effects.estimator)} in {_when(where, effects)}, by {_size(gap, effects)}"
    yield f"{series.title}: {_size(value, effects)} in {_when(last, effects)}{furthest}."


def _when(effect: Effect, effects: OutcomeEffects) -> str:
    return span(effect.first, effect.last, unit=effects.period_unit)


def _size(value: float, effects: OutcomeEffects) -> str:
    unit = unit_of(effects.outcome.unit)
    return f"{amount(value, unit, decimals=effects.outcome.decimals)}{unit.suffix}"
