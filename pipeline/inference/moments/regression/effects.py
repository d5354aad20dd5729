"""From a solved regression and its scores to effects with errors, intervals and counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.regression.contributors import Contributors, bin_people
from pipeline.inference.moments.regression.intervals import clustered_factor, sup_t_critical, t_critical
from pipeline.inference.moments.regression.regression import Regression, covariance
from pipeline.inference.moments.regression.scores import ScoreSums
from pipeline.vocabulary.effects import EventStudy, Specification
from pipeline.vocabulary.errors import Fault, NotEstimable

# Below this share of the largest variance an effect has no error of its own; rounding leaves 1e-16.
_NO_VARIANCE = 1e-13


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a result is of; ``n_excluded`` people were left out because their level is missing."""

    estimator: str
    outcome: str
    subgroup: str
    levels: tuple[str, ...]
    n_excluded: int


def event_study(regression: Regression, sums: ScoreSums, *, labels: Labels, specification: Specification) -> EventStudy:
    """The effects of a regression; those that the panel does not identify, or one person alone does, are NaN.

    Raises
    ------
    NotEstimable
        If there are too few clusters or observations for an error, or one person alone is on a side of every bin.
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
    people = bin_people(regression.columns, sums.seen)
    matrix = factor * covariance(regression, sums)
    known = reportable(np.diag(matrix), identified=regression.identified, people=people)
    matrix[~known] = np.nan
    matrix[:, ~known] = np.nan
    att = np.where(known, regression.coefficients[: regression.columns.n_events], np.nan)
    return EventStudy(
        estimator=labels.estimator,
        outcome=labels.outcome,
        subgroup=labels.subgroup,
        levels=labels.levels,
        bins=regression.columns.bins,
        anticipation=specification.anticipation,
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


def reportable(
    variance: NDArray[np.float64], *, identified: NDArray[np.bool_], people: Contributors
) -> NDArray[np.bool_]:
    """``(L * B,)`` effects that are identified, by two people or more on either side, and have an error.

    Raises
    ------
    NotEstimable
        If there is none.
    """
    known = has_error(variance, known=identified & people.told)
    if not known.any():
        what = "no event-time bin has two treated people and two to compare them with, and an error of its own"
        raise NotEstimable(Fault(what=what, remedy="Choose wider bins or a larger cohort."))
    return known


def has_error(variance: NDArray[np.float64], *, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which known effects have an error: where few people are observed, a model may fit all of an effect's exactly."""
    found: NDArray[np.bool_] = known & (variance >= _NO_VARIANCE * variance[known].max(initial=0.0))
    return found


def band_critical(
    matrix: NDArray[np.float64], shape: tuple[int, int], *, df: int, specification: Specification
) -> NDArray[np.float64]:
    """``(L,)`` critical values of simultaneous bands: each covers the bins of one level of an ``(L, B)`` shape."""
    blocks = matrix.reshape(*shape, *shape)
    known = np.isfinite(np.diag(matrix)).reshape(shape)
    own = [blocks[k, known[k]][:, k, known[k]] for k in range(shape[0])]
    return np.array([sup_t_critical(block, df=df, specification=specification) for block in own])
