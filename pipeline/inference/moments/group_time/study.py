"""The study that group-time effects make: effects, errors, bands, counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.influence import InfluenceSums
from pipeline.inference.moments.group_time.summaries import Report
from pipeline.inference.moments.group_time.two_by_two import Solved
from pipeline.inference.moments.people.census import Census
from pipeline.inference.moments.regression.effects import Labels
from pipeline.inference.moments.regression.intervals import sup_t_critical, t_critical
from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.errors import Fault, NotEstimable
from pipeline.vocabulary.group_time import FEWEST, GroupTimes, GroupTimeStudy, Summed


def group_time_study(
    of: Report,
    sums: InfluenceSums,
    *,
    solved: Sequence[Solved],
    census: Census,
    labels: Labels,
    specification: Specification,
) -> GroupTimeStudy:
    """The study; a bin with fewer than two people on either side is null.

    Raises
    ------
    NotEstimable
        If there are too few clusters for an error, or no bin has an effect.
    """
    clusters = census.n_people if sums.clusters is None else len(sums.clusters.codes)
    if clusters <= 1:
        remedy = "Choose smaller clusters or a larger cohort."
        raise NotEstimable(
            Fault(what="too few clusters for a standard error", count=clusters, unit="clusters", remedy=remedy)
        )
    summed = sums.covariance
    covariance = of.covariance(summed)
    shape = (of.n_levels, len(of.bins))
    n_effects = len(of.effects)
    att = np.array([part.att for part in of.effects])
    known = np.isfinite(att) & (np.minimum(sums.treated, sums.comparison)[:, :-1].ravel() >= FEWEST)
    if not known.any():
        raise NotEstimable(
            Fault(
                what="no event-time bin has two treated people and two to compare them with, observed in both months",
                remedy="Choose other bins, another comparison or a larger cohort.",
            )
        )
    effects = covariance[:n_effects, :n_effects].copy()
    effects[~known] = effects[:, ~known] = np.nan
    df = clusters - 1
    own = effects.reshape(*shape, *shape)
    shown = known.reshape(shape)
    return GroupTimeStudy(
        estimator=labels.estimator,
        outcome=labels.outcome,
        subgroup=labels.subgroup,
        levels=labels.levels,
        bins=of.bins,
        att=np.where(known, att, np.nan).reshape(shape),
        covariance=effects,
        n_treated=sums.treated[:, :-1],
        n_comparison=sums.comparison[:, :-1],
        n_treated_after=sums.treated[:, -1],
        n_comparison_after=sums.comparison[:, -1],
        n_people=census.n_people,
        n_singletons=census.singletons,
        n_excluded=census.excluded,
        n_observations=int(census.months.sum()),
        n_clusters=clusters,
        residual_df=_residual_df(of, census),
        confidence=specification.confidence,
        t_critical=t_critical(confidence=specification.confidence, df=df),
        band_critical=np.array(
            [
                sup_t_critical(own[k, shown[k]][:, k, shown[k]], df=df, specification=specification)
                for k in range(shape[0])
            ]
        ),
        anticipation=specification.anticipation,
        cells=_cells(of, sums, summed, solved=solved, df=df, specification=specification),
        summed=_summed(of, covariance, df=df, specification=specification),
    )


def _residual_df(of: Report, census: Census) -> int:
    """Person-months less people, months and group-time effects: what the saturated regression leaves."""
    spent = census.n_people + int((census.months > 0).sum()) + int(np.isfinite(of.grid.att).sum())
    return int(census.months.sum()) - spent


def _cells(
    of: Report,
    sums: InfluenceSums,
    summed: NDArray[np.float64],
    *,
    solved: Sequence[Solved],
    df: int,
    specification: Specification,
) -> GroupTimes:
    covariance = of.cell_covariance(summed)
    att, known = of.grid.att, np.isfinite(of.grid.att)
    if covariance is not None:
        std_error = np.where(known, np.sqrt(np.maximum(np.diag(covariance), 0.0)), np.nan)
        band = sup_t_critical(covariance[np.ix_(known, known)], df=df, specification=specification)
        covariance[~known] = covariance[:, ~known] = np.nan
    else:
        std_error, band = np.full(len(att), np.nan), float("nan")
        if sums.squares is not None and sums.clusters is None and of.from_squares:
            own = np.concatenate([part.cells for part in sums.squares.parts])
            std_error = np.where(known, np.sqrt(own), np.nan)
    return GroupTimes(
        level=of.grid.level,
        treatment_month=of.grid.treatment_month,
        month=of.grid.month,
        event_time=of.grid.event_time,
        att=att,
        std_error=std_error,
        covariance=covariance,
        n_treated=np.concatenate([part.n_treated for part in solved]),
        n_comparison=np.concatenate([part.n_comparison for part in solved]),
        band_critical=band,
    )


def _summed(
    of: Report, covariance: NDArray[np.float64], *, df: int, specification: Specification
) -> dict[str, tuple[Summed, ...]]:
    place = len(of.effects)
    found = {}
    for kind, levels in of.series.items():
        parts = []
        for series in levels:
            stop = place + len(series.parts)
            own = covariance[place:stop, place:stop]
            overall = np.isfinite(series.overall.att)
            parts.append(
                Summed(
                    index=series.index,
                    att=np.array([part.att for part in series.parts]),
                    covariance=own,
                    overall_att=series.overall.att,
                    overall_std_error=float(np.sqrt(covariance[stop, stop])) if overall else float("nan"),
                    band_critical=sup_t_critical(own, df=df, specification=specification),
                )
            )
            place = stop + 1
        found[kind] = tuple(parts)
    return found
