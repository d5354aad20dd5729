"""Event time and its bins: the index month is 1, the month before it is 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.vocabulary.declared import Declared


@dataclass(frozen=True, kw_only=True)
class Bin:
    """A run of event times that share one effect: ``number`` names it, ``first`` and ``last`` bound it, inclusive."""

    number: int
    first: int
    last: int
    reference: bool


_HALF_YEAR = 6


def ons_bin(event_time: int) -> int:
    """The published ONS bin of an event time: half-years before the index, months 1-6, then half-years.

    Bin 0 holds event times -5..0, bins 1..6 one month each, bin 7 holds 7..12, bin 15 holds 55..60.
    """
    half_year = -(-event_time // _HALF_YEAR)
    if event_time <= 0:
        return half_year
    return event_time if event_time <= _HALF_YEAR else half_year + _HALF_YEAR - 1


class Window(Declared):
    """Which event times are studied and how they are binned.

    Attributes
    ----------
    before, after
        The window is event time ``-before .. after``, inclusive.
    reference
        First and last event time of the reference, inclusive; it must be whole bins.
    bins
        ``"ons"``: the published half-years and months; ``"single"``: every event time its own bin.
    """

    before: int
    after: int
    reference: tuple[int, int]
    bins: Literal["ons", "single"] = "ons"

    def whole_faults(self) -> Iterator[str]:
        """That the reference lies outside the window, or splits a bin."""
        first, last = self.reference
        if not -self.before <= first <= last <= 0:
            yield "the reference must lie inside the window and end at or before event time 0"
            return
        number = self._number
        edges_split = (first > -self.before and number(first - 1) == number(first)) or number(last) == number(last + 1)
        if edges_split:
            yield "the reference must be made of whole bins"

    def _number(self, event_time: int) -> int:
        return ons_bin(event_time) if self.bins == "ons" else event_time

    def bin_of(self, event_time: int) -> int | None:
        """The bin number of an event time; ``None`` outside the window."""
        return self._number(event_time) if -self.before <= event_time <= self.after else None

    @property
    def binned(self) -> tuple[Bin, ...]:
        """The bins in order of event time, those of the reference included."""
        members: dict[int, list[int]] = {}
        for event_time in range(-self.before, self.after + 1):
            members.setdefault(self._number(event_time), []).append(event_time)
        first, last = self.reference
        return tuple(
            Bin(number=number, first=times[0], last=times[-1], reference=first <= times[0] <= last)
            for number, times in members.items()
        )
