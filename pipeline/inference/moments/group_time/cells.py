r"""The two-by-two comparisons of staggered treatment: who, in which month, since which month, against whom.

A cell (g, t) compares the change of people first treated in month g, from a base month to month t, with the change
of people who are not treated in either month (Callaway and Sant'Anna 2021, doi 10.1016/j.jeconom.2020.12.001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.census import Cohort
from pipeline.vocabulary.effects import Specification


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """One timing group's comparisons.

    Attributes
    ----------
    cohort
        The timing group.
    columns, bases
        ``(J,)`` the panel's column of each cell's month, increasing, and of its base month.
    treated_after
        ``(J,)`` people treated later than this month may be compared with: infinite where only people never treated
        may.
    event_time
        ``(J,)``; 1 in the index month.
    shared
        Whether people of all levels are compared with, not only those of the group's own.
    """

    cohort: Cohort
    columns: NDArray[np.int64]
    bases: NDArray[np.int64]
    treated_after: NDArray[np.float64]
    event_time: NDArray[np.int64]
    shared: bool

    def __len__(self) -> int:
        return len(self.columns)

    def only(self, places: NDArray[np.int64]) -> Cells:
        """Some of the comparisons."""
        names = ("columns", "bases", "treated_after", "event_time")
        return replace(self, **{name: getattr(self, name)[places] for name in names})

    def compared_before(self, treatment_month: int) -> int:
        """The column before which both months of a cell must be for people of this treatment month to be compared.

        It is the same for the cells of all timing groups.
        """
        columns_later = treatment_month - self.treated_after[0] + max(self.columns[0], self.bases[0])
        return max(int(columns_later), 0) if np.isfinite(columns_later) else 0


def cells_of(
    cohorts: Sequence[Cohort],
    *,
    observed: NDArray[np.bool_],
    first_month: int,
    specification: Specification,
    shared: bool,
) -> tuple[Cells, ...]:
    """Every timing group's comparisons inside the window; ``observed`` ``(T,)`` says in which months anybody is.

    The base month is that of R's ``did`` 2.5.1: from the index month on (and in all months, if the base is universal),
    the last observed month before anticipation can begin; before the index month, if the base varies, the last
    observed month before the cell's own, whether or not anticipation may have begun. A universal base month is moved
    earlier where the window's reference ends earlier. Groups without a base month have no comparisons and are left
    out.
    """
    found = [
        _cells(cohort, np.flatnonzero(observed), first_month=first_month, specification=specification, shared=shared)
        for cohort in cohorts
    ]
    return tuple(cells for cells in found if len(cells))


def _cells(
    cohort: Cohort, observed: NDArray[np.int64], *, first_month: int, specification: Specification, shared: bool
) -> Cells:
    window, index = specification.window, cohort.treatment_month - first_month
    event_time = observed - index + 1
    months = observed[(event_time >= -window.before) & (event_time <= window.after)]
    bases = _bases(months, observed, index=index, specification=specification)
    kept = (bases >= 0) & (bases != months)
    columns, bases = months[kept], bases[kept]
    later = first_month + np.maximum(columns, bases) + float(specification.anticipation)
    return Cells(
        cohort=cohort,
        columns=columns,
        bases=bases,
        treated_after=np.full(len(columns), np.inf) if specification.comparison == "never_treated" else later,
        event_time=columns - index + 1,
        shared=shared,
    )


def _bases(
    months: NDArray[np.int64], observed: NDArray[np.int64], *, index: int, specification: Specification
) -> NDArray[np.int64]:
    """``(J,)`` base columns; -1 where there is none."""
    unaffected = index - specification.anticipation
    if specification.base == "universal":
        before = np.full(len(months), min(unaffected, index + specification.window.reference[1]))
    else:
        before = np.where(months >= index, unaffected, months)
    position = np.searchsorted(observed, before)
    return np.where(position > 0, observed[np.maximum(position, 1) - 1], -1)
