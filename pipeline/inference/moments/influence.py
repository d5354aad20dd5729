"""Last pass of group-time effects: each person's influence on what is reported, summed into its covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.adding import Added, Each
from pipeline.inference.moments.nuisance import About, odds, propensities
from pipeline.inference.moments.people import Block, Side, comparison_side, treated_side
from pipeline.inference.moments.scores import ClusterSums, cluster_sums
from pipeline.inference.moments.two_by_two import Solved
from pipeline.vocabulary.panels import PanelShard


@dataclass(frozen=True, kw_only=True, eq=False)
class Reported:
    """How one timing group's cells enter ``K`` reported numbers.

    Attributes
    ----------
    rows, weights
        ``(k,)`` which numbers the group enters, and ``(k, J)`` with what weight of each cell.
    mass
        ``(K,)`` their slope in the group's mass.
    bins
        ``(J,)`` the bin of each cell, -1 outside; non-decreasing inside.
    n_bins, level
        How many bins there are; the group's level.
    """

    rows: NDArray[np.int64]
    weights: NDArray[np.float64]
    mass: NDArray[np.float64]
    bins: NDArray[np.int64]
    n_bins: int
    level: int


@dataclass(frozen=True, kw_only=True)
class Squares(Added):
    """Squares of people's influence on one timing group's ``cells`` ``(J,)``."""

    cells: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class InfluenceSums:
    """Sums over people; ``K`` reported numbers, ``L`` levels, ``B`` bins.

    Attributes
    ----------
    second
        ``(K, K)`` summed products of people's influence: the covariance if every person is a cluster.
    squares
        By timing group, ``(J,)`` squares of people's influence on its cells; ``None`` where they come from elsewhere.
    treated, comparison
        ``(L, B + 1)`` people with a part in a bin's cells, and (last column) in those from the index month on.
    clusters
        Influence by cluster, or ``None``.
    """

    second: NDArray[np.float64]
    squares: Each[Squares] | None
    treated: NDArray[np.int64]
    comparison: NDArray[np.int64]
    clusters: ClusterSums | None

    def __add__(self, other: InfluenceSums) -> InfluenceSums:
        """The sums of both."""
        parts = [part for part in (self.clusters, other.clusters) if part is not None]
        return InfluenceSums(
            second=self.second + other.second,
            squares=None if self.squares is None or other.squares is None else self.squares + other.squares,
            treated=self.treated + other.treated,
            comparison=self.comparison + other.comparison,
            clusters=sum(parts[1:], start=parts[0]) if parts else None,
        )

    def with_squares(self, squares: Sequence[NDArray[np.float64]]) -> InfluenceSums:
        """The same with squares that were summed otherwise."""
        return replace(self, squares=Each(parts=tuple(Squares(cells=own) for own in squares)))

    @property
    def covariance(self) -> NDArray[np.float64]:
        """``(K, K)`` clustered covariance, without a small-sample factor as in R's ``did``."""
        return self.second if self.clusters is None else self.clusters.sums.T @ self.clusters.sums


def influence_sums(
    shard: PanelShard, *, about: About, solved: Sequence[Solved], reported: Sequence[Reported], n_levels: int
) -> InfluenceSums:
    """The sums of one shard."""
    n_numbers, n_bins = len(reported[0].mass), reported[0].n_bins
    squares = [np.zeros(len(part.cells)) for part in solved]
    second = np.zeros((n_numbers, n_numbers))
    seen = np.zeros((2, n_levels, n_bins + 1), dtype=np.int64)
    clusters = [cluster_sums(np.empty(0, dtype=np.int64), np.empty((0, n_numbers)))]
    for block in about.blocks(shard):
        of_block = _Collected.of(block, n_numbers=n_numbers, shape=seen.shape)
        for place, (part, into) in enumerate(zip(solved, reported, strict=True)):
            squares[place] += of_block.add(block, part, into)
        seen += of_block.seen.sum(axis=0)
        if block.cluster is None:
            second += of_block.influence.T @ of_block.influence
        else:
            clusters.append(cluster_sums(block.cluster, of_block.influence))
    together = cluster_sums(
        np.concatenate([part.codes for part in clusters]), np.concatenate([part.sums for part in clusters])
    )
    return InfluenceSums(
        second=second,
        squares=Each(parts=tuple(Squares(cells=own) for own in squares)),
        treated=seen[0],
        comparison=seen[1],
        clusters=None if shard.cluster is None else together,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Collected:
    """What has been collected of a block's people: ``influence`` ``(n, K)``, ``seen`` ``(n, 2, L, B + 1)``."""

    influence: NDArray[np.float64]
    seen: NDArray[np.bool_]

    @classmethod
    def of(cls, block: Block, *, n_numbers: int, shape: tuple[int, ...]) -> _Collected:
        n = len(block.weights)
        return cls(influence=np.zeros((n, n_numbers)), seen=np.zeros((n, *shape), dtype=np.bool_))

    def add(self, block: Block, part: Solved, into: Reported) -> NDArray[np.float64]:
        """Add one timing group's cells; return ``(J,)`` the squares of people's influence on each."""
        treated, comparison = treated_side(block, part.cells), comparison_side(block, part.cells)
        squares = np.zeros(len(part.cells))
        for arm, (side, influence) in enumerate(
            [(treated, _of_treated(treated, part)), (comparison, _of_comparison(comparison, part))]
        ):
            if len(side.rows):
                squares += np.einsum("ij,ij->j", influence, influence)
                self.influence[np.ix_(side.rows, into.rows)] += influence @ into.weights.T
                self._see(side, part, into, arm=arm)
        self.influence[treated.rows] += block.weights[treated.rows][:, None] * into.mass
        return squares

    def _see(self, side: Side, part: Solved, into: Reported, *, arm: int) -> None:
        taking_part = (side.weight > 0) & np.isfinite(part.att)
        seen = self.seen[:, arm, into.level]
        for number in np.unique(into.bins[into.bins >= 0]):
            seen[side.rows, number] |= taking_part[:, into.bins == number].any(axis=1)
        seen[side.rows, -1] |= taking_part[:, part.cells.event_time >= 1].any(axis=1)


def _of_treated(side: Side, part: Solved) -> NDArray[np.float64]:
    residual = side.change - side.design @ part.fit.outcome
    influence = (residual - part.treated_mean) / part.treated_mass
    if part.fit.propensity is not None:
        influence -= (1 - propensities(side, part.fit.propensity)) * (side.design @ part.logit_direction)
    influence *= side.weight * np.isfinite(part.att)
    return influence


def _of_comparison(side: Side, part: Solved) -> NDArray[np.float64]:
    residual = side.change - side.design @ part.fit.outcome
    influence = residual * (side.design @ -part.outcome_direction)
    if part.fit.propensity is not None:
        chance = propensities(side, part.fit.propensity)
        influence -= odds(chance) * (residual - part.odds_mean) / part.odds_mass
        influence += chance * (side.design @ part.logit_direction)
    influence *= side.weight * np.isfinite(part.att)
    return influence
