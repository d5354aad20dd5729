"""First pass: sums from which any regression with person effects on month, event time, covariates and age follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.blocks import Block, Group, blocks, interacted, observed_months
from pipeline.inference.moments.people.design import Design
from pipeline.inference.moments.people.spline import AgeBasis
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window


@dataclass(frozen=True, kw_only=True)
class GroupCounts:
    """One group's people.

    Attributes
    ----------
    observed
        ``(T,)`` people observed, unweighted.
    mass
        ``(T,)`` the same people's weights added up.
    people, singletons
        People observed in two or more months, and in exactly one (who contribute nothing and are not in ``observed``).
    """

    observed: NDArray[np.float64]
    mass: NDArray[np.float64]
    people: int
    singletons: int

    def __add__(self, other: GroupCounts) -> GroupCounts:
        return GroupCounts(
            observed=self.observed + other.observed,
            mass=self.mass + other.mass,
            people=self.people + other.people,
            singletons=self.singletons + other.singletons,
        )


@dataclass(frozen=True, kw_only=True)
class WithinSums:
    r"""Sums over one group's people; ``T`` months, ``K`` covariates, ``p`` spline columns, ``P = T (1 + K) + p``.

    With :math:`Z_i = [(1, x_i') \otimes I_T, S_i]` demeaned over the observed months of person i and
    :math:`\tilde y_i` likewise:

    Attributes
    ----------
    gram
        ``(P, P)`` :math:`\sum_i w_i \tilde Z_i' \tilde Z_i`: its month block is
        :math:`\mathrm{diag} N_g - D_g` with :math:`D_g = \sum_i w_i m_i m_i' / |m_i|`, and that of covariates a and b
        the same with weights :math:`w_i x_{ia} x_{ib}`.
    cross
        ``(P,)`` :math:`\sum_i w_i \tilde Z_i' \tilde y_i`: its month part is :math:`c_g`.
    counts
        Of the same people.
    """

    gram: NDArray[np.float64]
    cross: NDArray[np.float64]
    counts: GroupCounts

    def __add__(self, other: WithinSums) -> WithinSums:
        return WithinSums(
            gram=self.gram + other.gram, cross=self.cross + other.cross, counts=self.counts + other.counts
        )


@dataclass(frozen=True, kw_only=True)
class Within:
    """The sums of every group, by characteristic (``None``: everybody is one level); two shards' add.

    ``clustered`` says whether the panel names clusters of people.
    """

    groups: Mapping[str | None, Mapping[Group, WithinSums]]
    clustered: bool

    def __add__(self, other: Within) -> Within:
        groups = {name: _merged(mine, other.groups[name]) for name, mine in self.groups.items()}
        return Within(groups=groups, clustered=self.clustered or other.clustered)


def _merged(mine: Mapping[Group, WithinSums], other: Mapping[Group, WithinSums]) -> dict[Group, WithinSums]:
    merged = dict(mine)
    for group, sums in other.items():
        merged[group] = merged[group] + sums if group in merged else sums
    return merged


def within(
    shard: PanelShard,
    *,
    window: Window,
    basis: AgeBasis | None,
    characteristics: Sequence[str | None],
    design: Design | None = None,
) -> Within:
    """The sums of one shard, for several ways of grouping its people at once."""
    groups: dict[str | None, dict[Group, WithinSums]] = {name: {} for name in characteristics}
    observed = observed_months(shard, window)
    windows = None if basis is None else basis.windows(observed.shape[1])
    names = [name for name in characteristics if name is not None]
    rows_of = None if design is None else design.rows(shard)
    for block in blocks(shard, observed, basis=basis, design=rows_of, characteristics=names):
        spline = masked_age(block, windows)
        for name, found in groups.items():
            for group, rows in block.by_level(name):
                sums = within_sums(block, spline, rows=rows)
                found[group] = found[group] + sums if group in found else sums
    return Within(groups=groups, clustered=shard.cluster is not None)


def masked_age(block: Block, windows: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """``(p, n, T)`` age columns, 0 where not observed."""
    if windows is None or block.entry is None:
        return np.zeros((0, *block.observed.shape))
    columns: NDArray[np.float64] = np.take(windows, block.entry, axis=1)
    columns *= block.observed
    return columns


def within_sums(block: Block, spline: NDArray[np.float64], *, rows: NDArray[np.int64] | slice) -> WithinSums:
    """The sums of some rows of a block; ``spline`` is ``(p, n, T)``, 0 where not observed, of the whole block."""
    weights, observed, masked = block.weights[rows], block.observed[rows], spline[:, rows]
    size, design = block.size[rows], block.design[rows]
    outcome = block.outcome[rows] * weights[:, None]
    n_columns, n, n_months = masked.shape
    calendar = n_months * design.shape[1]
    gram = np.empty((calendar + n_columns, calendar + n_columns))
    shared = interacted(observed * np.sqrt(weights / size)[:, None], design)
    gram[:calendar, :calendar] = -(shared.T @ shared)
    add_to_diagonals(gram, by_month(observed * weights[:, None], design, design))
    means = masked.sum(axis=2) / size
    for first, column in zip(range(0, calendar, n_months), (design * weights[:, None]).T, strict=True):
        gram[calendar:, first : first + n_months] = column @ masked - (means * column) @ observed
    gram[:calendar, calendar:] = gram[calendar:, :calendar].T
    # The columns are orthonormal over person-months, so that taking the means off products loses nothing.
    flat = masked.reshape(n_columns, n * n_months)
    root = flat if (weights == 1).all() else (masked * np.sqrt(weights)[:, None]).reshape(flat.shape)
    gram[calendar:, calendar:] = root @ root.T - (means * (weights * size)) @ means.T
    return WithinSums(
        gram=gram,
        cross=np.concatenate([(design.T @ outcome).ravel(), flat @ outcome.ravel()]),
        counts=_counts(block, rows=rows),
    )


def by_month(values: NDArray[np.float64], one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(J, K, T)``: sums by month of people's ``(n, T)`` values times ``(n, J)`` and ``(n, K)`` columns."""
    pairs = (one[:, :, None] * other[:, None, :]).reshape(len(values), one.shape[1] * other.shape[1])
    sums: NDArray[np.float64] = pairs.T @ values
    return sums.reshape(one.shape[1], other.shape[1], values.shape[1])


def add_to_diagonals(matrix: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
    """Add ``(J, K, T)`` sums to the diagonals of the ``J K`` blocks of T x T in a matrix's upper left corner."""
    n_months = sums.shape[2]
    months = np.arange(n_months)
    for (row, column), diagonal in zip(np.ndindex(sums.shape[:2]), sums.reshape(-1, n_months), strict=True):
        matrix[row * n_months + months, column * n_months + months] += diagonal


def _counts(block: Block, *, rows: NDArray[np.int64] | slice) -> GroupCounts:
    observed, singletons = block.observed[rows], block.singletons[rows]
    unobserved = ~singletons & (observed.sum(axis=1) == 0)
    return GroupCounts(
        observed=observed.sum(axis=0),
        mass=block.weights[rows] @ observed,
        people=int(len(observed) - singletons.sum() - unobserved.sum()),
        singletons=int(singletons.sum()),
    )
