"""Blood tests and referrals to the NHS Diabetes Prevention Programme: who is tested, what is found, who is referred."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import MONTHS, first_day_of, month_of_day
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.people import People
from pipeline.synthetic.streams import stream
from pipeline.vocabulary.months import parse_month

ELIGIBLE = (42, 47)
"""HbA1c in mmol/mol at which people may be referred; above it they have diabetes and another pathway."""

LOWEST, HIGHEST = 35, 60
"""mmol/mol: the results delivered."""

ELIGIBLE_GLUCOSE = (5.5, 6.9)
"""Fasting plasma glucose in mmol/l at which people may be referred whatever their HbA1c is."""

WAVES = tuple(parse_month(month) for month in ("2016-06", "2017-04", "2018-04"))
"""The month from which the practices of each wave refer."""

_TESTED = (parse_month("2015-04"), parse_month("2022-10"))
_AGES = (25, 80)
_LOOKED_FOR = 0.6
_PEOPLE_A_PRACTICE, _FEWEST_PRACTICES = 500, 6

# Once its wave opens, a practice refers people whom it has found eligible before, month after month.
# Results fall off from 35 by a fifth or so with each mmol/mol; people seldom in work and older people have higher ones.
# Of a delivery's tests about one in six is at 42 to 47.
_SCALE, _MORE_OF_THE_SELDOM, _MORE_A_DECADE = 4.5, 0.10, 0.04
_ATTACHED = 0.5

_REFERRED, _REFERRED_BY_GLUCOSE = 0.6, 0.03
_FROM_REGISTER, _REGISTER_MONTHS = 0.5, 6
_COMPLETED = 0.35
_SESSIONS = 13

FULL_FROM = 12
"""Months from the referral until its effect on work, where there is one, is whole; it grows evenly until then."""


@dataclass(frozen=True, kw_only=True)
class Prevention:
    """One position a person tested, with their first test. Days are day numbers; 0 where there is none.

    Attributes
    ----------
    person
        Position among all people, ascending.
    practice, wave
        The practice's number, and its wave (1 to 3).
    hba1c
        As written down, in mmol/mol: whole.
    referred
        Day of the first referral; 0 for people never referred, at 42 and above too.
    glucose
        Fasting plasma glucose in mmol/l of people referred because of it, else NaN.
    """

    person: NDArray[np.int64]
    practice: NDArray[np.int32]
    wave: NDArray[np.int8]
    tested: NDArray[np.int32]
    hba1c: NDArray[np.int32]
    referred: NDArray[np.int32]
    glucose: NDArray[np.float64]
    sessions: NDArray[np.int32]
    completed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: NDArray[np.generic]) -> Prevention:
        """Some of the people tested."""
        return Prevention(**{name: values[rows] for name, values in vars(self).items()})


def draw_prevention(people: People, *, seed: int, knobs: Knobs) -> Prevention:
    """The first tests of a delivery, of people alive in their month, and the referrals that some lead to."""
    random = stream(seed, "prevention")
    chosen, early = _chosen(len(people), random, seed=seed, knobs=knobs)
    month = random.integers(_TESTED[0], np.where(early, WAVES[0], _TESTED[1] + 1))
    age = (month - people.birth_month[chosen]) // 12
    kept = (age >= _AGES[0]) & (age < _AGES[1]) & (people.death_month[chosen] > month)
    person, month, age = chosen[kept], month[kept], age[kept]
    n = len(person)
    tested = first_day_of(month) + random.integers(0, 28, n, dtype=np.int32)
    practices = max(_FEWEST_PRACTICES, len(people) // _PEOPLE_A_PRACTICE)
    practice = random.integers(0, practices, n, dtype=np.int32)
    wave = (practice % len(WAVES) + 1).astype(np.int8)
    hba1c = _written(_results(people, person, age, random), random, knobs=knobs)
    day, glucose = _referrals(hba1c, open_now=month >= np.array(WAVES)[wave - 1], random=random)
    referred = np.where(day > 0, tested + day, 0)
    opened = np.array(WAVES)[wave - 1]
    known = (hba1c >= ELIGIBLE[0]) & (hba1c <= ELIGIBLE[1]) & (month < opened)
    referred = np.where(known, _from_register(opened, random=stream(seed, "prevention/register")), referred)
    lives = people.death_month[person] > month_of_day(np.maximum(referred, tested))
    return Prevention(
        person=person,
        practice=practice,
        wave=wave,
        tested=tested,
        hba1c=hba1c,
        referred=np.where(lives, referred, 0).astype(np.int32),
        glucose=glucose,
        sessions=random.integers(0, _SESSIONS, n, dtype=np.int32),
        completed=random.random(n) < _COMPLETED,
    )


def _chosen(
    people: int, random: np.random.Generator, *, seed: int, knobs: Knobs
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Who is tested, and which of them before any practice could refer: then people were looked for."""
    sometime = random.random(people) < knobs.tested_share
    early = stream(seed, "prevention/early").random(people) < _LOOKED_FOR * knobs.tested_share
    chosen = np.flatnonzero(sometime | early)
    return chosen, ~sometime[chosen]


def months_referred(made: Prevention, *, people: int) -> NDArray[np.int32]:
    """For everybody the month of their first referral; 0 if never referred."""
    month = np.zeros(people, dtype=np.int32)
    referred = np.flatnonzero(made.referred)
    month[made.person[referred]] = month_of_day(made.referred[referred])
    return month


def add_programme_effect(in_work: NDArray[np.float32], month: NDArray[np.int32], *, knobs: Knobs) -> None:
    """Add, in place, what a referral does to ``(n, T)`` probabilities of being in work."""
    if knobs.no_effect or not knobs.programme_effect:
        return
    since = np.where(month[:, None] > 0, np.clip(MONTHS - month[:, None] + 1, 0, FULL_FROM), 0)
    in_work += np.float32(knobs.programme_effect / 100 / FULL_FROM) * since.astype(np.float32)


def _results(
    people: People, person: NDArray[np.int64], age: NDArray[np.int32], random: np.random.Generator
) -> NDArray[np.int32]:
    """HbA1c as measured: exponential from 35 on, in whole mmol/mol."""
    seldom = people.in_work[person] <= _ATTACHED
    scale = _SCALE * (1 + _MORE_OF_THE_SELDOM * seldom + _MORE_A_DECADE * (age - 50) / 10)
    measured = LOWEST + np.floor(scale * random.exponential(size=len(person)))
    results: NDArray[np.int32] = np.minimum(measured, HIGHEST).astype(np.int32)
    return results


def _written(hba1c: NDArray[np.int32], random: np.random.Generator, *, knobs: Knobs) -> NDArray[np.int32]:
    """HbA1c as written down: with manipulation some results just below the threshold are put on it."""
    moved = (hba1c == ELIGIBLE[0] - 1) & (random.random(len(hba1c)) < knobs.manipulation_at_42)
    written: NDArray[np.int32] = np.where(moved, ELIGIBLE[0], hba1c).astype(np.int32)
    return written


def _from_register(opened: NDArray[np.integer], *, random: np.random.Generator) -> NDArray[np.int32]:
    """Days of referrals of people found eligible before their practice could refer; 0 for those it never refers."""
    n = len(opened)
    month = opened + random.integers(0, _REGISTER_MONTHS, n)
    day = first_day_of(month) + random.integers(0, 28, n, dtype=np.int32)
    return np.where(random.random(n) < _FROM_REGISTER, day, 0).astype(np.int32)


def _referrals(
    hba1c: NDArray[np.int32], *, open_now: NDArray[np.bool_], random: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Days from the test to a referral, 0 without one, and the glucose of those below 42 who are referred by it."""
    n = len(hba1c)
    low, high = ELIGIBLE
    chance = np.where((hba1c >= low) & (hba1c <= high), _REFERRED, 0.0)
    chance[hba1c < low] = _REFERRED_BY_GLUCOSE
    referred = open_now & (random.random(n) < chance)
    glucose = np.round(random.uniform(*ELIGIBLE_GLUCOSE, n), 1)
    days = np.where(referred, random.integers(3, 45, n), 0).astype(np.int32)
    return days, np.where(referred & (hba1c < low), glucose, np.nan)
