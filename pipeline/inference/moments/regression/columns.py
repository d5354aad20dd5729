"""Which columns a regression has, and how a group's sums enter them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.blocks import Group
from pipeline.vocabulary.windows import Bin, Window


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of a regression on event bins (by level), calendar months and age.

    They stand in this order: bins of level 0, of level 1, …; then months, months times each covariate and age columns,
    once if ``common``, else for level 0, level 1, ….

    Attributes
    ----------
    first_month, n_months
        The panel's months.
    n_covariates
        Baseline covariates, each with an effect of its own in every month.
    n_spline
        Age columns.
    n_levels
        Levels of the characteristic that effects are reported by; 1 for everybody.
    common
        Whether all levels share month, covariate and age effects.
    """

    window: Window
    first_month: int
    n_months: int
    n_spline: int
    n_levels: int
    common: bool
    n_covariates: int = 0

    @cached_property
    def bins(self) -> tuple[Bin, ...]:
        """The bins that have a column: those outside the reference."""
        return tuple(part for part in self.window.binned if not part.reference)

    @property
    def n_events(self) -> int:
        """How many columns are event bins."""
        return self.n_levels * len(self.bins)

    @property
    def size(self) -> int:
        """How many columns there are."""
        return self.n_events + (1 if self.common else self.n_levels) * self.width

    @property
    def n_calendar(self) -> int:
        """``T (1 + K)``: how many columns are months, or months times a covariate."""
        return self.n_months * (1 + self.n_covariates)

    @property
    def width(self) -> int:
        """``P``: how many columns stand beside a level's event bins."""
        return self.n_calendar + self.n_spline

    def events(self, level: int) -> slice:
        """The event columns of a level."""
        return slice(level * len(self.bins), (level + 1) * len(self.bins))

    def shared(self, level: int) -> slice:
        """The month, covariate and age columns that a level's people have."""
        start = self.n_events + (0 if self.common else level * self.width)
        return slice(start, start + self.width)

    def months(self, level: int) -> slice:
        """The month columns that a level's people have."""
        start = self.shared(level).start
        return slice(start, start + self.n_months)

    @cached_property
    def _in_set(self) -> NDArray[np.float64]:
        """``(1 + E + 1, B + 1)`` of 0 and 1: event times of the window, with one outside at each end, by set."""
        event_time = np.arange(-self.window.before - 1, self.window.after + 2)
        inside = [(event_time >= part.first) & (event_time <= part.last) for part in self.bins]
        after = np.logical_or.reduce([np.zeros_like(event_time, dtype=bool), *inside]) & (event_time >= 1)
        return np.column_stack([*inside, after]).astype(np.float64)

    def sets(self, treatment_month: int) -> NDArray[np.float64]:
        """``(T, B + 1)``: :meth:`bin_months` and, as a last set, all months from the index month on."""
        event_time = self.first_month + np.arange(self.n_months) - treatment_month + 1
        return self._in_set[np.clip(event_time + self.window.before + 1, 0, len(self._in_set) - 1)]

    def bin_months(self, treatment_month: int) -> NDArray[np.float64]:
        """``(T, B)`` of 0 and 1: which months of people treated then lie in which bin."""
        return self.sets(treatment_month)[:, :-1]

    def gram(self, sums: Mapping[Group, NDArray[np.float64]]) -> NDArray[np.float64]:
        r"""``(K, K)`` :math:`\sum_g A_g \Gamma_g A_g'` from each group's ``(P, P)`` sums."""
        total = np.zeros((self.size, self.size))
        for group, matrix in sums.items():
            shared = self.shared(group.level)
            total[shared, shared] += matrix
            if group.treatment_month is None:
                continue
            events, bin_months = self.events(group.level), self.bin_months(group.treatment_month)
            rows = bin_months.T @ matrix[: self.n_months]
            total[events, events] += rows[:, : self.n_months] @ bin_months
            total[events, shared] += rows
            total[shared, events] += rows.T
        return total

    def cross(self, sums: Mapping[Group, NDArray[np.float64]]) -> NDArray[np.float64]:
        r"""``(K,)`` :math:`\sum_g A_g r_g` from each group's ``(P,)`` sums with the outcome."""
        total = np.zeros(self.size)
        for group, vector in sums.items():
            total[self.shared(group.level)] += vector
            if group.treatment_month is not None:
                bin_months = self.bin_months(group.treatment_month)
                total[self.events(group.level)] += vector[: self.n_months] @ bin_months
        return total

    def path(self, group: Group, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(T,)`` what event and month coefficients add up to for a group's people, month by month."""
        months = coefficients[self.months(group.level)]
        if group.treatment_month is None:
            return months
        return months + self.bin_months(group.treatment_month) @ coefficients[self.events(group.level)]

    def slopes(self, shared: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(K, T)`` covariates' effects by month among the ``(P,)`` coefficients that stand beside event bins."""
        return shared[self.n_months : self.n_calendar].reshape(self.n_covariates, self.n_months)

    def spline(self, shared: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(p,)`` age coefficients among the ``(P,)`` that stand beside event bins."""
        return shared[self.n_calendar :]

    def influence(self, group: Group, bread: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(E, P)`` :math:`H A_g`: a person's score to their influence on the event coefficients.

        ``bread`` is ``(E, K)``, the rows of the inverse Gram matrix that belong to event columns.
        """
        mapped = bread[:, self.shared(group.level)].copy()
        if group.treatment_month is not None:
            mapped[:, : self.n_months] += bread[:, self.events(group.level)] @ self.bin_months(group.treatment_month).T
        return mapped
