"""An event study small enough for a list: points and intervals, no axes; the sentence beside it has the number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.release.publication.pages.charts.drawing import GUIDE, INK, Alternative, Drawing, Size, drawing
from pipeline.release.publication.pages.charts.event_study import described
from pipeline.release.publication.pages.effects import OutcomeEffects

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE = Size(name="small", width=300, height=90, text=10)


def sparkline(effects: OutcomeEffects, *, key: str) -> Drawing:
    """The headline outcome's effects by event time, without axes."""

    def draw(axes: Axes, _: Size) -> None:
        axes.set_axis_off()
        axes.axhline(0, color=GUIDE, linewidth=0.8)
        axes.axvline(0.5, color=GUIDE, linewidth=0.8, linestyle=(0, (4, 3)))
        for effect in effects.headline:
            if effect.estimate:
                middle, interval = (effect.first + effect.last) / 2, effect.estimate.interval
                axes.vlines(middle, interval.lower, interval.upper, color=INK, linewidth=1)
                axes.plot(middle, effect.estimate.value, "o", color=INK, markersize=3)

    alternative = Alternative(
        key=key, title=f"Effect on {effects.outcome.title}, by {effects.period_unit}", description=described(effects)
    )
    return drawing(draw, size=_SIZE, alternative=alternative)
