"""Who is behind each effect: people observed in a bin, and those who were there to compare them with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.regression.columns import Columns
from pipeline.inference.moments.regression.within import GroupCounts
from pipeline.vocabulary.group_time import FEWEST


@dataclass(frozen=True, kw_only=True)
class Contributors:
    """People behind each bin, and (last column) behind all months from the index month on: ``(L, B + 1)``."""

    treated: NDArray[np.int64]
    comparison: NDArray[np.int64]

    @property
    def told(self) -> NDArray[np.bool_]:
        """``(L * B,)`` bins with at least two people on either side: one has no error of their own."""
        enough: NDArray[np.bool_] = np.minimum(self.treated, self.comparison)[:, :-1].ravel() >= FEWEST
        return enough


def months_by_bin(columns: Columns, observed: Mapping[Group, NDArray[np.float64]]) -> NDArray[np.float64]:
    """``(L, T, B + 1)`` of 0 and 1: months in which a treated person of the level is observed in the bin.

    ``observed`` counts a group's people by month, ``(T,)``.
    """
    found = np.zeros((columns.n_levels, columns.n_months, len(columns.bins) + 1))
    for group, people in observed.items():
        if group.treatment_month is not None:
            found[group.level] += (people > 0)[:, None] * columns.sets(group.treatment_month)
    return (found > 0).astype(np.float64)


def comparison_sets(columns: Columns, treated: NDArray[np.float64], *, level: int) -> NDArray[np.float64]:
    """``(T, S)`` the months in which people of a level are compared: with all levels where these share month effects.

    ``treated`` is :func:`months_by_bin`.
    """
    return np.concatenate(list(treated), axis=1) if columns.common else treated[level]


def sets_by_group(columns: Columns, counts: Mapping[Group, GroupCounts]) -> dict[Group, NDArray[np.float64]]:
    """``(T, S)`` a group: the months whose people are counted, of their own bins or as the comparison of others'."""
    treated = months_by_bin(columns, {group: part.observed for group, part in counts.items()})
    return {
        group: comparison_sets(columns, treated, level=group.level)
        if group.treatment_month is None
        else columns.sets(group.treatment_month)
        for group in counts
    }


def bin_people(columns: Columns, seen: Mapping[Group, NDArray[np.float64]]) -> Contributors:
    """People by bin from those of each group that were seen in each of its sets.

    A treated group's own sets come first; any that follow are those in which its people, not treated yet, are compared.
    """
    width = len(columns.bins) + 1
    shape = (columns.n_levels, width)
    treated, comparison = np.zeros(shape), np.zeros(shape)
    for group, people in seen.items():
        compared = people
        if group.treatment_month is not None:
            treated[group.level] += people[:width]
            compared = people[width:]
        if columns.common and len(compared):
            comparison += compared.reshape(shape)
        elif len(compared):
            comparison[group.level] += compared
    return Contributors(treated=treated.astype(np.int64), comparison=comparison.astype(np.int64))
