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
        people = age_parts(block, windows)
        for name, found in groups.items():
            for group, rows in block.by_level(name):
                sums = within_sums(block, people, rows=rows)
                found[group] = found[group] + sums if group in found else sums
    return Within(groups=groups, clustered=shard.cluster is not None)


@dataclass(frozen=True, kw_only=True)
class AgeParts:
    """What each person of a block adds through the age columns.

    ``masked`` is ``(n, p, T)``, 0 where not observed; ``means`` ``(n, p)`` over observed months; ``products``
    ``(n, p, p)`` and ``cross`` ``(n, p)`` are of demeaned columns with themselves and with the outcome.
    """

    masked: NDArray[np.float64]
    means: NDArray[np.float64]
    products: NDArray[np.float64]
    cross: NDArray[np.float64]


def age_parts(block: Block, windows: NDArray[np.float64] | None) -> AgeParts:
    """What each person of a block adds through the age columns; nothing where there are none."""
    n, n_months = block.outcome.shape
    if windows is None or block.entry is None:
        none = np.zeros((n, 0))
        return AgeParts(masked=np.zeros((n, 0, n_months)), means=none, products=np.zeros((n, 0, 0)), cross=none)
    masked = windows[block.entry] * block.observed[:, None, :]
    sums = masked @ np.ones(n_months)
    means = sums / block.size[:, None]
    # The columns are orthonormal over person-months, so that taking the means off products loses nothing.
    products = masked @ masked.transpose(0, 2, 1) - sums[:, :, None] * means[:, None, :]
    return AgeParts(masked=masked, means=means, products=products, cross=(masked @ block.outcome[:, :, None])[:, :, 0])


def within_sums(block: Block, people: AgeParts, *, rows: NDArray[np.int64] | slice) -> WithinSums:
    """The sums of some people of a block."""
    weights, observed, masked = block.weights[rows], block.observed[rows], people.masked[rows]
    n, n_columns, n_months = masked.shape
    gram = np.empty((n_months + n_columns, n_months + n_columns))
    gram[:n_months, :n_months] = -(observed * (weights / block.size[rows])[:, None]).T @ observed
    gram[:n_months, :n_months][np.diag_indices(n_months)] += weights @ observed
    mixed = (weights @ masked.reshape(n, -1)).reshape(n_columns, n_months)
    mixed -= (people.means[rows] * weights[:, None]).T @ observed
    gram[n_months:, :n_months] = mixed
    gram[:n_months, n_months:] = mixed.T
    gram[n_months:, n_months:] = np.tensordot(weights, people.products[rows], axes=1)
    singletons = block.singletons[rows]
    unobserved = ~singletons & (observed.sum(axis=1) == 0)
    return WithinSums(
        gram=gram,
        cross=np.concatenate([weights @ block.outcome[rows], weights @ people.cross[rows]]),
        counts=GroupCounts(
            observed=observed.sum(axis=0),
            mass=weights @ observed,
            people=int(n - singletons.sum() - unobserved.sum()),
            singletons=int(singletons.sum()),
        ),
    )
