"""Courses of therapy: who is referred, how long they wait, whether they complete it, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import FIRST, LAST, day_number, first_day_of, month_of_day
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.people import People
from pipeline.synthetic.streams import choose, stream
from pipeline.synthetic.therapy_effects import therapy_gains
from pipeline.synthetic.therapy_waits import COST, draw_waits
from pipeline.synthetic.waiting import DAYS_A_MONTH, Waiting
from pipeline.vocabulary.months import parse_month

COMPLETED, EARLIER, GAVE_UP, GOES_ON, NEVER_STARTED = range(5)
"""What kind of course: completed; completed after an earlier one, before pay records begin; given up after one contact;
not discharged yet; without a session."""

FIRST_RECORDS = parse_month("2012-04")
"""The first month of therapy records."""

NEW_VERSION = day_number(parse_month("2020-09"))
"""The first day of referrals that come in version 2.1 of the data set."""

_SHARE_OF_KIND = np.array([0.74, 0.06, 0.12, 0.03, 0.05])
_SHARE_OF_PROBLEM = np.array([0.38, 0.45, 0.07, 0.05, 0.05])
_SHARE_OF_STATUS = {
    True: np.array([0.84, 0.03, 0.05, 0.01, 0.02, 0.01, 0.01, 0.01, 0.02]),
    False: np.array([0.12, 0.30, 0.08, 0.26, 0.11, 0.06, 0.02, 0.03, 0.02]),
}
# By whether a person is attached to work. Status comes from that, which lasts, and not from the months about the
# referral: those who happen to be out of work then would come back without therapy, and no design here takes that off.

_ATTACHED = 0.5
_MORE_OF_THE_SELDOM = 1.3
_WOMEN, _MEN = 1.25, 0.7
_FIRST_AGE, _LAST_AGE = 18, 70

_DAYS_A_CONTACT = 14
_ADVISER = 0.08
_RECOVERED, _IMPROVED = 0.50, 0.68

DIP_BEFORE_REFERRAL = 6
LONGEST_DIP = 12
"""Months: the dip begins half a year before the referral and never more than a year before the first session."""


@dataclass(frozen=True, kw_only=True)
class Courses:
    """One position a person referred. Days are day numbers; 0 where there is none.

    Attributes
    ----------
    person
        Position among all people, ascending.
    provider
        From 0 to ``therapy_waits.PROVIDERS`` less one.
    severity
        In standard deviations.
    kind
        One of the five kinds above. Nobody whose session would come after the months studied has had one.
    first_month
        The month from which work is affected: that of the first session of the first completed course; 0 if none.
    status, problem
        Positions in the schema's words; one past the last where nothing is recorded.
    """

    person: NDArray[np.int64]
    provider: NDArray[np.int64]
    severity: NDArray[np.float64]
    kind: NDArray[np.int8]
    referred: NDArray[np.int32]
    session: NDArray[np.int32]
    discharged: NDArray[np.int32]
    contacts: NDArray[np.int32]
    earlier_session: NDArray[np.int32]
    first_month: NDArray[np.int32]
    status: NDArray[np.int8]
    problem: NDArray[np.int8]
    adviser: NDArray[np.bool_]
    recovered: NDArray[np.bool_]
    improved: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: NDArray[np.generic]) -> Courses:
        """Some of the courses."""
        return Courses(**{name: values[rows] for name, values in vars(self).items()})


@dataclass(frozen=True, kw_only=True)
class Therapy:
    """For everybody: the month from which therapy affects them and how many times the mean it does; dips before it.

    ``dip_from`` is the first month of a dip that lasts until the month before ``session``; both 0 if there is none.
    """

    month: NDArray[np.int32]
    gain: NDArray[np.float32]
    dip_from: NDArray[np.int32]
    session: NDArray[np.int32]

    def later(self, months: int) -> Therapy:
        """As if every first session had come so many months later."""
        on = self.session > 0
        return replace(
            self,
            month=(self.month + months * (self.month > 0)).astype(np.int32),
            session=(self.session + months * on).astype(np.int32),
        )


def draw_courses(people: People, *, seed: int, knobs: Knobs) -> Courses:
    """The courses of a delivery, of people who live to see the end of theirs."""
    random = stream(seed, "therapy")
    person = _referred(people, random, knobs=knobs)
    n = len(person)
    waits = draw_waits(n, seed=seed, knobs=knobs)
    session, month = waits.session, month_of_day(waits.session)
    kind = np.where(month > LAST, NEVER_STARTED, choose(random, _SHARE_OF_KIND, n)).astype(np.int8)
    contacts = np.select([kind == GAVE_UP, kind == NEVER_STARTED], [1, 0], 2 + random.poisson(5, n)).astype(np.int32)
    discharged = session + _DAYS_A_CONTACT * contacts + random.integers(1, 20, n, dtype=np.int32)
    earlier = first_day_of(random.integers(FIRST_RECORDS + 6, FIRST, n)) + 9
    drawn = random.random(n)
    made = Courses(
        person=person,
        provider=waits.provider,
        severity=waits.severity,
        kind=kind,
        referred=waits.referred,
        session=np.where(kind == NEVER_STARTED, 0, session).astype(np.int32),
        discharged=np.where(kind == GOES_ON, 0, discharged).astype(np.int32),
        contacts=contacts,
        earlier_session=np.where(kind == EARLIER, earlier, 0).astype(np.int32),
        first_month=_first_months(kind, month=month, earlier=earlier),
        status=_statuses(people.in_work[person] > _ATTACHED, random),
        problem=choose(random, _SHARE_OF_PROBLEM, n),
        adviser=random.random(n) < _ADVISER,
        recovered=drawn < _RECOVERED,
        improved=drawn < _IMPROVED,
    )
    age = (month - people.birth_month[person]) // 12
    lives = people.death_month[person] > month_of_day(discharged)
    return made.take(np.flatnonzero(lives & (month >= FIRST) & (age >= _FIRST_AGE) & (age < _LAST_AGE)))


def therapy_of(people: People, courses: Courses) -> Therapy:
    """When therapy starts to change each person's work and how much, and when they do badly before it."""
    age = (month_of_day(courses.session) - people.birth_month[courses.person]) // 12
    whole = {name: np.zeros(len(people), np.int32) for name in ("month", "dip_from", "session")}
    gain = np.zeros(len(people), np.float32)
    treated = np.flatnonzero(courses.first_month)
    whole["month"][courses.person] = courses.first_month
    gain[courses.person[treated]] = therapy_gains(age=age[treated], status=courses.status[treated])
    started = np.flatnonzero(courses.session)
    session = month_of_day(courses.session[started])
    dip = np.maximum(month_of_day(courses.referred[started]) - DIP_BEFORE_REFERRAL, session - LONGEST_DIP)
    whole["session"][courses.person[started]] = session
    whole["dip_from"][courses.person[started]] = dip
    return Therapy(gain=gain, **whole)


def therapy_wait_of(people: People, courses: Courses, *, knobs: Knobs) -> Waiting:
    """When each person who has had a session waited for it, and for how long."""
    started = courses.take(np.flatnonzero(courses.session))
    joined, wait, severity = (np.zeros(len(people)) for _ in range(3))
    joined[started.person], severity[started.person] = started.referred, started.severity
    wait[started.person] = (started.session - started.referred) / DAYS_A_MONTH
    size = 0.0 if knobs.no_effect else knobs.waiting_effect
    # About the mean of those who complete a course, whom the evaluation of therapy studies.
    completed = started.person[started.kind == COMPLETED]
    usual = float(wait[completed].mean()) if len(completed) else 0.0
    return Waiting(joined=joined.astype(np.int32), wait=wait, severity=severity, usual=usual, cost=COST, size=size)


def _referred(people: People, random: np.random.Generator, *, knobs: Knobs) -> NDArray[np.int64]:
    """Positions of people referred: women, and people seldom in work, more often than others."""
    weight = np.where(people.male, _MEN, _WOMEN) * np.where(people.in_work > _ATTACHED, 1.0, _MORE_OF_THE_SELDOM)
    return np.flatnonzero(random.random(len(people)) < knobs.therapy_share * weight / weight.mean())


def _first_months(kind: NDArray[np.int8], *, month: NDArray[np.int32], earlier: NDArray[np.int32]) -> NDArray[np.int32]:
    completed = np.isin(kind, (COMPLETED, EARLIER))
    return np.where(completed, np.where(kind == EARLIER, month_of_day(earlier), month), 0).astype(np.int32)


def _statuses(attached: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.int8]:
    n = len(attached)
    return np.where(attached, choose(random, _SHARE_OF_STATUS[True], n), choose(random, _SHARE_OF_STATUS[False], n))
