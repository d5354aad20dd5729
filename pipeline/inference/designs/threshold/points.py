"""People of one threshold, as sums over the values of the running variable: all that any estimate here needs.

A running variable of whole numbers has few values. Local linear estimates are linear in the outcome with weights that
depend on the value alone, so that people at one value enter through how many they are, their means and the products of
their deviations. Sums of two sets of people add: nothing grows with people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NEIGHBOURS = 3
"""A person's variance is measured against at least this many others (Abadie and Imbens 2006, as RDHonest has it)."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """``P`` values of the running variable in ascending order, ``C`` columns measured at each.

    Attributes
    ----------
    names
        Of the columns.
    distance
        ``(P,)`` value minus cutoff; people at or above the cutoff are those assigned.
    people
        ``(P,)`` how many people.
    mean
        ``(P, C)``.
    products
        ``(P, C, C)`` sums over people of products of deviations from the point's means.
    """

    names: tuple[str, ...]
    distance: NDArray[np.float64]
    people: NDArray[np.int64]
    mean: NDArray[np.float64]
    products: NDArray[np.float64]

    @property
    def above(self) -> NDArray[np.bool_]:
        """``(P,)`` whether the value is at or above the cutoff."""
        return self.distance >= 0

    def within(self, chosen: NDArray[np.bool_]) -> Points:
        """Only the chosen values."""
        return replace(
            self,
            distance=self.distance[chosen],
            people=self.people[chosen],
            mean=self.mean[chosen],
            products=self.products[chosen],
        )

    def chosen(self, names: Sequence[str]) -> Points:
        """Only these columns, in this order."""
        places = [self.names.index(name) for name in names]
        return replace(
            self,
            names=tuple(names),
            mean=self.mean[:, places],
            products=self.products[:, places][:, :, places],
        )

    def moved(self, by: float) -> Points:
        """The same people about a cutoff that lies higher by ``by``."""
        return replace(self, distance=self.distance - by)

    def __add__(self, other: Points) -> Points:
        """All people of both: the values of either, in order."""
        distance, place = np.unique(np.concatenate([self.distance, other.distance]), return_inverse=True)
        people = np.concatenate([self.people, other.people])
        mean = np.concatenate([self.mean, other.mean])
        total = np.zeros(len(distance), np.int64)
        np.add.at(total, place, people)
        middle = np.zeros((len(distance), len(self.names)))
        np.add.at(middle, place, people[:, None] * mean)
        middle /= total[:, None]
        apart = mean - middle[place]
        products = np.zeros((len(distance), len(self.names), len(self.names)))
        own = np.concatenate([self.products, other.products])
        np.add.at(products, place, own + people[:, None, None] * _outer(apart))
        return Points(names=self.names, distance=distance, people=total, mean=middle, products=products)


def support_points(frame: pd.DataFrame, columns: Sequence[str], *, running: str, cutoff: float) -> Points:
    """The sums of a frame with one row a person, all numbers, none missing (``people.checked``)."""
    distance, place = np.unique(frame[running].to_numpy(dtype=np.float64) - cutoff, return_inverse=True)
    values = frame[list(columns)].to_numpy(dtype=np.float64)
    people = np.bincount(place, minlength=len(distance))
    totals = [np.bincount(place, column, len(distance)) for column in values.T]
    mean = np.reshape(totals, (len(columns), len(distance))).T / people[:, None]
    apart = values - mean[place]
    size = len(columns)
    products = np.empty((len(distance), size, size))
    for first in range(size):
        for second in range(first, size):
            summed = np.bincount(place, apart[:, first] * apart[:, second], len(distance))
            products[:, first, second] = products[:, second, first] = summed
    return Points(names=tuple(columns), distance=distance, people=people, mean=mean, products=products)


def neighbour_covariance(points: Points) -> NDArray[np.float64]:
    r"""``(P, C, C)`` the mean over a point's people of their nearest-neighbour covariance.

    :math:`\hat\sigma_i^2 = \frac{m}{m+1} (y_i - \bar y_{-i})^2` with the mean of the m nearest others on the same side,
    ties included (Abadie and Imbens 2006, doi 10.1111/j.1468-0262.2006.00655.x). At a value with more than
    :data:`NEIGHBOURS` people the others are those at the value, and this is their sample covariance; a sparser value
    borrows its nearest ones.
    """
    found = points.products / np.maximum(points.people - 1, 1)[:, None, None]
    for place in np.flatnonzero(points.people <= NEIGHBOURS):
        found[place] = _borrowed(points, int(place))
    return found


def _borrowed(points: Points, place: int) -> NDArray[np.float64]:
    away = np.abs(points.distance - points.distance[place])
    side = points.above == points.above[place]
    order = np.flatnonzero(side)[np.argsort(away[side], kind="stable")]
    enough = int(np.searchsorted(np.cumsum(points.people[order]), NEIGHBOURS + 1))
    near = side & (away <= away[order[min(enough, len(order) - 1)]])
    people = int(points.people[near].sum())
    middle = points.people[near] @ points.mean[near] / people
    own = points.products[place] + points.people[place] * _outer(points.mean[place] - middle)
    return np.asarray(people / (people - 1) * own / points.people[place])


def _outer(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows[..., :, None] * rows[..., None, :]
