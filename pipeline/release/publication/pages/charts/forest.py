"""The last bin's effect, one line each: in each subgroup with everybody on top, or under each choice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from pipeline.release.publication.pages.charts.drawing import GUIDE, INK, PAPER, Alternative, Drawing, Size, drawing
from pipeline.release.publication.pages.effects import Effect, OutcomeEffects
from pipeline.release.publication.pages.robustness import compared
from pipeline.release.publication.pages.words import (
    amount,
    as_heading,
    span,
    symbol,
    unit_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 21
_TWO_LINES = 31
_MARGIN = 80
_LONGEST_LABEL = 22


def forest(effects: OutcomeEffects, *, key: str) -> tuple[Drawing, ...]:
    """The subgroup chart of one outcome in each size; nothing where no subgroup is declared."""
    if not effects.subgroups or not effects.headline:
        return ()
    when = span(effects.headline[-1].first, effects.headline[-1].last, unit=effects.period_unit)
    shown = sum(effect.estimate is not None for effect in effects.subgroups)
    alternative = Alternative(
        key=key,
        title=f"Effect on {effects.outcome.title} in {when}, by subgroup",
        description=f"{shown} of {len(effects.subgroups)} subgroup levels have an effect with its 95% interval.",
    )
    return _drawn(effects, _lines(effects), alternative=alternative)


def choices(effects: OutcomeEffects, *, key: str) -> tuple[Drawing, ...]:
    """The chart of the headline beside other estimators, runs and placebos; nothing where there are none.

    Each line is the last bin of its own; placebos count from an index at which nothing happened.
    """
    told = compared(effects)
    if len(told) < 2:  # noqa: PLR2004 - the headline alone is no comparison
        return ()
    lines: list[tuple[str, Effect | None]] = [(title, effect) for title, effect, placebo in told if not placebo]
    placebos = [(title, effect) for title, effect, placebo in told if placebo]
    lines += [("Placebos, which should be zero", None), *placebos] if placebos else []
    shown = [(title, effect.estimate) for title, effect, _ in told if effect.estimate]
    unit = unit_of(effects.outcome.unit)
    values = "; ".join(
        f"{title}, {amount(one.value, unit, decimals=effects.outcome.decimals)}{unit.suffix}" for title, one in shown
    )
    alternative = Alternative(
        key=key,
        title=f"Effect on {effects.outcome.title} at the end of the window, under each choice",
        description=f"{len(shown)} effects with 95% intervals. {values}." if shown else "No effect may be shown.",
    )
    return _drawn(effects, lines, alternative=alternative, narrow=_TWO_LINES)


def _drawn(
    effects: OutcomeEffects,
    lines: Sequence[tuple[str, Effect | None]],
    *,
    alternative: Alternative,
    narrow: int = _LINE,
) -> tuple[Drawing, ...]:
    """The lines in each size; ``narrow`` is how high one is on a telephone."""

    def draw(axes: Axes, size: Size) -> None:
        axes.axvline(0, color=GUIDE, linewidth=1, zorder=1)
        for position, (text, effect) in enumerate(lines):
            if effect is None:
                _heading(axes, text, position)
            else:
                _line(axes, effect, position, size)
        _axes(axes, effects, lines, size)

    sizes = (
        Size(name="wide", width=760, height=_LINE * len(lines) + _MARGIN, text=12.5),
        Size(name="narrow", width=330, height=narrow * len(lines) + _MARGIN, text=11),
    )
    return tuple(drawing(draw, size=size, alternative=alternative) for size in sizes)


def _lines(effects: OutcomeEffects) -> list[tuple[str, Effect | None]]:
    """Everybody, then for each characteristic its heading and its levels."""
    lines: list[tuple[str, Effect | None]] = [("Everybody", effects.headline[-1])]
    for name, levels in groupby(effects.subgroups, key=lambda effect: effect.subgroup):
        lines.append((as_heading(name), None))
        lines.extend((as_heading(effect.level), effect) for effect in levels)
    return lines


def _heading(axes: Axes, text: str, position: int) -> None:
    """A characteristic's name at the drawing's left edge, free to run into its own empty line."""
    place = ("figure fraction", "data")
    heading = axes.annotate(text, (0.0, position), xycoords=place, annotation_clip=False, va="center", weight="bold")
    heading.set_in_layout(False)


def _line(axes: Axes, effect: Effect, position: int, size: Size) -> None:
    if effect.estimate is None:
        text = symbol(suppressed=effect.suppressed)
        edge = axes.get_yaxis_transform()
        axes.text(0.02, position, text, transform=edge, va="center", size=size.text - 1, bbox=PAPER)
        return
    interval = effect.estimate.interval
    axes.hlines(position, interval.lower, interval.upper, color=INK, linewidth=2.2)
    headline = position == 0
    axes.plot(effect.estimate.value, position, "s" if headline else "o", color=INK, markersize=6 if headline else 5)


def _axes(axes: Axes, effects: OutcomeEffects, lines: Sequence[tuple[str, Effect | None]], size: Size) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(len(lines) - 0.4, -0.6)
    labels = [_label(text, size) if effect else () for text, effect in lines]
    axes.set_yticks(range(len(lines)), labels=[parts[0] if len(parts) == 1 else "" for parts in labels])
    for position, parts in enumerate(labels):
        if len(parts) > 1:
            _several_lines(axes, parts, position, size)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    unit = unit_of(effects.outcome.unit)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7 if size.name == "wide" else 3, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value, unit, decimals=_decimals(value))))
    axes.set_xlabel(as_heading(effects.outcome.unit))


def _decimals(value: float) -> int:
    """A decimal only where a tick is not whole."""
    return 0 if abs(value - round(value)) < 1e-9 else 1  # noqa: PLR2004 - rounding error of a tick


def _label(text: str, size: Size) -> tuple[str, ...]:
    """A line's label, on two lines where a telephone has no room for one."""
    return (text,) if size.name == "wide" else tuple(wrap(text, _LONGEST_LABEL))


def _several_lines(axes: Axes, parts: Sequence[str], position: int, size: Size) -> None:
    """A label's lines, each set by itself: the page's font is narrower than the one they were measured in."""
    height = 1.1 * size.text
    for number, part in enumerate(parts):
        above = ((len(parts) - 1) / 2 - number) * height
        place: dict[str, Any] = {"xycoords": axes.get_yaxis_transform(), "textcoords": "offset points"}
        axes.annotate(part, (0, position), (-4, above), ha="right", va="center", **place)
