"""Last pass of group-time effects: each person's influence on what is reported, summed into its covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.blocks import Block
from pipeline.inference.moments.group_time.nuisance import About, inverse_odds, odds, propensities
from pipeline.inference.moments.group_time.sides import Side, comparison_side, treated_side
from pipeline.inference.moments.group_time.two_by_two import Solved
from pipeline.inference.moments.people.adding import Added, Each
from pipeline.inference.moments.regression.scores import ClusterSums, cluster_sums
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
    shard: PanelShard,
    *,
    about: About,
    solved: Sequence[Solved],
    reported: Sequence[Reported],
    n_levels: int,
    squares: bool,
) -> InfluenceSums:
    """The sums of one shard; ``squares`` says whether those of single cells are wanted."""
    n_numbers, shape = len(reported[0].mass), (2, n_levels, reported[0].n_bins + 1)
    own = [np.zeros(len(part.cells)) for part in solved]
    second = np.zeros((n_numbers, n_numbers))
    seen = np.zeros(shape, dtype=np.int64)
    clusters = [cluster_sums(np.empty(0, dtype=np.int64), np.empty((0, n_numbers)))]
    for block in about.blocks(shard):
        influence = np.zeros((len(block.weights), n_numbers))
        for part, into, cells in zip(solved, reported, own, strict=True):
            _add_influence(block, part, into, influence, squares=cells if squares else None)
        seen += _people_seen(block, solved, reported, shape=shape)
        if block.cluster is None:
            second += influence.T @ influence
        else:
            clusters.append(cluster_sums(block.cluster, influence))
    together = cluster_sums(
        np.concatenate([part.codes for part in clusters]), np.concatenate([part.sums for part in clusters])
    )
    return InfluenceSums(
        second=second,
        squares=Each(parts=tuple(Squares(cells=cells) for cells in own)) if squares else None,
        treated=seen[0],
        comparison=seen[1],
        clusters=None if shard.cluster is None else together,
    )


def _add_influence(
    block: Block,
    part: Solved,
    into: Reported,
    influence: NDArray[np.float64],
    *,
    squares: NDArray[np.float64] | None,
) -> None:
    """Add one timing group's cells to people's ``influence`` ``(n, K)``, and its ``squares`` ``(J,)`` by cell."""
    treated, comparison = treated_side(block, part.cells), comparison_side(block, part.cells)
    for side, influence_of in ((treated, _of_treated), (comparison, _of_comparison)):
        if len(side.rows):
            own = influence_of(side, part)
            influence[np.ix_(side.rows, into.rows)] += own @ into.weights.T
            if squares is not None:
                squares += np.einsum("ij,ij->j", own, own)
    influence[treated.rows] += block.weights[treated.rows][:, None] * into.mass


def _people_seen(
    block: Block, solved: Sequence[Solved], reported: Sequence[Reported], *, shape: tuple[int, int, int]
) -> NDArray[np.int64]:
    """How many people have a part in each arm, level and bin: one of each mask is looked at, and stands for all."""
    first, sizes = block.representatives()
    seen = np.zeros((len(sizes), *shape), dtype=np.bool_)
    for part, into in zip(solved, reported, strict=True):
        for arm, side in enumerate((treated_side(first, part.cells), comparison_side(first, part.cells))):
            if len(side.rows):
                _see(side, part, into, seen=seen[:, arm, into.level])
    people: NDArray[np.int64] = np.tensordot(sizes, seen, axes=1)
    return people


def _see(side: Side, part: Solved, into: Reported, *, seen: NDArray[np.bool_]) -> None:
    taking_part = (side.weight > 0) & np.isfinite(part.att)
    for number in np.unique(into.bins[into.bins >= 0]):
        seen[side.rows, number] |= taking_part[:, into.bins == number].any(axis=1)
    seen[side.rows, -1] |= taking_part[:, part.cells.event_time >= 1].any(axis=1)


def _of_treated(side: Side, part: Solved) -> NDArray[np.float64]:
    influence = side.change
    influence -= side.design @ part.fit.outcome + part.treated_mean
    influence /= part.treated_mass
    if part.fit.propensity is not None:
        chance = propensities(inverse_odds(side, part.fit.propensity))
        influence -= (1 - chance) * (side.design @ part.logit_direction)
    return _where_known(influence, side, part)


def _of_comparison(side: Side, part: Solved) -> NDArray[np.float64]:
    residual = side.change
    residual -= side.design @ part.fit.outcome
    influence: NDArray[np.float64] = side.design @ -part.outcome_direction
    influence *= residual
    if part.fit.propensity is not None:
        against = inverse_odds(side, part.fit.propensity)
        residual -= part.odds_mean
        residual *= odds(against)
        residual /= part.odds_mass
        influence -= residual
        shift: NDArray[np.float64] = side.design @ part.logit_direction
        shift *= propensities(against)
        influence += shift
    return _where_known(influence, side, part)


def _where_known(influence: NDArray[np.float64], side: Side, part: Solved) -> NDArray[np.float64]:
    """Times people's weight; nothing in cells without an effect."""
    influence *= side.weight
    known = np.isfinite(part.att)
    return influence if known.all() else influence * known
