r"""From group-time effects to event time, timing group, calendar month and overall: linear maps with estimated weights.

Timing groups are weighted by their share, as R's ``did`` does: the weight (number, if unweighted) of all their people,
whether or not observed in a given month. :math:`\theta = \sum_k M_{c(k)} a_k / \sum_k M_{c(k)}` moves with a group's
mass by :math:`\sum_{k \in c} (a_k - \theta) / \sum_k M_{c(k)}`, which is how the estimation of the weights enters the
errors (Callaway and Sant'Anna 2021, section 4.2, doi 10.1016/j.jeconom.2020.12.001).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.two_by_two import Solved
from pipeline.vocabulary.windows import Bin


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """Every cell of every timing group: ``J`` cells, ``C`` groups.

    Attributes
    ----------
    att
        ``(J,)`` group-time effects, less the group's mean effect over the reference; NaN where there is none.
    group
        ``(J,)`` positions of the timing groups.
    event_time, month, treatment_month, level
        ``(J,)``.
    mass
        ``(C,)`` the groups' weights.
    reference
        ``(J,)`` what each cell counts for in its group's mean over the reference, before the groups are divided:
        zero throughout where the reference is the base month itself.
    """

    att: NDArray[np.float64]
    group: NDArray[np.int64]
    event_time: NDArray[np.int64]
    month: NDArray[np.int64]
    treatment_month: NDArray[np.int64]
    level: NDArray[np.int64]
    mass: NDArray[np.float64]
    reference: NDArray[np.float64]

    def raw(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(K, J)`` weights of the cells themselves, from weights of effects less the reference."""
        totals = np.zeros((len(weights), len(self.mass)))
        np.add.at(totals.T, self.group, weights.T)
        return weights - totals[:, self.group] * self.reference


def grid(
    solved: Sequence[Solved], *, masses: Sequence[float], first_month: int, reference: tuple[int, int] | None
) -> Grid:
    """The cells of all timing groups; without a ``reference`` (a varying base) nothing is taken off."""
    sizes = [len(part.cells) for part in solved]
    group = np.repeat(np.arange(len(solved)), sizes)
    event_time = np.concatenate([part.cells.event_time for part in solved])
    att = np.concatenate([part.att for part in solved])
    share = np.zeros(len(att))
    if reference is not None:
        inside = (event_time >= reference[0]) & (event_time <= reference[1]) & np.isfinite(att)
        months = 1 + np.bincount(group[inside], minlength=len(solved))  # the base month counts: its effect is 0
        share = inside / months[group]
    taken = np.bincount(group, weights=share * np.nan_to_num(att), minlength=len(solved))
    cohorts = [part.cells.cohort for part in solved]
    return Grid(
        att=att - taken[group],
        group=group,
        event_time=event_time,
        month=np.concatenate([part.cells.columns for part in solved]) + first_month,
        treatment_month=np.repeat([cohort.treatment_month for cohort in cohorts], sizes),
        level=np.repeat([cohort.level for cohort in cohorts], sizes),
        mass=np.asarray(masses),
        reference=share,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Contrast:
    """One number made of cells: ``att``, its ``cells`` ``(J,)`` weights, its slope in the ``masses`` ``(C,)``."""

    att: float
    cells: NDArray[np.float64]
    masses: NDArray[np.float64]


def _none(on: Grid) -> Contrast:
    return Contrast(att=float("nan"), cells=np.zeros(len(on.att)), masses=np.zeros(len(on.mass)))


def _weighted(on: Grid, which: NDArray[np.bool_]) -> Contrast:
    """The mean of some cells, by mass of their timing groups; those without an effect do not count."""
    chosen = which & np.isfinite(on.att)
    total = on.mass[on.group[chosen]].sum()
    if not total:
        return _none(on)
    weights = np.where(chosen, on.mass[on.group], 0.0) / total
    att = float(weights @ np.nan_to_num(on.att))
    slopes = np.bincount(on.group[chosen], weights=on.att[chosen] - att, minlength=len(on.mass)) / total
    return Contrast(att=att, cells=weights, masses=slopes)


def _mean(on: Grid, parts: Sequence[Contrast]) -> Contrast:
    known = [part for part in parts if np.isfinite(part.att)]
    if not known:
        return _none(on)
    return Contrast(
        att=float(np.mean([part.att for part in known])),
        cells=np.mean([part.cells for part in known], axis=0),
        masses=np.mean([part.masses for part in known], axis=0),
    )


def bin_contrast(on: Grid, part: Bin, *, level: int) -> Contrast:
    """A bin's effect: the mean over its event times, each a mean over timing groups by mass."""
    inside = on.level == level
    times = range(part.first, part.last + 1)
    return _mean(on, [_weighted(on, inside & (on.event_time == e)) for e in times])


def simple(on: Grid, *, level: int) -> Contrast:
    """All cells from the index month on, by mass."""
    return _weighted(on, (on.level == level) & (on.event_time >= 1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """Contrasts in one dimension with their summary: ``index`` names them (event time, treatment month or month)."""

    index: tuple[int, ...]
    parts: tuple[Contrast, ...]
    overall: Contrast


def dynamic(on: Grid, *, level: int) -> Series:
    """By event time; overall, the mean of those from the index month on."""
    found = dict(_by(on, on.event_time, on.level == level))
    return Series(
        index=tuple(found),
        parts=tuple(found.values()),
        overall=_mean(on, [part for event_time, part in found.items() if event_time >= 1]),
    )


def by_group(on: Grid, *, level: int) -> Series:
    """By timing group, its months from the index month on; overall, the mean of those by mass."""
    after = (on.level == level) & (on.event_time >= 1)
    found = dict(_by(on, on.treatment_month, after))
    place = {int(month): int(on.group[after & (on.treatment_month == month)][0]) for month in found}
    mass = on.mass[list(place.values())]
    att = np.array([part.att for part in found.values()])
    total = float(mass @ att / mass.sum()) if found else float("nan")
    overall = _none(on)
    if found:
        slopes = np.zeros(len(on.mass))
        slopes[list(place.values())] = (att - total) / mass.sum()
        cells = (mass / mass.sum()) @ np.array([part.cells for part in found.values()])
        overall = Contrast(att=total, cells=cells, masses=slopes)
    return Series(index=tuple(found), parts=tuple(found.values()), overall=overall)


def by_month(on: Grid, *, level: int) -> Series:
    """By calendar month, timing groups treated by then; overall, the mean of the months."""
    found = dict(_by(on, on.month, (on.level == level) & (on.event_time >= 1)))
    return Series(index=tuple(found), parts=tuple(found.values()), overall=_mean(on, list(found.values())))


def _by(on: Grid, key: NDArray[np.int64], which: NDArray[np.bool_]) -> Iterator[tuple[int, Contrast]]:
    known = which & np.isfinite(on.att)
    for value in np.unique(key[known]):
        yield int(value), _weighted(on, known & (key == value))
