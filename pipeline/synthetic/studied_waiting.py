"""Whom the evaluations of waiting will study, by their own rules, and what a longer wait does to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import month_of_day
from pipeline.synthetic.population import Population
from pipeline.synthetic.residence import in_england
from pipeline.synthetic.studied import AGES, Levels, Studied, ages
from pipeline.synthetic.therapy import EARLIER
from pipeline.synthetic.waiting import with_others
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.windows import Window

JOINED = (parse_month("2016-04"), parse_month("2020-01"))
JOINED_WINDOW = Window(before=23, after=36, reference=(-11, 0))
"""When people join the list, and the event times, of the evaluation of waiting for a new hip or knee."""

REFERRED = (parse_month("2016-04"), parse_month("2020-12"))
REFERRED_WINDOW = Window(before=23, after=24, reference=(-11, 0))
"""When people are referred, and the event times, of the evaluation of waiting for therapy."""


def elective_studied(population: Population) -> Studied:
    """The people of the evaluation of waiting for a new hip or knee; the effect is of a year more of waiting.

    That is twelve times what one more month does: where everybody has been operated the two are the same, and before
    that it is what the queue's own small changes tell.
    """
    listed, treated = population.elective, population.treatment
    listed = listed.take(listed.known)
    listed = listed.take(with_others(listed.provider, listed.joined))
    linked = population.links.health[:, listed.person].any(axis=0)
    chosen = linked & _seen(population, listed.person, day=listed.joined, between=JOINED, window=JOINED_WINDOW)
    return Studied(
        evaluation="elective_waiting",
        window=JOINED_WINDOW,
        who=listed.person[chosen],
        month=month_of_day(listed.joined[chosen]),
        levels=_everybody(chosen),
        treatments={},
        given=replace(treated, elective=treated.elective.longer(1.0)),
        times=12.0,
    )


def referrals_waiting_studied(population: Population) -> Studied:
    """The people of the evaluation of waiting for therapy; the effect is of three months more of waiting.

    That is three times what one more month does, by which therapy itself comes a month later too.
    """
    courses, treated = population.courses, population.treatment
    courses = courses.take((courses.session > 0) & (courses.kind != EARLIER))
    courses = courses.take(with_others(courses.provider, courses.referred))
    linked = population.links.therapy[:, courses.person].any(axis=0)
    chosen = linked & _seen(population, courses.person, day=courses.referred, between=REFERRED, window=REFERRED_WINDOW)
    later = replace(treated, therapy=treated.therapy.later(1), therapy_wait=treated.therapy_wait.longer(1.0))
    return Studied(
        evaluation="therapy_waiting",
        window=REFERRED_WINDOW,
        who=courses.person[chosen],
        month=month_of_day(courses.referred[chosen]),
        levels=_everybody(chosen),
        treatments={},
        given=later,
        times=3.0,
    )


def _seen(
    population: Population, who: NDArray[np.int64], *, day: NDArray[np.int32], between: tuple[int, int], window: Window
) -> NDArray[np.bool_]:
    """Whether people who join on a day are of the right age, linked to pay, and alive to the end of the window."""
    people, links, month = population.people, population.links, month_of_day(day)
    age, age_at_end = ages(people, who, day=day, month=month)
    eligible = links.pay[:, who].any(axis=0) & ~links.shared[who] & (month >= between[0]) & (month <= between[1])
    eligible &= (age >= AGES[0]) & (age_at_end <= AGES[1]) & in_england(people.described(people.region)[who])
    seen: NDArray[np.bool_] = eligible & (people.death_month[who] > month + window.after - 1)
    return seen


def _everybody(chosen: NDArray[np.bool_]) -> Levels:
    return {"all": (("",), np.zeros(int(chosen.sum()), dtype=np.int8))}
