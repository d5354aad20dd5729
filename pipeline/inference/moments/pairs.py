r"""Sums over pairs of months: from them follows every comparison without covariates, whatever the mask.

For people of one timing group and level, :math:`\sum_i w_i m_{it} m_{ib} y_{it}` for all t and b at once is one matrix
product, and the sum of changes from b to t over people observed in both is its (t, b) entry less its (b, t) entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.adding import Added, Each
from pipeline.inference.moments.blocks import Group
from pipeline.inference.moments.cells import Cells
from pipeline.inference.moments.nuisance import About, ChangeSums
from pipeline.inference.moments.two_by_two import Solved
from pipeline.vocabulary.panels import PanelShard


@dataclass(frozen=True, kw_only=True)
class Pairs(Added):
    r"""One group's people; ``(T, T)`` each. The last four are ``(0, 0)`` where no errors of single cells are wanted.

    Attributes
    ----------
    people, mass, outcome
        :math:`\sum m_t m_b`, :math:`\sum w m_t m_b`, :math:`\sum w m_t m_b y_t`; outcomes less the person's mean.
    squared_mass, squared_outcome, square, product
        :math:`\sum w^2 m_t m_b`, and that times :math:`y_t`, :math:`y_t^2` and :math:`y_t y_b`.
    """

    people: NDArray[np.float64]
    mass: NDArray[np.float64]
    outcome: NDArray[np.float64]
    squared_mass: NDArray[np.float64]
    squared_outcome: NDArray[np.float64]
    square: NDArray[np.float64]
    product: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PairSums:
    """The pairs of every group of people; two shards' add."""

    groups: Mapping[Group, Pairs]

    def __add__(self, other: PairSums) -> PairSums:
        """The sums of both."""
        merged = dict(self.groups)
        for group, pairs in other.groups.items():
            merged[group] = merged[group] + pairs if group in merged else pairs
        return PairSums(groups=merged)


def pair_sums(shard: PanelShard, *, about: About, squares: bool) -> PairSums:
    """The pair sums of one shard."""
    found: dict[Group, Pairs] = {}
    for block in about.blocks(shard):
        for group, rows in block.by_group():
            pairs = _pairs(block.observed[rows], block.outcome[rows], block.weights[rows], squares=squares)
            found[group] = found[group] + pairs if group in found else pairs
    return PairSums(groups=found)


def _pairs(
    observed: NDArray[np.float64], outcome: NDArray[np.float64], weights: NDArray[np.float64], *, squares: bool
) -> Pairs:
    even = bool((weights == 1).all())
    people = observed.T @ observed
    weight = weights[:, None]
    mass = people if even else observed.T @ (observed * weight)
    summed = (outcome if even else outcome * weight).T @ observed
    none = np.zeros((0, 0))
    if not squares:
        return Pairs(
            people=people,
            mass=mass,
            outcome=summed,
            squared_mass=none,
            squared_outcome=none,
            square=none,
            product=none,
        )
    squared = outcome if even else outcome * weight**2
    return Pairs(
        people=people,
        mass=mass,
        outcome=summed,
        squared_mass=mass if even else observed.T @ (observed * weight**2),
        squared_outcome=summed if even else squared.T @ observed,
        square=(squared * outcome).T @ observed,
        product=squared.T @ outcome,
    )


@dataclass(frozen=True, kw_only=True)
class _Picked(Added):
    """The pair sums of one side of a timing group's cells, ``(J,)`` each, as sums of changes."""

    people: NDArray[np.float64]
    mass: NDArray[np.float64]
    change: NDArray[np.float64]
    squared_mass: NDArray[np.float64]
    squared_change: NDArray[np.float64]
    square: NDArray[np.float64]

    def variance(self, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(J,)``: the summed squares of people's influence on a mean change."""
        deviation = self.square - 2 * mean * self.squared_change + mean**2 * self.squared_mass
        variance: NDArray[np.float64] = np.maximum(deviation, 0.0) / np.where(self.mass > 0, self.mass, 1.0) ** 2
        return variance


def _pick(pairs: Pairs | None, cells: Cells, eligible: NDArray[np.bool_]) -> _Picked:
    t, b = cells.columns, cells.bases
    none = np.zeros(len(cells))
    if pairs is None:
        return _Picked(people=none, mass=none, change=none, squared_mass=none, squared_change=none, square=none)
    squares = pairs.product.size > 0
    return _Picked(
        people=pairs.people[t, b] * eligible,
        mass=pairs.mass[t, b] * eligible,
        change=(pairs.outcome[t, b] - pairs.outcome[b, t]) * eligible,
        squared_mass=pairs.squared_mass[t, b] * eligible if squares else none,
        squared_change=(pairs.squared_outcome[t, b] - pairs.squared_outcome[b, t]) * eligible if squares else none,
        square=(pairs.square[t, b] + pairs.square[b, t] - 2 * pairs.product[t, b]) * eligible if squares else none,
    )


def _own(sums: PairSums, cells: Cells) -> _Picked:
    everywhere = np.ones(len(cells), dtype=np.bool_)
    return _pick(sums.groups.get(Group(*cells.cohort)), cells, everywhere)


def _compared(sums: PairSums, cells: Cells) -> _Picked:
    picked = _pick(None, cells, np.zeros(len(cells), dtype=np.bool_))
    for group, pairs in sums.groups.items():
        eligible = cells.compared_with(group.treatment_month, group.level)
        if eligible.any():
            picked += _pick(pairs, cells, eligible)
    return picked


def change_sums_of(sums: PairSums, groups: Sequence[Cells]) -> Each[ChangeSums]:
    """The change sums of every timing group, as :func:`nuisance.change_sums` gives them without covariates."""
    pooled = _pooled(sums, groups)
    parts = []
    for cells in groups:
        own, compared = _own(sums, cells), _compared(pooled, cells)
        parts.append(
            ChangeSums(
                n_treated=np.rint(own.people).astype(np.int64),
                n_comparison=np.rint(compared.people).astype(np.int64),
                treated_mass=own.mass,
                treated_change=own.change,
                treated_design=own.mass[None, :],
                gram=compared.mass[:, None, None],
                cross=compared.change[None, :],
            )
        )
    return Each(parts=tuple(parts))


def cell_variances(sums: PairSums, solved: Sequence[Solved]) -> tuple[NDArray[np.float64], ...]:
    """By timing group, ``(J,)`` variances of its cells, every person a cluster."""
    pooled = _pooled(sums, [part.cells for part in solved])
    return tuple(
        _own(sums, part.cells).variance(part.treated_mean + part.fit.outcome[0])
        + _compared(pooled, part.cells).variance(part.fit.outcome[0])
        for part in solved
    )


def _pooled(sums: PairSums, groups: Sequence[Cells]) -> PairSums:
    """Levels together where all are compared with."""
    if not groups[0].shared:
        return sums
    pooled: dict[Group, Pairs] = {}
    for group, pairs in sums.groups.items():
        whole = Group(group.treatment_month, 0)
        pooled[whole] = pooled[whole] + pairs if whole in pooled else pairs
    return PairSums(groups=pooled)
