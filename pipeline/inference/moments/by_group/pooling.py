"""Effects by timing group and month, pooled to event-time bins by how many people they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.regression.columns import Columns

# An error measures how people of one cell differ, so that a bin with one person in each of its cells has none.
_FEWEST_PEOPLE = 2


@dataclass(frozen=True, kw_only=True)
class Cells:
    r"""The effects of one timing group, one a month: ``F`` of the panel's ``T`` months.

    A person of the group with score :math:`v` and a person of any group with score :math:`u` move the effects by
    ``own`` :math:`v` and ``shared`` :math:`J u` (:class:`Reduction`); the person's influence is the sum of both.

    Attributes
    ----------
    months
        ``(F,)`` columns of the panel.
    effects
        ``(F,)``; meaningless where not identified.
    identified
        ``(F,)``.
    mass, people
        ``(F,)`` weights of the people observed, added up, and how many they are.
    own
        ``(F, P)``.
    shared
        ``(F, P)``.
    """

    months: NDArray[np.int64]
    effects: NDArray[np.float64]
    identified: NDArray[np.bool_]
    mass: NDArray[np.float64]
    people: NDArray[np.float64]
    own: NDArray[np.float64]
    shared: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """J: from a person's score to what the effects that groups share make of it, as its parts.

    Attributes
    ----------
    kept
        ``(P,)`` 1 where a score counts as it is, else 0.
    months
        ``(F,)`` columns of the group's own effects.
    carried
        ``(F, P)`` what scores of these columns come to in the others; 0 in these columns.
    """

    kept: NDArray[np.float64]
    months: NDArray[np.int64]
    carried: NDArray[np.float64]

    def after(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(M, P)`` rows times J."""
        product: NDArray[np.float64] = rows * self.kept
        product[:, self.months] += rows @ self.carried.T
        return product

    def of(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """J times a ``(P, M)`` matrix."""
        product: NDArray[np.float64] = self.kept[:, None] * matrix + self.carried.T @ matrix[self.months]
        return product


@dataclass(frozen=True, kw_only=True)
class CellFit:
    """The cells of every treated group, and how the scores of every group's people reach them.

    Attributes
    ----------
    columns
        Its bins outside the reference are what cells are pooled to; ``L * B`` targets, level by level.
    cells
        Of treated groups.
    reduce
        Of every group, comparison groups included: how its people's scores reach month, covariate and age effects.
    """

    columns: Columns
    cells: Mapping[Group, Cells]
    reduce: Mapping[Group, Reduction]

    def _bin_months(self, group: Group) -> NDArray[np.float64]:
        """``(F, B)`` which of a group's identified cells lie in which bin."""
        cells = self.cells[group]
        assert group.treatment_month is not None
        in_bin: NDArray[np.float64] = self.columns.bin_months(group.treatment_month)[cells.months]
        return in_bin * (cells.identified & (cells.people > 0))[:, None]

    @cached_property
    def identified(self) -> NDArray[np.bool_]:
        """``(L * B,)`` bins with a cell of two people or more."""
        found = np.zeros(self.columns.n_events, dtype=bool)
        for group, cells in self.cells.items():
            several = (cells.people >= _FEWEST_PEOPLE).astype(np.float64)
            found[self.columns.events(group.level)] |= several @ self._bin_months(group) > 0
        return found

    @cached_property
    def weights(self) -> Mapping[Group, NDArray[np.float64]]:
        """``(L * B, F)`` a group: the share of each cell in each bin, by the weights of the people observed."""
        masses, total = {}, np.zeros(self.columns.n_events)
        for group, cells in self.cells.items():
            mass = np.zeros((self.columns.n_events, len(cells.months)))
            mass[self.columns.events(group.level)] = (self._bin_months(group) * cells.mass[:, None]).T
            masses[group] = mass
            total += mass.sum(axis=1)
        share = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
        return {group: mass * share[:, None] for group, mass in masses.items()}

    @cached_property
    def effects(self) -> NDArray[np.float64]:
        """``(L * B,)`` effects by bin; NaN where not identified."""
        pooled = np.zeros(self.columns.n_events)
        for group, cells in self.cells.items():
            pooled += self.weights[group] @ np.where(cells.identified, cells.effects, 0.0)
        return np.where(self.identified, pooled, np.nan)

    def influence(self, group: Group) -> NDArray[np.float64]:
        """``(L * B, P)``: a score of the group's people to their influence on the pooled effects."""
        shared = self._pooled_shared
        if not self.columns.common:
            shared = np.zeros_like(shared)
            own_level = self.columns.events(group.level)
            shared[own_level] = self._pooled_shared[own_level]
        influence = self.reduce[group].after(shared)
        if group in self.cells:
            influence += self.weights[group] @ self.cells[group].own
        return influence

    @cached_property
    def _pooled_shared(self) -> NDArray[np.float64]:
        pooled: NDArray[np.float64] = np.zeros((self.columns.n_events, self.columns.width))
        for group, cells in self.cells.items():
            pooled += self.weights[group] @ cells.shared
        return pooled

    def cell_influence(self, group: Group) -> NDArray[np.float64]:
        """``(M, P)``: a score of the group's people to their influence on every cell; everybody is one level."""
        parts = [self.reduce[group].after(cells.shared) for cells in self.cells.values()]
        for place, other in enumerate(self.cells):
            if other == group:
                parts[place] = parts[place] + self.cells[group].own
        return np.concatenate(parts)

    def cell_variance(self, second: Mapping[Group, NDArray[np.float64]]) -> NDArray[np.float64]:
        """``(M,)`` the variance of every cell from each group's ``(P, P)`` second moment of scores; one level."""
        reduced = {group: self.reduce[group].of(moment) for group, moment in second.items()}
        common: NDArray[np.float64] = sum(
            (self.reduce[group].of(part.T) for group, part in reduced.items()), start=np.zeros(())
        )
        found = []
        for group, cells in self.cells.items():
            variance = np.einsum("fp,fp->f", cells.shared @ common, cells.shared)
            if group in second:
                variance += 2 * np.einsum("fp,fp->f", cells.shared @ reduced[group], cells.own)
                variance += np.einsum("fp,fp->f", cells.own @ second[group], cells.own)
            found.append(variance)
        variances: NDArray[np.float64] = np.maximum(np.concatenate(found), 0.0)
        return variances

    def covariance(self, second: Mapping[Group, NDArray[np.float64]]) -> NDArray[np.float64]:
        """``(L * B, L * B)`` of the pooled effects from each group's second moment of scores."""
        total = np.zeros((self.columns.n_events, self.columns.n_events))
        for group, moment in second.items():
            influence = self.influence(group)
            total += influence @ moment @ influence.T
        return total
