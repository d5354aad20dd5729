"""The panel's months before another: what came later is not looked at, whoever was treated when."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pipeline.inference.designs.robustness import Timing
from pipeline.inference.moments.people.views import ChangedPanel
from pipeline.vocabulary.panels import Panel, PanelShard
from pipeline.vocabulary.robustness import StoppedBefore


def view(panel: Panel, run: StoppedBefore, *, outcome: str, timing: Timing) -> Panel:  # noqa: ARG001 - as every view
    """The panel without the run's month and those that follow."""
    n_months = min(run.number - panel.first_month, panel.n_months)
    return ChangedPanel(panel=panel, change=partial(_first_months, n_months=n_months), n_months=n_months)


def _first_months(shard: PanelShard, *, n_months: int) -> PanelShard:
    return replace(shard, outcome=shard.outcome[:, :n_months])
