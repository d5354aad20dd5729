"""Sums over shards, two at a time, added in the shards' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, Self, TypeVar

from threadpoolctl import threadpool_limits

from pipeline.vocabulary.errors import Fault, NotEstimable
from pipeline.vocabulary.panels import PanelShard


class Additive(Protocol):
    """Sums of two shards add."""

    def __add__(self, other: Self, /) -> Self:
        """The sums of both."""


Sums = TypeVar("Sums", bound=Additive)

# Shards worked on at once: numpy lets go of the interpreter, so two keep two cores busy. More would only hold more
# sums in memory. BLAS keeps to one thread in each: its threads wait for one another on matrices this small.
_AT_ONCE = 2


def total(shards: Iterable[PanelShard], sums_of: Callable[[PanelShard], Sums]) -> Sums:
    """What the shards' sums add up to; the same however many are worked on at once.

    Raises
    ------
    NotEstimable
        If there is no shard.
    """
    added: Sums | None = None
    waiting: deque[Future[Sums]] = deque()
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(_AT_ONCE) as pool:
        for shard in shards:
            waiting.append(pool.submit(sums_of, shard))
            if len(waiting) == _AT_ONCE + 1:
                sums = waiting.popleft().result()
                added = sums if added is None else added + sums
        for future in waiting:
            sums = future.result()
            added = sums if added is None else added + sums
    if added is None:
        raise NotEstimable(Fault(what="the panel has no people", remedy="Check the cohort."))
    return added
