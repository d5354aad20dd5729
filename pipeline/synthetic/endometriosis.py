"""Women with endometriosis: when hospital first diagnoses it, of which kind, and when they are operated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import LAST, MONTHS, first_day_of, month_of_day
from pipeline.synthetic.endometriosis_effects import (
    LAST_EVENT_MONTH,
    MEAN_WAIT,
    SHARE_AT_ONCE,
    SHARE_OPERATED,
    diagnosis_effects,
    operation_effects,
)
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.people import People
from pipeline.synthetic.streams import stream
from pipeline.vocabulary.months import parse_month

FIRST_DIAGNOSES = parse_month("2012-04")
"""The first month of first diagnoses: some come before the months studied, and are seen again in them."""

LONGEST_STAY = 6
"""Days; whoever dies in the month of a stay has no record of it."""

_ADENOMYOSIS_ONLY = 0.15
_ANOTHER_STAY = 0.4
_FIRST_AGE, _LAST_AGE = 18, 58


@dataclass(frozen=True, kw_only=True)
class Endometriosis:
    """One position a woman diagnosed. Days are day numbers; 0 where there is none.

    Attributes
    ----------
    person
        Position among all people, ascending.
    adenomyosis
        Whether N80.0 is all that she has; then she is not operated.
    again
        A later stay with the diagnosis.
    operated
        The operation: on the day of the diagnosis if in its stay.
    ovary
        Whether it is on an ovary, else on the peritoneum.
    """

    person: NDArray[np.int64]
    diagnosed: NDArray[np.int32]
    adenomyosis: NDArray[np.bool_]
    again: NDArray[np.int32]
    operated: NDArray[np.int32]
    ovary: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: NDArray[np.generic]) -> Endometriosis:
        """Some of the women."""
        return Endometriosis(**{name: values[rows] for name, values in vars(self).items()})


@dataclass(frozen=True, kw_only=True)
class Affected:
    """For everybody: the months from which a diagnosis and an operation change work; 0 if never."""

    diagnosed: NDArray[np.int32]
    operated: NDArray[np.int32]

    def not_diagnosed(self) -> Affected:
        """As if nobody had the illness, nor then an operation."""
        return Affected(diagnosed=np.zeros_like(self.diagnosed), operated=np.zeros_like(self.operated))

    def not_operated(self) -> Affected:
        """As if everybody waited."""
        return replace(self, operated=np.zeros_like(self.operated))


def draw_endometriosis(people: People, *, elsewhere: NDArray[np.int64], seed: int, knobs: Knobs) -> Endometriosis:
    """The women diagnosed, none of those with an operation of another evaluation or in ``elsewhere``."""
    random = stream(seed, "endometriosis")
    n = len(people)
    month = random.integers(FIRST_DIAGNOSES, LAST + 1, n, dtype=np.int32)
    age = (month - people.birth_month) // 12
    may = ~people.male & ~people.treated & (age >= _FIRST_AGE) & (age < _LAST_AGE)
    may[elsewhere] = False
    drawn = random.random(n) < knobs.endometriosis_share
    day = first_day_of(month) + random.integers(0, 28, n, dtype=np.int32)
    adenomyosis = random.random(n) < _ADENOMYOSIS_ONLY
    made = Endometriosis(
        person=np.arange(n),
        diagnosed=day,
        adenomyosis=adenomyosis,
        again=_later(people, day + random.integers(90, 1200, n, dtype=np.int32), random.random(n) < _ANOTHER_STAY),
        operated=_operated(people, day, adenomyosis, random),
        ovary=random.random(n) < SHARE_OPERATED,
    )
    return made.take(np.flatnonzero(may & drawn & (_later(people, day, np.ones(n, dtype=bool)) > 0)))


def affected(people: People, women: Endometriosis) -> Affected:
    """When work starts to change."""
    whole = {name: np.zeros(len(people), dtype=np.int32) for name in ("diagnosed", "operated")}
    whole["diagnosed"][women.person] = month_of_day(women.diagnosed)
    operated = np.flatnonzero(women.operated)
    whole["operated"][women.person[operated]] = month_of_day(women.operated[operated])
    return Affected(**whole)


def add_effects(sums: dict[str, NDArray[np.float32]], who: Affected, *, of: NDArray[np.int64]) -> None:
    """Add the effects on the people ``of`` to ``(n, T)`` arrays in place, each under its name in ``Paths``."""
    for months, paths in ((who.diagnosed[of], diagnosis_effects()), (who.operated[of], operation_effects())):
        rows = np.flatnonzero(months)
        since = np.clip(MONTHS[None, :] - months[rows, None] + 1, 0, LAST_EVENT_MONTH)
        for name, values in sums.items():
            values[rows] += getattr(paths, name).astype(np.float32)[since]


def _operated(
    people: People, diagnosed: NDArray[np.int32], adenomyosis: NDArray[np.bool_], random: np.random.Generator
) -> NDArray[np.int32]:
    """Days of operation. A wait of w months is w months of the calendar, as the effects were solved with."""
    n = len(diagnosed)
    chosen = ~adenomyosis & (random.random(n) < SHARE_OPERATED / (1 - _ADENOMYOSIS_ONLY))
    wait = 1 + np.floor(random.exponential(MEAN_WAIT, n)).astype(np.int32)
    month = np.minimum(month_of_day(diagnosed) + wait, LAST + 1)
    later = first_day_of(month) + random.integers(0, 28, n, dtype=np.int32)
    at_once = random.random(n) < SHARE_AT_ONCE
    return _later(people, np.where(at_once, diagnosed, later).astype(np.int32), chosen)


def _later(people: People, day: NDArray[np.int32], chosen: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The days of stays that are chosen, recorded by the end of the years studied, and lived through."""
    ends = month_of_day(day + LONGEST_STAY)
    seen = chosen & (month_of_day(day) <= LAST) & (people.death_month > ends)
    return np.where(seen, day, 0).astype(np.int32)
