"""Treated people before they were treated, as if they had been treated earlier: there is nothing to find."""

from __future__ import annotations

from functools import partial

from pipeline.inference.designs.robustness import Timing
from pipeline.inference.moments.people.views import ChangedPanel, treated_in
from pipeline.vocabulary.panels import Panel, PanelShard
from pipeline.vocabulary.robustness import MovedIndexPlacebo
from pipeline.vocabulary.windows import Window


def view(panel: Panel, run: MovedIndexPlacebo, *, outcome: str, timing: Timing) -> Panel:  # noqa: ARG001 - as every view
    """The panel with the earlier index; from the true index (or what anticipates it) on nobody treated is observed.

    The run's window ends with the last month before those, so what lies outside it is unobserved.
    """
    window = run.window(timing.window, anticipation=timing.anticipation)
    change = partial(_earlier, months=run.months, window=window)
    return ChangedPanel(panel=panel, change=change, n_months=panel.n_months)


def _earlier(shard: PanelShard, *, months: int, window: Window) -> PanelShard:
    return treated_in(shard, shard.treatment_month - months, window=window)
