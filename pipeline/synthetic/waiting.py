"""Waiting lists: how long a provider's queue is in each month, and what waiting does to those who are on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import MONTHS, month_of_day

DAYS_A_MONTH = 365.25 / 12

# A provider's queue is near that of the month before, and a long list is one that more people are on.
_LASTING = 0.6
_CROWD = 0.3
_SPREAD_OF_SIZES, _SPREAD_OF_USUAL = 0.5, 0.15


@dataclass(frozen=True, kw_only=True)
class Lists:
    """The waiting lists of ``P`` providers in ``T`` months.

    Attributes
    ----------
    share
        ``(P, T)`` of all who join a list, adding up to one.
    wait
        ``(P, T)`` months that those wait who join in the month, on average.
    """

    share: NDArray[np.float64]
    wait: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a month of waiting does, as shares of people in work and on benefits, and pounds of pay in work.

    Attributes
    ----------
    while_waiting
        Lost in each month for each month since joining; it ends with the wait.
    lasting
        Lost ever after for each month waited beyond the mean of those on lists, and won for each less. At that wait
        treatment brings back all that waiting took, so that people who wait are no other comparison people on average.
    severity
        Lost from joining on by whoever is a standard deviation more ill than others on the list.
    """

    while_waiting: dict[str, float]
    lasting: dict[str, float]
    severity: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """For everybody: the day of joining a list (0 if never), months waited, severity; and what a month costs.

    ``usual`` is the mean wait; severity is about nought.
    """

    joined: NDArray[np.int32]
    wait: NDArray[np.float64]
    severity: NDArray[np.float64]
    usual: float
    cost: Cost
    size: float

    @property
    def treated(self) -> NDArray[np.int32]:
        """The month in which each person's wait ends; 0 if never on a list."""
        return np.where(self.joined > 0, month_of_day(self.joined + days_waited(self.wait)), 0).astype(np.int32)

    def longer(self, months: float) -> Waiting:
        """As if everybody had waited so much longer."""
        return replace(self, wait=self.wait + months * (self.joined > 0))


def days_waited(wait: NDArray[np.float64]) -> NDArray[np.int32]:
    """Months waited in whole days."""
    return np.rint(wait * DAYS_A_MONTH).astype(np.int32)


def draw_lists(random: np.random.Generator, *, providers: int, months: int, usual: float, spread: float) -> Lists:
    """Lists whose queues move about each provider's usual wait with a standard deviation of ``spread`` months."""
    shocks = random.normal(size=(providers, months))
    for month in range(1, months):
        shocks[:, month] = _LASTING * shocks[:, month - 1] + np.sqrt(1 - _LASTING**2) * shocks[:, month]
    size = random.lognormal(0, _SPREAD_OF_SIZES, providers)[:, None] * np.exp(_CROWD * shocks)
    own = usual * random.normal(1, _SPREAD_OF_USUAL, providers)[:, None]
    return Lists(share=size / size.sum(), wait=own + spread * shocks)


def add_waiting(sums: dict[str, NDArray[np.float32]], who: Waiting, *, of: NDArray[np.int64]) -> None:
    """Add what waiting does to the people ``of`` to ``(n, T)`` arrays in place, each under its name in ``Cost``."""
    rows = np.flatnonzero(who.joined[of])
    listed, cost = of[rows], who.cost
    first, treated = month_of_day(who.joined[listed])[:, None], who.treated[listed][:, None]
    since = np.maximum(MONTHS[None, :] - first + 1, 0)
    waits = (since > 0) & (treated > MONTHS)
    beyond = np.where(treated <= MONTHS, (who.wait[listed] - who.usual)[:, None], 0.0)
    ill = np.where(since > 0, who.severity[listed][:, None], 0.0)
    for name, values in sums.items():
        lost = cost.while_waiting[name] * since * waits + cost.lasting[name] * beyond + cost.severity[name] * ill
        values[rows] -= (who.size * lost).astype(np.float32)


def with_others(provider: NDArray[np.int64], joined: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether somebody else joined the provider's list in a person's month."""
    _, cell, people = np.unique(provider * 1_000_000 + month_of_day(joined), return_inverse=True, return_counts=True)
    alone: NDArray[np.bool_] = people[cell] == 1
    return ~alone
