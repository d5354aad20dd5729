r"""A regression with an effect for every timing group and month: group by group, without its thousands of columns.

With :math:`\Gamma_g, r_g` a group's sums (:mod:`within`), F its own months and C the others, covariates and age, the
group's normal equations give :math:`\delta_F = \Gamma_{FF}^{-1} r_F + D \theta`,
:math:`D = [-\Gamma_{FF}^{-1} \Gamma_{FC}, -I_F]`. What is left of the group in the equations of :math:`\theta` is
:math:`J \Gamma_g J'` and :math:`J r_g`, :math:`J = [I_C, -\Gamma_{CF} \Gamma_{FF}^{-1}; 0, 0]`. One T x T solve
a group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.by_group.pooling import CellFit, Cells, Reduction
from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.regression.columns import Columns
from pipeline.inference.moments.regression.regression import refuse
from pipeline.inference.moments.regression.solve import Inverse, estimable, inverse, rank
from pipeline.inference.moments.regression.within import GroupCounts, WithinSums
from pipeline.vocabulary.errors import Fault, NotEstimable

# With one comparison person, fitted exactly, no error would know how comparison people differ.
_FEWEST_COMPARISON = 2


@dataclass(frozen=True, kw_only=True)
class Saturated:
    """A solved saturated regression.

    Attributes
    ----------
    counts
        Of the groups that took part: those whose level is known.
    fit
        The cells, as :class:`CellFit` pools them.
    paths
        ``(T,)`` a group: what month and cell coefficients add up to.
    theta
        ``(P,)`` a group: the coefficients that it shares.
    rank, regressors, month_effects
        Identified columns; those of them that are not month effects; months (by level) with anybody in them.
    """

    counts: Mapping[Group, GroupCounts]
    fit: CellFit
    paths: Mapping[Group, NDArray[np.float64]]
    theta: Mapping[Group, NDArray[np.float64]]
    rank: int
    regressors: int
    month_effects: int


def saturate(columns: Columns, groups: Mapping[Group, WithinSums]) -> Saturated:
    """The saturated regression that the sums describe, solved by levels where those share nothing.

    Raises
    ------
    NotEstimable
        If nobody is treated, fewer than two people are never treated, no treated person is observed in the reference,
        or no effect is identified.
    """
    known = {group: part for group, part in groups.items() if group.level >= 0}
    refuse(columns, {group: part.counts for group, part in known.items()})
    _refuse_comparison(known)
    levels: Iterable[tuple[int, ...]] = (
        [tuple(range(columns.n_levels))] if columns.common else [(level,) for level in range(columns.n_levels)]
    )
    systems = [_system(columns, {g: part for g, part in known.items() if g.level in level}) for level in levels]
    fit = CellFit(
        columns=columns,
        cells={group: cells for system in systems for group, cells in system.cells.items()},
        reduce={group: reduction for system in systems for group, reduction in system.reduce.items()},
    )
    if not fit.identified.any():
        raise NotEstimable(
            Fault(
                what="no effect is of two treated people or more, compared with two or more never treated, and can be "
                "told from person, month and age effects",
                remedy="Choose wider bins or a larger cohort.",
            )
        )
    return Saturated(
        counts={group: part.counts for group, part in known.items()},
        fit=fit,
        paths={group: path for system in systems for group, path in system.paths.items()},
        theta={group: system.theta for system in systems for group in system.reduce},
        rank=sum(system.rank for system in systems),
        regressors=sum(system.rank - system.month_rank for system in systems),
        month_effects=sum(system.months for system in systems),
    )


def _refuse_comparison(groups: Mapping[Group, WithinSums]) -> None:
    people = sum(part.counts.people for group, part in groups.items() if group.treatment_month is None)
    if people < _FEWEST_COMPARISON:
        remedy = "Add people who are never treated."
        raise NotEstimable(
            Fault(what="fewer than two people are never treated", count=people, unit="found", remedy=remedy)
        )


@dataclass(frozen=True, kw_only=True)
class _System:
    """Groups that share month, covariate and age effects."""

    cells: Mapping[Group, Cells]
    reduce: Mapping[Group, Reduction]
    paths: Mapping[Group, NDArray[np.float64]]
    theta: NDArray[np.float64]
    rank: int
    month_rank: int
    months: int


def _system(columns: Columns, groups: Mapping[Group, WithinSums]) -> _System:
    eliminated = {group: _eliminated(columns, group, part) for group, part in groups.items()}
    width = columns.width
    gram, cross, months = np.zeros((width, width)), np.zeros(width), np.zeros((columns.n_months, columns.n_months))
    for group, part in groups.items():
        reduce = eliminated[group].reduce
        gram += reduce.of(reduce.of(part.gram).T)
        cross += reduce.of(part.cross[:, None])[:, 0]
        months += part.gram[: columns.n_months, : columns.n_months]
    shared = inverse((gram + gram.T) / 2)
    theta = shared.bread @ cross
    compared = _compared(columns, groups)
    return _System(
        cells={
            group: _cells(own, groups[group], shared=shared, gram=gram, theta=theta, compared=compared)
            for group, own in eliminated.items()
            if group.treatment_month is not None
        },
        reduce={group: own.reduce for group, own in eliminated.items()},
        paths={group: _path(columns, own, groups[group], theta=theta) for group, own in eliminated.items()},
        theta=theta,
        rank=shared.rank + sum(own.solved.rank for own in eliminated.values() if len(own.months)),
        month_rank=rank(months),
        months=int((sum((part.counts.observed for part in groups.values()), np.zeros(columns.n_months)) > 0).sum()),
    )


def _compared(columns: Columns, groups: Mapping[Group, WithinSums]) -> NDArray[np.bool_]:
    """``(T,)`` months with enough people never treated."""
    never = [part.counts.observed for group, part in groups.items() if group.treatment_month is None]
    compared: NDArray[np.bool_] = sum(never, np.zeros(columns.n_months)) >= _FEWEST_COMPARISON
    return compared


@dataclass(frozen=True, kw_only=True)
class _Own:
    """What is a group's own: ``months`` F, the inverse of their Gram matrix, ``contrast`` D and ``reduce`` J."""

    months: NDArray[np.int64]
    solved: Inverse
    contrast: NDArray[np.float64]
    reduce: Reduction


def _eliminated(columns: Columns, group: Group, part: WithinSums) -> _Own:
    months = np.zeros(0, dtype=np.int64)
    if group.treatment_month is not None:
        months = np.flatnonzero(columns.bin_months(group.treatment_month).any(axis=1))
    solved = inverse(part.gram[np.ix_(months, months)])
    contrast = -solved.bread @ part.gram[months]
    carried, kept = contrast.copy(), np.ones(columns.width)
    carried[:, months] = kept[months] = 0.0
    contrast[:, months] = -np.eye(len(months))
    reduce = Reduction(kept=kept, months=months, carried=carried)
    return _Own(months=months, solved=solved, contrast=contrast, reduce=reduce)


def _cells(
    own: _Own,
    part: WithinSums,
    *,
    shared: Inverse,
    gram: NDArray[np.float64],
    theta: NDArray[np.float64],
    compared: NDArray[np.bool_],
) -> Cells:
    n_cells, width = own.contrast.shape
    scores = np.zeros((n_cells, width))
    scores[:, own.months] = own.solved.bread
    return Cells(
        months=own.months,
        effects=scores @ part.cross + own.contrast @ theta,
        identified=own.solved.identified & estimable(own.contrast, gram=gram, solved=shared) & compared[own.months],
        mass=part.counts.mass[own.months],
        people=part.counts.observed[own.months],
        own=scores,
        shared=own.contrast @ shared.bread,
    )


def _path(columns: Columns, own: _Own, part: WithinSums, *, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(T,)`` fitted by month: the group's own months where it has any, the months that all share elsewhere."""
    path = theta[: columns.n_months].copy()
    path[own.months] += own.solved.bread @ part.cross[own.months] + own.contrast @ theta
    return path
