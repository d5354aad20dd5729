r"""Effects as observed less imputed outcomes, with the conservative errors of their influence functions.

Borusyak, Jaravel and Spiess (2024, doi 10.1093/restud/rdae007). With :math:`\theta` month, covariate and age effects
of the regression on untreated person-months, H the inverse of its Gram matrix and :math:`s_i` a person's score in it,
the effect :math:`\tau_{gt}` of a timing group in a month is the mean of :math:`\tau_{it} = (y_{it} - \bar y_{i0}) -
(z_{it} - \bar z_{i0})' \theta`, and person i's influence on it (their theorem 3) is
:math:`w_i (\tau_{it} - \tilde\tau_{gt}) / W_{gt} - \bar z_{gt}' H s_i`. The centring (their eq. 8) is by timing group
and month, :math:`\tilde\tau_{gt} = \sum_i w_i^2 \tau_{it} / \sum_i w_i^2`: the finest that is conservative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.by_group.pooling import CellFit, Cells, Reduction
from pipeline.inference.moments.by_group.untreated import ImputationSums, Parted, part, untreated_months
from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.regression.columns import Columns
from pipeline.inference.moments.regression.scores import FittedGroup, People, scores_beside
from pipeline.inference.moments.regression.solve import Inverse, estimable, inverse
from pipeline.vocabulary.errors import Fault, NotEstimable
from pipeline.vocabulary.group_time import FEWEST


@dataclass(frozen=True, kw_only=True)
class Imputed:
    """Solved: ``fit`` pools the cells, ``theta`` ``(P,)`` and ``centres`` ``(T,)`` are by group.

    ``rank`` is how many month, covariate and age effects are identified.
    """

    sums: Mapping[Group, ImputationSums]
    fit: CellFit
    theta: Mapping[Group, NDArray[np.float64]]
    centres: Mapping[Group, NDArray[np.float64]]
    untreated: Mapping[Group, NDArray[np.float64]]
    rank: int


def impute(columns: Columns, groups: Mapping[Group, ImputationSums], *, anticipation: int) -> Imputed:
    """The effects that the sums describe, solved by levels where those share nothing.

    Raises
    ------
    NotEstimable
        If nobody is treated, nobody treated is observed before, or no effect is identified.
    """
    known = {group: sums for group, sums in groups.items() if group.level >= 0}
    _refuse(known)
    untreated = {
        group: untreated_months(
            group.treatment_month,
            first_month=columns.first_month,
            n_months=columns.n_months,
            anticipation=anticipation,
        )
        for group in known
    }
    cells, theta, rank = {}, {}, 0
    for levels in [set(range(columns.n_levels))] if columns.common else [{k} for k in range(columns.n_levels)]:
        own = {group: sums for group, sums in known.items() if group.level in levels}
        gram = sum((sums.untreated.gram for sums in own.values()), np.zeros((columns.width, columns.width)))
        solved = inverse(gram)
        shared = solved.bread @ sum((sums.untreated.cross for sums in own.values()), np.zeros(columns.width))
        people = sum((sums.untreated.counts.observed for sums in own.values()), np.zeros(columns.n_months))
        compared = people >= FEWEST
        rank += solved.rank
        for group, sums in own.items():
            theta[group] = shared
            if group.treatment_month is not None:
                months = np.flatnonzero((untreated[group] == 0) & _inside(columns, group))
                cells[group] = _cells(sums, months, gram=gram, solved=solved, theta=shared, compared=compared)
    reduce = {group: _reduction(columns, untreated[group]) for group in known}
    fit = CellFit(columns=columns, cells=cells, reduce=reduce)
    if not fit.identified.any():
        raise NotEstimable(
            Fault(
                what="no effect can be imputed: in no month are two people or more treated and two or more untreated",
                remedy="Choose a larger cohort, with people who are treated later or never.",
            )
        )
    centres = {group: sums.squared.effects(theta[group]) for group, sums in known.items()}
    return Imputed(sums=known, fit=fit, theta=theta, centres=centres, untreated=untreated, rank=rank)


def _refuse(groups: Mapping[Group, ImputationSums]) -> None:
    treated = [sums for group, sums in groups.items() if group.treatment_month is not None]
    if not sum(sums.untreated.counts.people + sums.once + sums.without for sums in treated):
        raise NotEstimable(
            Fault(what="nobody is treated and observed in two months or more", remedy="Check the cohort.")
        )
    if not sum(float(sums.observed.sum()) for sums in treated):
        raise NotEstimable(
            Fault(what="nobody treated is observed both before and after", remedy="Choose a longer panel.")
        )


def _reduction(columns: Columns, untreated: NDArray[np.float64]) -> Reduction:
    """Scores of treated months count for effects only; those of covariates and age are of untreated months."""
    kept = np.ones(columns.width)
    kept[: columns.n_months] = untreated
    return Reduction(kept=kept, months=np.zeros(0, dtype=np.int64), carried=np.zeros((0, columns.width)))


def _inside(columns: Columns, group: Group) -> NDArray[np.bool_]:
    """``(T,)`` months of a bin outside the reference."""
    assert group.treatment_month is not None
    inside: NDArray[np.bool_] = columns.bin_months(group.treatment_month).sum(axis=1) > 0
    return inside


def _cells(
    sums: ImputationSums,
    months: NDArray[np.int64],
    *,
    gram: NDArray[np.float64],
    solved: Inverse,
    theta: NDArray[np.float64],
    compared: NDArray[np.bool_],
) -> Cells:
    reach, mass = sums.treated, sums.treated.mass[months]
    share = np.divide(1.0, mass, out=np.zeros_like(mass), where=mass > 0)
    contrasts = reach.columns[months] * share[:, None]
    own = np.zeros_like(contrasts)
    own[np.arange(len(months)), months] = share
    return Cells(
        months=months,
        effects=reach.effects(theta)[months],
        identified=estimable(contrasts, gram=gram, solved=solved) & (mass > 0) & compared[months],
        mass=mass,
        people=sums.observed[months],
        own=own,
        shared=-contrasts @ solved.bread,
    )


@dataclass(frozen=True, kw_only=True)
class ImputedGroup(FittedGroup):
    """What imputation says of one group; ``path``, ``slopes`` and ``spline`` are its month, covariate and age effects.

    Attributes
    ----------
    untreated
        ``(T,)`` of 0 and 1: months in which the group is not treated yet.
    centres
        ``(T,)`` the effects that people's own are measured against.
    squares
        ``(T,)`` squared weights of the people treated, added up, if each person is measured against the mean of the
        others; else ``None``.
    lead
        The regression with effects before the index on the same people's untreated months, if there is one; with an
        ``influence`` where that has fewer rows than there are scores.
    """

    untreated: NDArray[np.float64]
    centres: NDArray[np.float64]
    squares: NDArray[np.float64] | None = None
    lead: FittedGroup | None = None

    def scores(self, people: People) -> NDArray[np.float64]:
        """``(n, P)`` weighted scores: residuals by month, deviations of effects where treated; others where untreated.

        With leads, those of their regression stand beside, ``(n, P)``, or the influence on leads that they come to.
        """
        if self.untreated.all():
            own, before = super().scores(people), people
        else:
            parted = part(people.observed, people.outcome, self.untreated)
            own, before = self._deviations(people, parted), _before(people, parted)
        if self.lead is None:
            return own
        scores = self.lead.scores(before)
        beside = scores if self.lead.influence is None else scores @ self.lead.influence.T
        return np.concatenate([own, beside], axis=1)

    def _deviations(self, people: People, parted: Parted) -> NDArray[np.float64]:
        """``(n, P)`` scores of people who are treated in some months."""
        fitted = self.explained(people) * people.observed
        mean = (fitted * parted.base).sum(axis=1) / np.maximum(parted.size, 1.0)
        residual = (parted.deviation - (fitted - mean[:, None])) * (parted.base + parted.treated)
        residual -= parted.treated * self.centres
        if self.squares is not None:
            residual *= self._left_out(people, parted.treated)
        residual *= people.weights[:, None]
        return np.concatenate([residual, *scores_beside(people, residual * self.untreated)], axis=1)

    def _left_out(self, people: People, treated: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n, T)`` what makes a deviation from everybody's mean one from the others' (their appendix A.9)."""
        assert self.squares is not None
        others = self.squares - people.weights[:, None] ** 2
        ratio = np.divide(self.squares, others, out=np.ones_like(others), where=(others > 0) & (treated > 0))
        return np.where(treated > 0, ratio, 1.0)

    def seen(self, people: People) -> NDArray[np.float64]:
        """``(S,)`` people of use observed in each set of months: those with an untreated month."""
        used = people.observed[people.observed @ self.untreated > 0]
        counted: NDArray[np.float64] = (used @ self.sets > 0).sum(axis=0, dtype=np.float64)
        return counted


def _before(people: People, parted: Parted) -> People:
    """The people in their untreated months, of those who have two or more."""
    size, outcome = np.maximum(parted.size, 1.0), parted.deviation * parted.before
    return replace(people, observed=parted.before, size=size, outcome=outcome)
