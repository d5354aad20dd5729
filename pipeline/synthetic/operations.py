"""Bariatric operations: when, at what age, and every way in which one does not make a person eligible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import FIRST, HOSPITAL_FIRST, LAST, first_day_of
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.streams import choose, stream
from pipeline.vocabulary.months import parse_month

ELIGIBLE, SECONDARY, PREVIOUS, AFTER, NO_OBESITY, UNLISTED, NOT_ENGLAND, ENDS_IN_DEATH, NOT_ALIVE = range(9)
"""What kind of operation: with obesity as primary diagnosis; as secondary diagnosis under a listed primary one; after
an earlier operation; after the last month studied; without obesity; with secondary obesity under another primary
diagnosis; of a resident of Wales; in the month of death; dated after death."""

_SHARE_OF_KIND = np.array([0.78, 0.08, 0.03, 0.01, 0.03, 0.02, 0.02, 0.015, 0.015])
# Every kind is common enough to be seen at 50,000 people; the last two are rarer in life.

# Hospitals all but stopped planned operations in the first wave of COVID-19.
_STOPPED = (parse_month("2020-04"), parse_month("2020-07"))
_SHARE_WHEN_STOPPED = 0.1

_SHARE_OUTSIDE_AGES = 0.03
_AGES = (25, 44, 65)
_REVISED = 0.04


@dataclass(frozen=True, kw_only=True)
class Operations:
    """One position a person operated.

    Attributes
    ----------
    person
        Position among all people, ascending.
    kind
        One of the nine kinds above.
    month
        The month of the operation in the years studied (or just after them).
    day
        Its day number.
    first_month
        The month from which work is affected: that of an earlier operation, if there was one.
    revised_month
        The month of a second operation; 0 if none.
    age_in_months
        Age in the month of the operation.
    """

    person: NDArray[np.int64]
    kind: NDArray[np.int8]
    month: NDArray[np.int32]
    day: NDArray[np.int32]
    first_month: NDArray[np.int32]
    revised_month: NDArray[np.int32]
    age_in_months: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.person)


def draw_operations(*, people: int, seed: int, knobs: Knobs) -> Operations:
    """The operations of a delivery: ``treated_share`` of the people have one."""
    random = stream(seed, "operations")
    n = max(1, round(people * knobs.treated_share))
    person = np.sort(random.choice(people, n, replace=False))
    kind = choose(random, _SHARE_OF_KIND, n)
    month = _months(random, kind)
    earlier = random.integers(HOSPITAL_FIRST, FIRST, n)
    revised = month + random.integers(6, 48, n)
    keep = (random.random(n) < _REVISED) & (kind <= SECONDARY) & (revised <= LAST)
    return Operations(
        person=person,
        kind=kind,
        month=month,
        day=first_day_of(month) + random.integers(0, 28, n, dtype=np.int32),
        first_month=np.where(kind == PREVIOUS, earlier, month).astype(np.int32),
        revised_month=np.where(keep, revised, 0).astype(np.int32),
        age_in_months=_ages(random, n),
    )


def _months(random: np.random.Generator, kind: NDArray[np.int8]) -> NDArray[np.int32]:
    """Months of operation: even over the years studied but for the stop in 2020."""
    months = np.arange(FIRST, LAST + 1)
    shares = np.where((months >= _STOPPED[0]) & (months <= _STOPPED[1]), _SHARE_WHEN_STOPPED, 1.0)
    drawn = FIRST + choose(random, shares, len(kind)).astype(np.int32)
    after = LAST + random.integers(1, 7, len(kind), dtype=np.int32)
    return np.where(kind == AFTER, after, drawn).astype(np.int32)


def _ages(random: np.random.Generator, n: int) -> NDArray[np.int32]:
    """Ages in months: 25 to 64 with most in their forties, a few younger or older than any evaluation takes."""
    age = random.triangular(*_AGES, n)
    outside = random.random(n) < _SHARE_OUTSIDE_AGES
    beyond = np.where(random.integers(0, 2, n) == 0, random.uniform(18, 25, n), random.uniform(65, 72, n))
    age = np.where(outside, beyond, age)
    return np.floor(age * 12).astype(np.int32)
