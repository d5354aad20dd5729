"""People as sums over provider and month of referral: all that the instrument needs.

Provider and month effects are the same for everybody in a cell of one provider and month, and errors are clustered on
cells or on whole providers. So people enter through how many they are, their means and the products of their
deviations. Sums of two sets of people add: nothing grows with people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.waiting.people import refuse_columns, refuse_missing


@dataclass(frozen=True, kw_only=True)
class Referrals:
    """Which column of a frame with one row a person is which.

    Attributes
    ----------
    provider, month
        Of the referral: each has an effect of its own.
    wait
        In months, until treatment.
    queue
        The instrument: see :meth:`queues.Queues.others`.
    others
        How many others' mean wait the queue is, a column; ``None`` where the queue is not made of waits.
    covariates
        Measured before the referral, numeric.
    """

    provider: str
    month: str
    wait: str
    queue: str
    others: str | None = None
    covariates: tuple[str, ...] = ()

    @property
    def compared(self) -> tuple[str, ...]:
        """Wait, queue and covariates."""
        return (self.wait, self.queue, *self.covariates)


@dataclass(frozen=True, kw_only=True)
class Cells:
    """``S`` cells of one provider and month, ``C`` columns measured in each.

    Attributes
    ----------
    names
        Of the columns: outcomes, the wait, the queue, covariates, and the number of others where the queue has one.
    keys
        ``S`` pairs of provider and month, in order.
    people
        ``(S,)`` how many people.
    mean
        ``(S, C)``.
    products
        ``(S, C, C)`` sums over people of products of deviations from the cell's means.
    """

    names: tuple[str, ...]
    keys: pd.Index
    people: NDArray[np.int64]
    mean: NDArray[np.float64]
    products: NDArray[np.float64]

    @property
    def providers(self) -> NDArray[np.int64]:
        """``(S,)`` numbers of the providers."""
        return np.asarray(pd.factorize(self.keys.get_level_values(0))[0], dtype=np.int64)

    @property
    def months(self) -> NDArray[np.int64]:
        """``(S,)`` numbers of the months."""
        return np.asarray(pd.factorize(self.keys.get_level_values(1))[0], dtype=np.int64)

    def chosen(self, names: Sequence[str]) -> Cells:
        """Only these columns, in this order."""
        places = [self.names.index(name) for name in names]
        products = self.products[:, places][:, :, places]
        return replace(self, names=tuple(names), mean=self.mean[:, places], products=products)

    def __add__(self, other: Cells) -> Cells:
        """All people of both."""
        place, keys = pd.factorize(self.keys.append(other.keys), sort=True)
        people = np.concatenate([self.people, other.people])
        mean = np.concatenate([self.mean, other.mean])
        total = np.zeros(len(keys), np.int64)
        np.add.at(total, place, people)
        middle = np.zeros((len(keys), len(self.names)))
        np.add.at(middle, place, people[:, None] * mean)
        middle /= total[:, None]
        apart = mean - middle[place]
        products = np.zeros((len(keys), len(self.names), len(self.names)))
        own = np.concatenate([self.products, other.products])
        np.add.at(products, place, own + people[:, None, None] * apart[:, :, None] * apart[:, None, :])
        return Cells(names=self.names, keys=keys, people=total, mean=middle, products=products)


def cells_of(frame: pd.DataFrame, outcomes: Sequence[str], *, referrals: Referrals) -> Cells:
    """The cells of a frame with one row a person.

    Raises
    ------
    RequestError
        If a column is not there, has two parts or is not numeric.
    DataRefused
        If a value is missing or not finite.
    """
    names = (*outcomes, *referrals.compared, *([] if referrals.others is None else [referrals.others]))
    keys = [referrals.provider, referrals.month]
    refuse_columns(frame, keys=keys, numbers=names)
    refuse_missing(frame, keys=keys, numbers=names)
    place, known = pd.factorize(pd.MultiIndex.from_frame(frame[keys]), sort=True)
    values = frame[list(names)].to_numpy(dtype=np.float64)
    people = np.bincount(place, minlength=len(known))
    mean = np.stack([np.bincount(place, column, len(known)) for column in values.T], axis=1) / people[:, None]
    apart = values - mean[place]
    size = len(names)
    products = np.empty((len(known), size, size))
    for first in range(size):
        for second in range(first, size):
            summed = np.bincount(place, apart[:, first] * apart[:, second], len(known))
            products[:, first, second] = products[:, second, first] = summed
    return Cells(names=names, keys=known, people=people, mean=mean, products=products)
