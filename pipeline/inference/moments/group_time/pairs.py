r"""Sums over pairs of months: from them follows every comparison without covariates, whatever the mask.

For people of one timing group and level, :math:`\sum_i w_i m_{it} m_{ib} y_{it}` for all t and b at once is one matrix
product, and the sum of changes from b to t over people observed in both is its (t, b) entry less its (b, t) entry.
People who are observed in the same months enter it as one row, their outcomes added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.blocks import Block, Run, people_blocks
from pipeline.inference.moments.group_time.cells import Cells
from pipeline.inference.moments.group_time.nuisance import ChangeSums
from pipeline.inference.moments.group_time.two_by_two import Solved
from pipeline.inference.moments.people.adding import Added, Each
from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.people.census import Census, census
from pipeline.inference.moments.people.design import NO_COVARIATES
from pipeline.vocabulary.panels import PanelShard


@dataclass(frozen=True, kw_only=True)
class Pairs(Added):
    r"""One group's people; ``(T, T)`` each.

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

    def where(self, pairs: NDArray[np.bool_]) -> Pairs:
        """Those of some pairs ``(T, T)`` of months, 0 elsewhere."""
        return Pairs(**{part.name: getattr(self, part.name) * pairs for part in fields(self)})


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


def pair_sums(shard: PanelShard, *, subgroup: str | None) -> PairSums:
    """The pair sums of one shard."""
    found: dict[Group, Pairs] = {}
    for block in people_blocks(shard, NO_COVARIATES, subgroup=subgroup):
        for run in block.runs():
            pairs = _pairs(block, run)
            found[run.group] = found[run.group] + pairs if run.group in found else pairs
    return PairSums(groups=found)


def _pairs(block: Block, run: Run) -> Pairs:
    outcome, weights = block.outcome[run.rows], block.weights[run.rows]
    masks, sizes = block.observed[run.rows][run.starts], run.sizes[:, None]
    people = masks.T @ (masks * sizes)
    if (weights == 1).all():
        summed = np.add.reduceat(outcome, run.starts).T @ masks
        return Pairs(
            people=people,
            mass=people,
            outcome=summed,
            squared_mass=people,
            squared_outcome=summed,
            square=np.add.reduceat(outcome**2, run.starts).T @ masks,
            product=outcome.T @ outcome,
        )
    weight = weights[:, None]
    weighted = outcome * weight
    return Pairs(
        people=people,
        mass=masks.T @ (masks * np.add.reduceat(weight, run.starts)),
        outcome=np.add.reduceat(weighted, run.starts).T @ masks,
        squared_mass=masks.T @ (masks * np.add.reduceat(weight**2, run.starts)),
        squared_outcome=np.add.reduceat(weighted * weight, run.starts).T @ masks,
        square=np.add.reduceat(weighted**2, run.starts).T @ masks,
        product=weighted.T @ weighted,
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


def _pick(pairs: Pairs, cells: Cells, share: NDArray[np.float64]) -> _Picked:
    """The sums of each cell's pair of months, times its ``share`` ``(J,)``."""
    t, b = cells.columns, cells.bases
    return _Picked(
        people=pairs.people[t, b] * share,
        mass=pairs.mass[t, b] * share,
        change=(pairs.outcome[t, b] - pairs.outcome[b, t]) * share,
        squared_mass=pairs.squared_mass[t, b] * share,
        squared_change=(pairs.squared_outcome[t, b] - pairs.squared_outcome[b, t]) * share,
        square=(pairs.square[t, b] + pairs.square[b, t] - 2 * pairs.product[t, b]) * share,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Sides:
    """Both sides of every comparison, as sums over pairs of months.

    Attributes
    ----------
    own
        By group of people.
    pooled
        The same, levels together (as level 0) where all are compared with.
    compared
        By level, people who may be compared with in each pair of months: never treated, or treated late enough.
    """

    own: Mapping[Group, Pairs]
    pooled: Mapping[Group, Pairs]
    compared: Mapping[int, Pairs]

    def treated(self, cells: Cells) -> _Picked:
        """The timing group's own people."""
        return _pick(self.own[Group(*cells.cohort)], cells, np.ones(len(cells)))

    def comparison(self, cells: Cells) -> _Picked:
        """All who are treated late enough, less those who are treated when the group is: its early cells have them."""
        month, level = cells.cohort.treatment_month, 0 if cells.shared else cells.cohort.level
        everybody = _pick(self.compared[level], cells, np.ones(len(cells)))
        own = self.pooled[Group(month, level)]
        return everybody + _pick(own, cells, -(month > cells.treated_after).astype(np.float64))


def sides(sums: PairSums, groups: Sequence[Cells]) -> Sides:
    """Both sides of the groups' comparisons.

    Whether people are treated late enough for a comparison depends on its months, not on whose it is, so that those
    who are can be added up once for all timing groups.
    """
    n_months = len(next(iter(sums.groups.values())).people)
    treated_after = np.full((n_months, n_months), np.inf)
    for cells in groups:
        treated_after[cells.columns, cells.bases] = cells.treated_after
        treated_after[cells.bases, cells.columns] = cells.treated_after
    pooled = _pooled(sums) if groups[0].shared else sums.groups
    compared: dict[int, Pairs] = {}
    for group, pairs in pooled.items():
        late = np.inf if group.treatment_month is None else group.treatment_month
        eligible = pairs.where((late > treated_after) | (late == np.inf))
        compared[group.level] = compared[group.level] + eligible if group.level in compared else eligible
    return Sides(own=sums.groups, pooled=pooled, compared=compared)


def _pooled(sums: PairSums) -> dict[Group, Pairs]:
    """Levels together."""
    pooled: dict[Group, Pairs] = {}
    for group, pairs in sums.groups.items():
        whole = Group(group.treatment_month, 0)
        pooled[whole] = pooled[whole] + pairs if whole in pooled else pairs
    return pooled


def change_sums_of(found: Sides, groups: Sequence[Cells]) -> Each[ChangeSums]:
    """The change sums of every timing group, as :func:`nuisance.change_sums` gives them without covariates."""
    parts = []
    for cells in groups:
        own, compared = found.treated(cells), found.comparison(cells)
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


def cell_variances(found: Sides, solved: Sequence[Solved]) -> tuple[NDArray[np.float64], ...]:
    """By timing group, ``(J,)`` variances of its cells, every person a cluster."""
    return tuple(
        found.treated(part.cells).variance(part.treated_mean + part.fit.outcome[0])
        + found.comparison(part.cells).variance(part.fit.outcome[0])
        for part in solved
    )


@dataclass(frozen=True, kw_only=True)
class CensusWithPairs(Added):
    """The census, and the sums from which every comparison without covariates follows: both from one reading."""

    census: Census
    pairs: PairSums


def census_with_pairs(shard: PanelShard, *, subgroup: str | None) -> CensusWithPairs:
    """Those of one shard."""
    return CensusWithPairs(
        census=census(shard, covariates=(), levels={}, subgroup=subgroup), pairs=pair_sums(shard, subgroup=subgroup)
    )
