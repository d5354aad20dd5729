"""From solved comparisons and people's influence to a study: what is reported, and its covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.contrasts import (
    Contrast,
    Grid,
    Series,
    bin_contrast,
    by_group,
    by_month,
    dynamic,
    simple,
)
from pipeline.inference.moments.group_time.influence import Reported
from pipeline.inference.moments.group_time.two_by_two import Solved
from pipeline.vocabulary.windows import Bin

# Up to this many cells the covariance of all of them is kept (8 MB), and everything else is made of it.
MOST_CELLS = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """Everything that is reported of a panel: contrasts of ``J`` cells and ``C`` masses, ``K`` in all.

    Attributes
    ----------
    grid
        The cells.
    bins
        The bins reported.
    n_levels
        The levels.
    series
        By kind of summary, one a level.
    whole
        Whether influence is summed on every cell and mass, or on the contrasts alone.
    """

    grid: Grid
    bins: tuple[Bin, ...]
    n_levels: int
    effects: tuple[Contrast, ...]
    series: Mapping[str, tuple[Series, ...]]
    whole: bool

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """All of them: bins by level, then each series with its summary."""
        found = list(self.effects)
        for levels in self.series.values():
            for part in levels:
                found += [*part.parts, part.overall]
        return tuple(found)

    @property
    def from_squares(self) -> bool:
        """Whether errors of single cells come from squares of influence: nothing is taken off, no covariance kept."""
        return not self.whole and not self.grid.reference.any()

    def maps(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``(K, J)`` and ``(K, C)``: what the contrasts are of the cells and of the masses."""
        contrasts = self.contrasts
        cells = self.grid.raw(np.array([part.cells for part in contrasts]))
        return cells, np.array([part.masses for part in contrasts])

    def covariance(self, summed: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(K, K)`` of the contrasts, from that of what influence was summed on."""
        if not self.whole:
            return summed
        together = np.concatenate(self.maps(), axis=1)
        return together @ summed @ together.T

    def cell_covariance(self, summed: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """``(J, J)`` of the group-time effects, if it was kept."""
        if not self.whole:
            return None
        n_cells = len(self.grid.att)
        raw = self.grid.raw(np.eye(n_cells))
        return raw @ summed[:n_cells, :n_cells] @ raw.T


def report(on: Grid, *, bins: Sequence[Bin], n_levels: int, detail: bool) -> Report:
    """What is reported; without ``detail`` a large panel's series are left out and their summaries kept."""
    whole = len(on.att) <= MOST_CELLS
    makers = {"dynamic": dynamic, "group": by_group, "calendar": by_month}
    series = {"simple": tuple(Series(index=(), parts=(), overall=simple(on, level=k)) for k in range(n_levels))}
    for kind, maker in makers.items():
        found = [maker(on, level=level) for level in range(n_levels)]
        if not (whole or detail):
            found = [Series(index=(), parts=(), overall=part.overall) for part in found]
        series[kind] = tuple(found)
    effects = tuple(bin_contrast(on, part, level=level) for level in range(n_levels) for part in bins)
    return Report(grid=on, bins=tuple(bins), n_levels=n_levels, effects=effects, series=series, whole=whole)


def reported(of: Report, solved: Sequence[Solved]) -> tuple[Reported, ...]:
    """How each timing group's people enter the sums."""
    n_cells, n_groups = len(of.grid.att), len(of.grid.mass)
    if of.whole:
        cells = np.concatenate([np.eye(n_cells), np.zeros((n_groups, n_cells))])
        masses = np.concatenate([np.zeros((n_cells, n_groups)), np.eye(n_groups)])
    else:
        cells, masses = of.maps()
    found = []
    for place, part in enumerate(solved):
        own = of.grid.group == place
        rows = np.flatnonzero((cells[:, own] != 0).any(axis=1))
        found.append(
            Reported(
                rows=rows,
                weights=cells[np.ix_(rows, own)],
                mass=masses[:, place],
                bins=_bin_numbers(part.cells.event_time, of.bins),
                n_bins=len(of.bins),
                level=part.cells.cohort.level,
            )
        )
    return tuple(found)


def _bin_numbers(event_time: NDArray[np.int64], bins: Sequence[Bin]) -> NDArray[np.int64]:
    numbers = np.full(len(event_time), -1)
    for number, part in enumerate(bins):
        numbers[(event_time >= part.first) & (event_time <= part.last)] = number
    return numbers
