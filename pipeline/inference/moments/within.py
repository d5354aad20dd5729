"""First pass: sums from which any regression with person effects on month, event time and age follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.blocks import Block, Group, blocks, observed_months
from pipeline.inference.moments.spline import AgeBasis
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
    r"""Sums over one group's people; ``T`` months, ``p`` spline columns, ``P = T + p``.

    With :math:`Z_i = [I_T, S_i]` demeaned over the observed months of person i and :math:`\tilde y_i` likewise:

    Attributes
    ----------
    gram
        ``(P, P)`` :math:`\sum_i w_i \tilde Z_i' \tilde Z_i`: its month block is
        :math:`\mathrm{diag} N_g - D_g` with :math:`D_g = \sum_i w_i m_i m_i' / |m_i|`.
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
    shard: PanelShard, *, window: Window, basis: AgeBasis | None, characteristics: Sequence[str | None]
) -> Within:
    """The sums of one shard, for several ways of grouping its people at once."""
    groups: dict[str | None, dict[Group, WithinSums]] = {name: {} for name in characteristics}
    observed = observed_months(shard, window)
    windows = None if basis is None else basis.windows(observed.shape[1])
    names = [name for name in characteristics if name is not None]
    for block in blocks(shard, observed, basis=basis, characteristics=names):
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
    size, outcome = block.size[rows], block.outcome[rows] * weights[:, None]
    n_columns, n, n_months = masked.shape
    means = masked.sum(axis=2) / size
    gram = np.empty((n_months + n_columns, n_months + n_columns))
    shared = observed * np.sqrt(weights / size)[:, None]
    gram[:n_months, :n_months] = -(shared.T @ shared)
    gram[:n_months, :n_months][np.diag_indices(n_months)] += weights @ observed
    gram[n_months:, :n_months] = weights @ masked - (means * weights) @ observed
    gram[:n_months, n_months:] = gram[n_months:, :n_months].T
    # The columns are orthonormal over person-months, so that taking the means off products loses nothing.
    flat = masked.reshape(n_columns, n * n_months)
    root = flat if (weights == 1).all() else (masked * np.sqrt(weights)[:, None]).reshape(flat.shape)
    gram[n_months:, n_months:] = root @ root.T - (means * (weights * size)) @ means.T
    singletons = block.singletons[rows]
    unobserved = ~singletons & (observed.sum(axis=1) == 0)
    return WithinSums(
        gram=gram,
        cross=np.concatenate([outcome.sum(axis=0), flat @ outcome.ravel()]),
        counts=GroupCounts(
            observed=observed.sum(axis=0),
            mass=weights @ observed,
            people=int(n - singletons.sum() - unobserved.sum()),
            singletons=int(singletons.sum()),
        ),
    )
