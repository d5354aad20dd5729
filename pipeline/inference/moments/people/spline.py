"""Natural cubic spline of age in months, from exact counts of ages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.errors import Fault, NotEstimable
from pipeline.vocabulary.panels import PanelShard

# A direction whose spread over person-months is below this share of the widest is one that coinciding knots make
# collinear; the four directions of a real age distribution differ by a factor of a hundred at most.
_COLLINEAR = 1e-7


@dataclass(frozen=True, kw_only=True)
class AgeCounts:
    """Person-months by age in whole months; the counts of two shards add.

    Attributes
    ----------
    first
        The age of ``counts[0]``.
    counts
        ``(A,)`` int64.
    """

    first: int
    counts: NDArray[np.int64]

    def __add__(self, other: AgeCounts) -> AgeCounts:
        first = min(self.first, other.first)
        last = max(self.first + len(self.counts), other.first + len(other.counts))
        counts = np.zeros(last - first, dtype=np.int64)
        for part in (self, other):
            counts[part.first - first :][: len(part.counts)] += part.counts
        return AgeCounts(first=first, counts=counts)

    @property
    def ages(self) -> NDArray[np.float64]:
        """The ages counted, one step a month."""
        return self.first + np.arange(len(self.counts), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class AgeBasis:
    """The spline's columns by age: ``table[k]`` is age ``first + k``; ``(A, p)``."""

    first: int
    table: NDArray[np.float64]

    @property
    def n_columns(self) -> int:
        """How many columns are left beside person and month effects."""
        return int(self.table.shape[1])

    def windows(self, n_months: int) -> NDArray[np.float64]:
        """``(p, A - T + 1, T)``: the columns of people whose age in the panel's first month is ``first + k``."""
        views = np.lib.stride_tricks.sliding_window_view(self.table.T, n_months, axis=1)
        return np.ascontiguousarray(views)


def age_counts(shard: PanelShard, observed: NDArray[np.bool_]) -> AgeCounts:
    """The ages of a shard's observed person-months, with room for every month of the panel.

    Raises
    ------
    NotEstimable
        If a person has no month of birth.
    """
    if shard.birth_month is None or np.isnan(shard.birth_month).any():
        without = len(shard.outcome) if shard.birth_month is None else int(np.isnan(shard.birth_month).sum())
        raise NotEstimable(
            Fault(
                what="an age spline needs everyone's month of birth",
                count=without,
                unit="people",
                remedy="Leave the age spline out or these people.",
            )
        )
    entry = shard.first_month - shard.birth_month.astype(np.int64)
    n_months = shard.outcome.shape[1]
    order = np.argsort(entry, kind="stable")
    entries, starts = np.unique(entry[order], return_index=True)
    first, last = int(entries[0]), int(entries[-1]) + n_months
    counts = np.zeros(last - first, dtype=np.int64)
    by_entry = np.add.reduceat(observed[order], starts, axis=0, dtype=np.int64)
    for start, months in zip(entries - first, by_entry, strict=True):
        counts[start : start + n_months] += months
    return AgeCounts(first=first, counts=counts)


def quantiles(
    values: NDArray[np.float64], counts: NDArray[np.int64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles of counted values, by linear interpolation of order statistics (R's type 7)."""
    upto = np.cumsum(counts)
    place = (upto[-1] - 1) * shares
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, upto[-1] - 1)
    low, high = (values[np.searchsorted(upto, at, side="right")] for at in (below, above))
    interpolated: NDArray[np.float64] = low + (place - below) * (high - low)
    return interpolated


def natural_knots(ages: AgeCounts, spline: AgeSpline) -> NDArray[np.float64]:
    """The knots, boundary ones included, that R's ``ns(age, df, Boundary.knots = quantile(age, boundary))`` takes.

    The ``df - 1`` inner knots are quantiles, equally spaced in rank, of the ages between the boundary knots.
    """
    low, high = quantiles(ages.ages, ages.counts, np.asarray(spline.boundary))
    inside = np.where((ages.ages >= low) & (ages.ages <= high), ages.counts, 0)
    inner = quantiles(ages.ages, inside, np.arange(1, spline.df) / spline.df)
    return np.concatenate([[low], inner, [high]])


def nonlinear_part(ages: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""``(A, K - 2)`` natural cubic splines that with 1 and age span those of ``K`` knots, linear outside them.

    The truncated power basis of Hastie, Tibshirani and Friedman (2009, doi 10.1007/978-0-387-84858-7), eq. 5.4-5.5:
    :math:`d_k - d_{K-1}` with :math:`d_k(x) = \{(x-\xi_k)_+^3 - (x-\xi_K)_+^3\} / (\xi_K - \xi_k)`.
    """
    cubes = np.maximum(ages[:, None] - knots, 0.0) ** 3
    slopes = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
    columns: NDArray[np.float64] = slopes[:, :-1] - slopes[:, -1:]
    return columns


def age_basis(ages: AgeCounts, spline: AgeSpline) -> AgeBasis:
    """The spline space modulo 1 and age, orthonormal over person-months.

    Age is birth plus calendar month, so the spline's linear part is a sum of person and month effects: exactly that
    direction is left out, by regressing the other columns on it. Effects depend on the space, not on its basis.
    Knots that coincide count once.
    """
    span = max(len(ages.counts) - 1, 1)
    scaled = (ages.ages - ages.first) / span
    knots = np.unique((natural_knots(ages, spline) - ages.first) / span)
    if len(knots) <= 2:  # noqa: PLR2004 - a natural spline with two knots is a line
        return AgeBasis(first=ages.first, table=np.zeros((len(scaled), 0)))
    root = np.sqrt(ages.counts / ages.counts.sum())[:, None]
    line = np.column_stack([np.ones_like(scaled), scaled])
    columns = nonlinear_part(scaled, knots)
    columns = columns - line @ np.linalg.lstsq(root * line, root * columns, rcond=None)[0]
    _, spread, directions = np.linalg.svd(root * columns, full_matrices=False)
    kept = spread > _COLLINEAR * spread[0]
    return AgeBasis(first=ages.first, table=columns @ directions[kept].T / spread[kept])
