"""Joining a waiting list as an index event; each kind is a file in ``pipeline/population/cohort/index_events/``."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pipeline.vocabulary.index_events import Event


class ElectiveList(Event):
    """The index event: joining the list for what becomes the first operation of a code list ever since a date.

    A hospital's records know of a wait when it has ended: nobody is in them who was never admitted.

    Attributes
    ----------
    codelist
        The operations that count.
    first_since
        Nobody may have had such an operation between this date and the one waited for.
    """

    kind: Literal["elective_list"] = "elective_list"
    source: str = "hes_apc"
    codelist: str
    first_since: date

    @property
    def codelists(self) -> tuple[str, ...]:
        """The code lists that it names."""
        return (self.codelist,)


class TherapyList(Event):
    """The index event: the first referral for therapy ever since a date; the wait ends with its first session.

    Attributes
    ----------
    first_since
        Nobody may have been referred between this date and the index.
    """

    kind: Literal["therapy_list"] = "therapy_list"
    source: str = "iapt/IDS101Referral"
    first_since: date
