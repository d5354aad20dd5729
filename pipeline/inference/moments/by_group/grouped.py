"""From cells with their scores to an event study that can also be read by timing group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.by_group.pooling import CellFit
from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.regression.columns import Columns
from pipeline.inference.moments.regression.contributors import Contributors
from pipeline.inference.moments.regression.effects import Labels, band_critical, has_error, reportable
from pipeline.inference.moments.regression.intervals import t_critical
from pipeline.inference.moments.regression.within import GroupCounts
from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.errors import Fault, NotEstimable
from pipeline.vocabulary.group_effects import GroupedEventStudy, GroupEffects


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Who took part: people, singletons, person-months, clusters, and the degrees of freedom that are left."""

    people: int
    singletons: int
    observations: int
    clusters: int
    residual_df: int


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """Effects by bin: ``att`` and ``identified`` ``(L * B,)``, ``covariance`` ``(L * B, L * B)``."""

    columns: Columns
    att: NDArray[np.float64]
    identified: NDArray[np.bool_]
    covariance: NDArray[np.float64]
    people: Contributors


def refuse_few_clusters(clusters: int) -> None:
    """Refuse an error from fewer than two clusters.

    Raises
    ------
    NotEstimable
        If there are fewer.
    """
    if clusters <= 1:
        remedy = "Choose smaller clusters or a larger cohort."
        raise NotEstimable(
            Fault(what="too few clusters for a standard error", count=clusters, unit="clusters", remedy=remedy)
        )


def grouped_event_study(
    pooled: Pooled, sample: Sample, by_group: GroupEffects | None, *, labels: Labels, specification: Specification
) -> GroupedEventStudy:
    """The result: what is not identified, or by one person alone, is NaN.

    Raises
    ------
    NotEstimable
        If that is everything.
    """
    shape = (pooled.columns.n_levels, len(pooled.columns.bins))
    matrix = pooled.covariance.copy()
    known = reportable(np.diag(matrix), identified=pooled.identified, people=pooled.people)
    matrix[~known] = np.nan
    matrix[:, ~known] = np.nan
    return GroupedEventStudy(
        estimator=labels.estimator,
        outcome=labels.outcome,
        subgroup=labels.subgroup,
        levels=labels.levels,
        bins=pooled.columns.bins,
        att=np.where(known, pooled.att, np.nan).reshape(shape),
        covariance=matrix,
        n_treated=pooled.people.treated[:, :-1],
        n_comparison=pooled.people.comparison[:, :-1],
        n_treated_after=pooled.people.treated[:, -1],
        n_comparison_after=pooled.people.comparison[:, -1],
        n_people=sample.people,
        n_singletons=sample.singletons,
        n_excluded=labels.n_excluded,
        n_observations=sample.observations,
        n_clusters=sample.clusters,
        residual_df=sample.residual_df,
        confidence=specification.confidence,
        t_critical=t_critical(confidence=specification.confidence, df=sample.clusters - 1),
        band_critical=band_critical(matrix, shape, df=sample.clusters - 1, specification=specification),
        anticipation=specification.anticipation,
        by_group=by_group,
    )


def group_effects(
    fit: CellFit, variance: NDArray[np.float64], comparison: NDArray[np.float64], *, kept: NDArray[np.bool_]
) -> GroupEffects:
    """The cells of everybody, in order of treatment month and month.

    ``variance`` is ``(M,)``, ``comparison`` ``(T,)`` people to compare with by month; cells that are not ``kept``
    ``(M,)`` are NaN.
    """
    groups = [group.treatment_month or 0 for group in fit.cells]
    cells = list(fit.cells.values())
    months = np.concatenate([part.months for part in cells])
    treatment_month = np.repeat(groups, [len(part.months) for part in cells])
    people = np.concatenate([part.people for part in cells])
    order = np.lexsort((months, treatment_month))
    order = order[people[order] > 0]
    kept = has_error(variance, known=kept)
    effects = np.concatenate([part.effects for part in cells])
    return GroupEffects(
        treatment_month=treatment_month[order].astype(np.int64),
        month=fit.columns.first_month + months[order],
        att=np.where(kept, effects, np.nan)[order],
        std_error=np.sqrt(np.where(kept, variance, np.nan))[order],
        n_treated=people[order].astype(np.int64),
        n_comparison=comparison[months][order].astype(np.int64),
    )


def told_apart(fit: CellFit) -> NDArray[np.bool_]:
    """``(M,)`` cells that are identified and have two people or more."""
    return np.concatenate([part.identified & (part.people > 1) for part in fit.cells.values()])


def observed_by_month(counts: Mapping[Group, GroupCounts], *, n_months: int, never: bool) -> NDArray[np.float64]:
    """``(T,)`` people observed; of those ``never`` treated only, if asked."""
    parts = [part.observed for group, part in counts.items() if not never or group.treatment_month is None]
    return np.sum(parts, axis=0) if parts else np.zeros(n_months)
