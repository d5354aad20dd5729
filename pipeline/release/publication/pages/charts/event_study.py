"""Effects by event time: points, 95% intervals, the simultaneous band, the reference and the index month."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pipeline.release.publication.pages.charts import estimators
from pipeline.release.publication.pages.charts.axes import period_tick, tick_decimals
from pipeline.release.publication.pages.charts.drawing import (
    BAND,
    BAND_EDGE,
    GUIDE,
    INK,
    PAPER,
    Alternative,
    Drawing,
    Size,
    drawing,
)
from pipeline.release.publication.pages.effects import Effect, OutcomeEffects
from pipeline.release.publication.pages.words import amount, as_heading, number, span, symbol, unit_of
from pipeline.vocabulary.windows import Bin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZES = (
    Size(name="wide", width=760, height=370, text=12.5),
    Size(name="narrow", width=330, height=330, text=11.5),
)


def event_study(effects: OutcomeEffects, *, key: str) -> tuple[Drawing, ...]:
    """The event-study chart of one outcome in each size."""

    def draw(axes: Axes, size: Size) -> None:
        _guides(axes)
        _bands(axes, effects.headline)
        estimators.draw(axes, effects, size)
        _points(axes, effects.headline, size)
        _reference(axes, effects.reference, size)
        _withheld(axes, effects.headline, size)
        _axes(axes, effects, size)

    alternative = Alternative(
        key=key,
        title=f"Effect on {effects.outcome.title}, by {effects.period_unit}",
        description=described(effects) + estimators.described(effects),
    )
    return tuple(drawing(draw, size=estimators.with_legend(size, effects), alternative=alternative) for size in SIZES)


def described(effects: OutcomeEffects) -> str:
    """The chart in words: where it starts, its lowest and highest points, where it ends, what is withheld."""
    shown = [(effect.estimate.value, effect) for effect in effects.headline if effect.estimate]
    if not shown:
        return "No effect of this outcome may be shown."
    lowest, highest = (choose(shown, key=lambda one: one[0]) for choose in (min, max))
    told = {"first": shown[0], "lowest": lowest, "highest": highest, "last": shown[-1]}
    points = "; ".join(f"{which}, {_told(*one, effects)}" for which, one in told.items())
    withheld = len(effects.headline) - len(shown)
    note = f" {withheld} more are not shown." if withheld else ""
    return f"{len(shown)} effects with 95% intervals. {as_heading(points)}.{note}"


def _told(value: float, effect: Effect, effects: OutcomeEffects) -> str:
    unit = unit_of(effects.outcome.unit)
    size = amount(value, unit, decimals=effects.outcome.decimals)
    return f"{span(effect.first, effect.last, unit=effects.period_unit)}: {size}{unit.suffix}"


def _middle(bin_: Bin | Effect) -> float:
    return (bin_.first + bin_.last) / 2


def _guides(axes: Axes) -> None:
    """Zero, and the border between the month before the index month (0) and the index month (1)."""
    axes.axhline(0, color=GUIDE, linewidth=1, zorder=1)
    axes.axvline(0.5, color=GUIDE, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)


def _bands(axes: Axes, effects: Iterable[Effect]) -> None:
    """The simultaneous band, as wide as each bin; its outline is dark enough to be seen without colour."""
    look: dict[str, Any] = {"facecolor": BAND, "edgecolor": BAND_EDGE, "linewidth": 0.6, "zorder": 0.5}
    for effect in effects:
        if effect.estimate and effect.estimate.band:
            band, width = effect.estimate.band, effect.last - effect.first + 1
            axes.bar(effect.first - 0.5, band.upper - band.lower, width, bottom=band.lower, align="edge", **look)


def _points(axes: Axes, effects: Iterable[Effect], size: Size) -> None:
    """The estimates with their pointwise intervals."""
    wide = size.name == "wide"
    shown = [(_middle(effect), effect.estimate) for effect in effects if effect.estimate]
    middles = [middle for middle, _ in shown]
    lower, upper = ([getattr(one.interval, end) for _, one in shown] for end in ("lower", "upper"))
    axes.vlines(middles, lower, upper, color=INK, linewidth=2.4 if wide else 1.4)
    axes.plot(middles, [one.value for _, one in shown], "o", color=INK, markersize=5 if wide else 3, zorder=3)


def _reference(axes: Axes, reference: Iterable[Bin], size: Size) -> None:
    """Zero by definition, so hollow and without an interval."""
    diamond: dict[str, Any] = {
        "marker": "D",
        "markerfacecolor": "white",
        "markeredgecolor": INK,
        "markeredgewidth": 1.4,
    }
    for bin_ in reference:
        axes.plot(_middle(bin_), 0, markersize=6 if size.name == "wide" else 4.5, zorder=3, **diamond)


def _withheld(axes: Axes, effects: Iterable[Effect], size: Size) -> None:
    """A symbol at the foot of the chart where a number is missing; no trace of how large it is."""
    foot = axes.get_xaxis_transform()
    for effect in effects:
        if effect.estimate is None:
            text = symbol(suppressed=effect.suppressed)
            axes.text(_middle(effect), 0.02, text, transform=foot, ha="center", size=size.text - 1, bbox=PAPER)


def _axes(axes: Axes, effects: OutcomeEffects, size: Size) -> None:
    """Ticks that a reader counts in, the unit written flat above the axis."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

    bins: tuple[Bin | Effect, ...] = (*effects.headline, *effects.reference)
    first, last = min(bin_.first for bin_ in bins), max(bin_.last for bin_ in bins)
    axes.use_sticky_edges = False  # a band that ends the axis needs air below it, too
    axes.autoscale_view(scalex=False)
    axes.set_xlim(first - 1, last + 1)
    axes.xaxis.set_major_locator(MultipleLocator(period_tick(last - first, wide=size.name == "wide")))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 0)))
    unit = unit_of(effects.outcome.unit)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    decimals = tick_decimals(axes)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value, unit, decimals=decimals)))
    prices = f", {effects.price_base} prices" if effects.price_base else ""
    axes.set_title(f"{as_heading(effects.outcome.unit)}{prices}", loc="left", color=GUIDE, x=0)
    axes.set_xlabel(f"{as_heading(effects.period_unit)} (1 is the {effects.period_unit} of the index event)")
