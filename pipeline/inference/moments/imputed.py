r"""Effects as observed less imputed outcomes, with the conservative errors of their influence functions.

Borusyak, Jaravel and Spiess (2024, doi 10.1093/restud/rdae007). With :math:`\theta` month and age effects of the
regression on untreated person-months, H the inverse of its Gram matrix and :math:`s_i` a person's score in it, the
effect :math:`\tau_{gt}` of a timing group in a month is the mean of :math:`\tau_{it} = (y_{it} - \bar y_{i0}) -
(z_{it} - \bar z_{i0})' \theta`, and person i's influence on it (their theorem 3) is
:math:`w_i (\tau_{it} - \tilde\tau_{gt}) / W_{gt} - \bar z_{gt}' H s_i`. The centring (their eq. 8) is by timing group
and month, :math:`\tilde\tau_{gt} = \sum_i w_i^2 \tau_{it} / \sum_i w_i^2`: the finest that is conservative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.blocks import Group
from pipeline.inference.moments.columns import Columns
from pipeline.inference.moments.pooling import CellFit, Cells
from pipeline.inference.moments.scores import FittedGroup, People
from pipeline.inference.moments.solve import Inverse, estimable, inverse
from pipeline.inference.moments.untreated import ImputationSums, part, untreated_months
from pipeline.vocabulary.errors import Fault, NotEstimable
from pipeline.vocabulary.group_time import FEWEST


@dataclass(frozen=True, kw_only=True)
class Imputed:
    """Solved: ``fit`` pools the cells, ``theta`` ``(P,)`` and ``centres`` ``(T,)`` are by group.

    ``rank`` is how many month and age effects are identified.
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
        gram = sum((sums.untreated.gram for sums in own.values()), np.zeros((_width(columns), _width(columns))))
        solved = inverse(gram)
        shared = solved.bread @ sum((sums.untreated.cross for sums in own.values()), np.zeros(_width(columns)))
        people = sum((sums.untreated.counts.observed for sums in own.values()), np.zeros(columns.n_months))
        compared = people >= FEWEST
        rank += solved.rank
        for group, sums in own.items():
            theta[group] = shared
            if group.treatment_month is not None:
                months = np.flatnonzero((untreated[group] == 0) & _inside(columns, group))
                cells[group] = _cells(sums, months, gram=gram, solved=solved, theta=shared, compared=compared)
    reduce = {group: np.diag(np.concatenate([untreated[group], np.ones(columns.n_spline)])) for group in known}
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


def _width(columns: Columns) -> int:
    return columns.n_months + columns.n_spline


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
    """What imputation says of one group; ``path`` and ``spline`` are its month and age effects.

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
        The regression with effects before the index on the same people's untreated months, if there is one.
    """

    untreated: NDArray[np.float64]
    centres: NDArray[np.float64]
    squares: NDArray[np.float64] | None = None
    lead: FittedGroup | None = None

    def scores(self, people: People) -> NDArray[np.float64]:
        """``(n, P)`` scores: weighted residuals by month, of effects where treated, and of age from untreated months.

        With leads ``(n, 2 P)``: those of their regression stand beside.
        """
        parted = part(people.observed, people.outcome, self.untreated)
        path: NDArray[np.float64] = self.path
        if people.spline is not None:
            path = np.tensordot(self.spline, people.spline, axes=1) + self.path
        fitted = path * people.observed
        mean = (fitted * parted.base).sum(axis=1) / np.maximum(parted.size, 1.0)
        used = parted.base + parted.treated
        residual = (parted.deviation - (fitted - mean[:, None])) * used
        residual -= parted.treated * self.centres
        if self.squares is not None:
            residual *= self._left_out(people, parted.treated)
        residual *= people.weights[:, None]
        found = [residual]
        if people.spline is not None:
            found.append(np.einsum("pnt,nt->np", people.spline, residual * self.untreated))
        if self.lead is not None:
            before = People(
                observed=parted.before,
                size=np.maximum(parted.size, 1.0),
                outcome=parted.deviation * parted.before,
                weights=people.weights,
                cluster=people.cluster,
                spline=people.spline,
            )
            found.append(self.lead.scores(before))
        return np.concatenate(found, axis=1)

    def _left_out(self, people: People, treated: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n, T)`` what makes a deviation from everybody's mean one from the others' (their appendix A.9)."""
        assert self.squares is not None
        others = self.squares - people.weights[:, None] ** 2
        ratio = np.divide(self.squares, others, out=np.ones_like(others), where=(others > 0) & (treated > 0))
        return np.where(treated > 0, ratio, 1.0)

    def seen(self, people: People) -> NDArray[np.float64]:
        """``(S,)`` people of use observed in each set of months: those with an untreated month."""
        parted = part(people.observed, people.outcome, self.untreated)
        counted: NDArray[np.float64] = ((parted.base + parted.treated) @ self.sets > 0).sum(axis=0, dtype=np.float64)
        return counted
