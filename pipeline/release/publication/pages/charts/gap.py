"""What lies between two estimators, by event time: each part as a bar, the gap that they add up to as a point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.release.publication.pages.charts.axes import period_tick, tick_decimals
from pipeline.release.publication.pages.charts.drawing import GUIDE, INK, PAPER, Alternative, Drawing, Size, drawing
from pipeline.release.publication.pages.decomposition.gaps import Gap, OutcomeGaps
from pipeline.release.publication.pages.decomposition.tables import part_heading, parts_present
from pipeline.release.publication.pages.words import amount, as_heading, number, span, symbol, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZES = (
    Size(name="wide", width=760, height=370, text=12.5),
    Size(name="narrow", width=330, height=390, text=11.5),
)

_LOOKS: dict[str, dict[str, Any]] = {
    "timing_group_weights": {"facecolor": INK},
    "other_months_after": {"facecolor": "white", "hatch": "//////"},
    "months_before": {"facecolor": "#C9CED3"},
    "not_told_apart": {"facecolor": "white", "hatch": "....."},
}
"""Told apart by how dark they are and by hatching, so that a copy in grey says the same."""


def gap_chart(gaps: OutcomeGaps, *, key: str) -> tuple[Drawing, ...]:
    """The chart of one outcome in each size; nothing where every gap is withheld."""
    if not any(gap.shown for gap in gaps.gaps):
        return ()

    def draw(axes: Axes, size: Size) -> None:
        axes.axhline(0, color=GUIDE, linewidth=1, zorder=4)
        axes.axvline(0.5, color=GUIDE, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        for gap in gaps.gaps:
            _bars(axes, gap)
        _points(axes, gaps, size)
        _withheld(axes, gaps, size)
        _legend(axes, gaps, size)
        _axes(axes, gaps, size)

    alternative = Alternative(
        key=key,
        title=f"Effect on {gaps.outcome.title}: fixed effects less Sun and Abraham, by {gaps.period_unit}",
        description=described(gaps),
    )
    return tuple(drawing(draw, size=size, alternative=alternative) for size in SIZES)


def described(gaps: OutcomeGaps) -> str:
    """The chart in words: the widest gap, the last, and the parts of both."""
    shown = [(abs(gap.size or 0.0), gap) for gap in gaps.gaps if gap.shown]
    widest, last = max(shown, key=lambda one: one[0])[1], shown[-1][1]
    told = (("widest", widest), ("last", last)) if widest is not last else (("last and widest", last),)
    points = " ".join(f"The {which}, {_told(gap, gaps)}." for which, gap in told)
    withheld = len(gaps.gaps) - len(shown)
    return f"{len(shown)} gaps with their parts. {points}{f' {withheld} more are not shown.' if withheld else ''}"


def _told(gap: Gap, gaps: OutcomeGaps) -> str:
    unit, decimals = unit_of(gaps.outcome.unit), gaps.outcome.decimals
    parts = "; ".join(
        f"{part_heading(part.name, gaps.period_unit).lower()} {amount(part.value or 0.0, unit, decimals=decimals)}"
        for part in gap.parts
    )
    size = amount(gap.size or 0.0, unit, decimals=decimals)
    return f"{span(gap.first, gap.last, unit=gaps.period_unit)}: {size}{unit.suffix}, of which {parts}"


def _bars(axes: Axes, gap: Gap) -> None:
    """Parts above zero stacked upwards, those below downwards."""
    if not gap.shown:
        return
    ends = {True: 0.0, False: 0.0}
    width = (gap.last - gap.first + 1) * 0.82
    for part in gap.parts:
        value = part.value or 0.0
        axes.bar(
            (gap.first + gap.last) / 2, value, width, bottom=ends[value > 0], edgecolor=INK, linewidth=0.7,
            zorder=2, **_LOOKS[part.name],
        )  # fmt: skip
        ends[value > 0] += value


def _points(axes: Axes, gaps: OutcomeGaps, size: Size) -> None:
    """The gap itself, ringed in white so that it stands out on every bar."""
    middles, sizes = zip(*[((g.first + g.last) / 2, g.size) for g in gaps.gaps if g.size is not None], strict=True)
    wide = size.name == "wide"
    axes.plot(
        middles, sizes, "D", color=GUIDE, markeredgecolor="white", markeredgewidth=1.2,
        markersize=7 if wide else 5, zorder=5,
    )  # fmt: skip


def _withheld(axes: Axes, gaps: OutcomeGaps, size: Size) -> None:
    """A symbol at the foot of the chart where parts are withheld."""
    foot = axes.get_xaxis_transform()
    for gap in gaps.gaps:
        if not gap.shown:
            middle, text = (gap.first + gap.last) / 2, symbol(suppressed=True)
            axes.text(middle, 0.02, text, transform=foot, ha="center", size=size.text - 1, bbox=PAPER)


def _legend(axes: Axes, gaps: OutcomeGaps, size: Size) -> None:
    """Below the chart; one entry a line on a telephone."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    keys: list[Any] = [
        Patch(edgecolor=INK, linewidth=0.7, label=part_heading(name, gaps.period_unit), **_LOOKS[name])
        for name in parts_present(gaps)
    ]
    keys.append(Line2D([], [], marker="D", linestyle="", color=GUIDE, markersize=6, label="The gap: all together"))
    axes.figure.legend(
        handles=keys, loc="outside lower left", ncols=2 if size.name == "wide" else 1, frameon=False,
        fontsize=size.text - 0.5, handlelength=1.6, borderaxespad=0,
    )  # fmt: skip


def _axes(axes: Axes, gaps: OutcomeGaps, size: Size) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

    first, last = gaps.gaps[0].first, gaps.gaps[-1].last
    axes.use_sticky_edges = False
    axes.autoscale_view(scalex=False)
    axes.set_xlim(first - 1, last + 1)
    axes.xaxis.set_major_locator(MultipleLocator(period_tick(last - first, wide=size.name == "wide")))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 0)))
    unit = unit_of(gaps.outcome.unit)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10]))
    decimals = tick_decimals(axes)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value, unit, decimals=decimals)))
    prices = f", {gaps.price_base} prices" if gaps.price_base else ""
    axes.set_title(f"{as_heading(gaps.outcome.unit)}{prices}", loc="left", color=GUIDE, x=0)
    axes.set_xlabel(f"{as_heading(gaps.period_unit)} (1 is the {gaps.period_unit} of the index event)")
