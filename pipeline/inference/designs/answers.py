"""What an estimator answers, and what stands in its place where it cannot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.inference.estimators import Fit
from pipeline.vocabulary.effects import EventStudy, Model, Specification
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.panels import Panel


def answers(
    fit: Fit, panel: Panel, outcome: str, *, specification: Specification, models: Sequence[Model]
) -> tuple[EventStudy, ...]:
    """One study a model, without a number where the panel cannot answer for that model.

    All are estimated together; if one of them cannot be, each by itself.
    """
    try:
        return fit(panel, outcome, specification=specification, models=models)
    except NotEstimable:
        if len(models) == 1:
            return (unanswered(panel, outcome, models[0], specification=specification),)
        alone = (answers(fit, panel, outcome, specification=specification, models=[model]) for model in models)
        return tuple(study for (study,) in alone)


def unanswered(panel: Panel, outcome: str, model: Model, *, specification: Specification) -> EventStudy:
    """The study that says nothing of each level and bin: no number, nobody behind it."""
    levels = ("",) if model.subgroup is None else panel.levels[model.subgroup]
    bins = tuple(part for part in specification.window.binned if not part.reference)
    shape, nobody = (len(levels), len(bins)), np.zeros(len(levels), dtype=np.int64)
    return EventStudy(
        estimator="",
        outcome=outcome,
        subgroup=model.subgroup or "all",
        levels=tuple(levels),
        bins=bins,
        anticipation=specification.anticipation,
        att=np.full(shape, np.nan),
        covariance=np.full((len(levels) * len(bins),) * 2, np.nan),
        n_treated=np.zeros(shape, dtype=np.int64),
        n_comparison=np.zeros(shape, dtype=np.int64),
        n_treated_after=nobody,
        n_comparison_after=nobody,
        n_people=0,
        n_singletons=0,
        n_excluded=0,
        n_observations=0,
        n_clusters=0,
        residual_df=0,
        confidence=specification.confidence,
        t_critical=np.nan,
        band_critical=np.full(len(levels), np.nan),
    )
