"""Everybody weighted by one over the link rate of people like them: those who are not linked are stood for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.inference.designs.robustness import Timing
from pipeline.inference.moments.people.views import ChangedPanel
from pipeline.vocabulary.errors import Fault, NotEstimable
from pipeline.vocabulary.panels import LINKAGE_WEIGHT, Panel, PanelShard
from pipeline.vocabulary.robustness import LinkageWeighted


def view(panel: Panel, run: LinkageWeighted, *, outcome: str, timing: Timing) -> Panel:  # noqa: ARG001 - as every view
    """The panel with linkage weights, times the weights that it has; the estimators take both as known.

    Raises
    ------
    NotEstimable
        If some people have none: the run then has rows without numbers.
    """
    return ChangedPanel(panel=panel, change=_weighted, n_months=panel.n_months, needs=(LINKAGE_WEIGHT,))


def _weighted(shard: PanelShard) -> PanelShard:
    weights = shard.linkage_weight
    if weights is None or not np.isfinite(weights).all():
        lacking = len(shard.treatment_month) if weights is None else int((~np.isfinite(weights)).sum())
        remedy = "Make the panel from a spine, or leave the run out."
        raise NotEstimable(Fault(what="people have no linkage weight", count=lacking, unit="people", remedy=remedy))
    return replace(shard, weights=weights if shard.weights is None else weights * shard.weights)
