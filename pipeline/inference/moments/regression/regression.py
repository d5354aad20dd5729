"""A regression on event bins, months, covariates and age with person effects: from sums, its errors from scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.regression.columns import Columns
from pipeline.inference.moments.regression.contributors import sets_by_group
from pipeline.inference.moments.regression.scores import Fitted, FittedGroup, ScoreSums
from pipeline.inference.moments.regression.solve import Inverse, inverse, rank
from pipeline.inference.moments.regression.within import GroupCounts, WithinSums
from pipeline.vocabulary.errors import Fault, NotEstimable


@dataclass(frozen=True, kw_only=True)
class Regression:
    """A solved regression.

    Attributes
    ----------
    counts
        Of the groups that took part: those whose level is known.
    coefficients
        ``(K,)``; meaningless where not identified.
    identified
        ``(L * B,)`` which event coefficients the panel identifies.
    regressors, month_effects
        Identified columns of events, covariates and age; months (by level, if levels do not share them) with anybody
        in them.
    """

    columns: Columns
    counts: Mapping[Group, GroupCounts]
    solved: Inverse
    coefficients: NDArray[np.float64]
    identified: NDArray[np.bool_]
    regressors: int
    month_effects: int

    @property
    def n_people(self) -> int:
        """People in the regression."""
        return sum(group.people for group in self.counts.values())

    @property
    def n_singletons(self) -> int:
        """People observed in one month only, who can contribute nothing."""
        return sum(group.singletons for group in self.counts.values())

    @property
    def n_observations(self) -> int:
        """Person-months in the regression."""
        return round(sum(float(group.observed.sum()) for group in self.counts.values()))


def regress(columns: Columns, groups: Mapping[Group, WithinSums]) -> Regression:
    """The regression that the sums describe.

    Raises
    ------
    NotEstimable
        If nobody is treated, nobody is never treated, no treated person is observed in the reference, or no effect is
        identified.
    """
    sums = {group: part for group, part in groups.items() if group.level >= 0}
    counts = {group: part.counts for group, part in sums.items()}
    refuse(columns, counts)
    gram = columns.gram({group: part.gram for group, part in sums.items()})
    solved = inverse(gram)
    identified = solved.identified[: columns.n_events] & _compared(columns, counts)
    if not identified.any():
        what = "no event-time bin's effect can be told from person, month and age effects"
        raise NotEstimable(Fault(what=what, remedy="Choose wider bins or a larger cohort."))
    shared_levels = range(1 if columns.common else columns.n_levels)
    return Regression(
        columns=columns,
        counts=counts,
        solved=solved,
        coefficients=solved.bread @ columns.cross({group: part.cross for group, part in sums.items()}),
        identified=identified,
        regressors=solved.rank - sum(rank(gram[columns.months(k), columns.months(k)]) for k in shared_levels),
        month_effects=sum(int((_observed(columns, counts, level=k) > 0).sum()) for k in shared_levels),
    )


def _observed(columns: Columns, counts: Mapping[Group, GroupCounts], *, level: int) -> NDArray[np.float64]:
    """``(T,)`` people observed by month among those who share a level's month effects."""
    parts = [part.observed for group, part in counts.items() if columns.common or group.level == level]
    return np.sum(parts, axis=0) if parts else np.zeros(columns.n_months)


def _compared(columns: Columns, counts: Mapping[Group, GroupCounts]) -> NDArray[np.bool_]:
    """``(L * B,)``: somebody never treated shares the level's month effects."""
    levels = {group.level for group, part in counts.items() if group.treatment_month is None and part.people}
    known = [bool(levels) if columns.common else level in levels for level in range(columns.n_levels)]
    return np.repeat(known, len(columns.bins))


def refuse(columns: Columns, counts: Mapping[Group, GroupCounts]) -> None:
    """Refuse people who cannot answer.

    Raises
    ------
    NotEstimable
        If nobody is treated, nobody is never treated, or no treated person is observed in the reference.
    """
    treated = {group: part for group, part in counts.items() if group.treatment_month is not None and part.people}
    if not treated:
        raise NotEstimable(
            Fault(what="nobody is treated and observed in two months or more", remedy="Check the cohort.")
        )
    if not any(part.people for group, part in counts.items() if group.treatment_month is None):
        remedy = "Add people never treated, or choose an estimator that compares with people not yet treated."
        raise NotEstimable(Fault(what="nobody is never treated: there is nobody to compare with", remedy=remedy))
    first, last = columns.window.reference
    month = columns.first_month + np.arange(columns.n_months)
    referenced = 0.0
    for group, part in treated.items():
        event_time = month - (group.treatment_month or 0) + 1
        referenced += part.observed[(event_time >= first) & (event_time <= last)].sum()
    if not referenced:
        raise NotEstimable(
            Fault(
                what=f"no treated person is observed in the reference, event times {first} to {last}",
                remedy="Choose another reference or a longer panel.",
            )
        )


def fitted(regression: Regression, *, characteristic: str | None, clustered: bool) -> Fitted:
    """What the second pass needs to know of a regression, group by group."""
    columns, coefficients = regression.columns, regression.coefficients
    bread = regression.solved.bread[: columns.n_events]
    groups = {
        group: FittedGroup(
            path=columns.path(group, coefficients),
            slopes=columns.slopes(coefficients[columns.shared(group.level)]),
            spline=columns.spline(coefficients[columns.shared(group.level)]),
            sets=sets,
            influence=columns.influence(group, bread) if clustered else None,
        )
        for group, sets in sets_by_group(columns, regression.counts).items()
    }
    return Fitted(characteristic=characteristic, groups=groups)


def covariance(regression: Regression, sums: ScoreSums) -> NDArray[np.float64]:
    r"""``(L * B, L * B)`` clustered covariance of the event coefficients, without a small-sample factor.

    Each person a cluster: :math:`H (\sum_g A_g V_g A_g') H'`. Clusters of people: their summed influence squared.
    """
    if sums.clusters is not None:
        return sums.clusters.sums.T @ sums.clusters.sums
    bread = regression.solved.bread[: regression.columns.n_events]
    return bread @ regression.columns.gram(sums.second) @ bread.T
