"""From a solved regression and its scores to effects with errors, intervals and counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.contributors import bin_people
from pipeline.inference.moments.intervals import clustered_factor, sup_t_critical, t_critical
from pipeline.inference.moments.regression import Regression, covariance
from pipeline.inference.moments.scores import ScoreSums
from pipeline.vocabulary.effects import EventStudy, Specification


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a result is of; ``n_excluded`` people were left out because their level is missing."""

    estimator: str
    outcome: str
    subgroup: str
    levels: tuple[str, ...]
    n_excluded: int


def event_study(regression: Regression, sums: ScoreSums, *, labels: Labels, specification: Specification) -> EventStudy:
    """The effects of a regression; those that the panel does not identify are NaN.

    Raises
    ------
    NotEstimable
        If there are too few clusters or observations for an error.
    """
    shape = (regression.columns.n_levels, len(regression.columns.bins))
    clusters = regression.n_people if sums.clusters is None else len(sums.clusters.codes)
    factor = clustered_factor(
        specification.small_sample,
        observations=regression.n_observations,
        regressors=regression.regressors,
        month_effects=regression.month_effects,
        clusters=clusters,
    )
    matrix = factor * covariance(regression, sums)
    matrix[~regression.identified] = np.nan
    matrix[:, ~regression.identified] = np.nan
    att = np.where(regression.identified, regression.coefficients[: regression.columns.n_events], np.nan)
    people = bin_people(regression.columns, sums.seen)
    return EventStudy(
        estimator=labels.estimator,
        outcome=labels.outcome,
        subgroup=labels.subgroup,
        levels=labels.levels,
        bins=regression.columns.bins,
        att=att.reshape(shape),
        covariance=matrix,
        n_treated=people.treated[:, :-1],
        n_comparison=people.comparison[:, :-1],
        n_treated_after=people.treated[:, -1],
        n_comparison_after=people.comparison[:, -1],
        n_people=regression.n_people,
        n_singletons=regression.n_singletons,
        n_excluded=labels.n_excluded,
        n_observations=regression.n_observations,
        n_clusters=clusters,
        residual_df=regression.n_observations - regression.n_people - regression.solved.rank,
        confidence=specification.confidence,
        t_critical=t_critical(confidence=specification.confidence, df=clusters - 1),
        band_critical=band_critical(matrix, shape, df=clusters - 1, specification=specification),
    )


def band_critical(
    matrix: NDArray[np.float64], shape: tuple[int, int], *, df: int, specification: Specification
) -> NDArray[np.float64]:
    """``(L,)`` critical values of simultaneous bands: each covers the bins of one level of an ``(L, B)`` shape."""
    blocks = matrix.reshape(*shape, *shape)
    known = np.isfinite(np.diag(matrix)).reshape(shape)
    own = [blocks[k, known[k]][:, k, known[k]] for k in range(shape[0])]
    return np.array([sup_t_critical(block, df=df, specification=specification) for block in own])
