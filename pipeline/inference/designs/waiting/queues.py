"""How long the others wait: of each provider's referrals in each month, all but one's own.

A queue is of everybody referred, also of people who are not studied: an exclusion that depends on the wait would move
the instrument with it. Sums of two sets of people add.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.inference.designs.waiting.people import refuse_columns, refuse_missing

MEAN_WAIT, OTHERS = "others_mean_wait", "others"


@dataclass(frozen=True, kw_only=True)
class Queues:
    """By provider and month of referral (the index), ``people`` referred and the ``wait`` they add up to."""

    sums: pd.DataFrame

    def __add__(self, other: Queues) -> Queues:
        """The queues of both sets of people."""
        both = pd.concat([self.sums, other.sums])
        return Queues(sums=both.groupby(level=[0, 1], sort=True).sum())

    def others(self, frame: pd.DataFrame, *, provider: str, month: str, wait: str) -> pd.DataFrame:
        """For each person of the frame, who is in the queues too, two columns in the frame's order.

        ``others_mean_wait``: the mean wait of the others whom this provider was sent in this month, null for whoever
        was the only one; leave these out, and count them as an exclusion. ``others``: how many, the length of the list.
        Both may be the ``queue`` of an instrument: the first is the stronger where waits are known well, the second
        says nothing of anybody's wait.
        """
        _refuse(frame, provider=provider, month=month, wait=wait)
        keys = pd.MultiIndex.from_frame(frame[[provider, month]])
        own = self.sums.reindex(keys)
        others = own["people"].to_numpy() - 1
        waited = own["wait"].to_numpy() - frame[wait].to_numpy(dtype=np.float64)
        mean = np.divide(waited, others, out=np.full(len(frame), np.nan), where=others > 0)
        return pd.DataFrame({MEAN_WAIT: mean, OTHERS: others}, index=frame.index)


def queues_of(frame: pd.DataFrame, *, provider: str, month: str, wait: str) -> Queues:
    """The queues of a frame with one row a referral.

    Raises
    ------
    RequestError
        If a column is not there or the wait is not a number.
    DataRefused
        If a value is missing or not finite.
    """
    _refuse(frame, provider=provider, month=month, wait=wait)
    sums = frame.groupby([provider, month], sort=True)[wait].agg(["size", "sum"])
    return Queues(sums=sums.rename(columns={"size": "people", "sum": "wait"}))


def _refuse(frame: pd.DataFrame, *, provider: str, month: str, wait: str) -> None:
    refuse_columns(frame, keys=[provider, month], numbers=[wait])
    refuse_missing(frame, keys=[provider, month], numbers=[wait])
