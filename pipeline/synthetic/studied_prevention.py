"""Whom the evaluations of the Diabetes Prevention Programme will study, by their own rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import LAST, first_day_of, month_of_day
from pipeline.synthetic.links import Links
from pipeline.synthetic.people import People
from pipeline.synthetic.population import Population
from pipeline.synthetic.prevention import ELIGIBLE, WAVES, Prevention
from pipeline.synthetic.residence import in_england
from pipeline.synthetic.studied import AGES, BIRTHDAY, Studied, ages, of_the_census
from pipeline.synthetic.work import Treatment
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.windows import Window

PREVENTION_WINDOW = Window(before=35, after=60, reference=(-11, 0))
"""The event times of the evaluation of the Diabetes Prevention Programme."""

THRESHOLD_WINDOW = Window(before=23, after=24, reference=(-11, 0))
THRESHOLD_MONTHS = tuple(parse_month(month) for month in ("2018-04", "2020-12"))
"""The event times of the evaluation of its threshold, and the first and last month of the tests studied."""

WAVES_WINDOW = Window(before=23, after=12, reference=(-11, 0))
BASELINE = tuple(parse_month(month) for month in ("2015-04", "2016-05"))
"""The event times of the evaluation of its practice waves, and the first and last month of the tests studied."""

_YEAR = 365


def referrals_studied(population: Population) -> Studied:
    """The people of the evaluation of the Diabetes Prevention Programme."""
    people = population.people
    referred = population.prevention.take(in_programme(people, population.prevention, population.links))
    who, month = referred.person, month_of_day(referred.referred)
    age, _ = ages(people, who, day=referred.referred, month=month)
    census = of_the_census(people, who, age)
    return Studied(
        evaluation="diabetes_prevention",
        window=PREVENTION_WINDOW,
        who=who,
        month=month,
        levels={name: census[name] for name in ("all", "sex", "imd_quintile")},
        treatments={},
        counterfactual=_without_programme(population),
    )


def threshold_studied(population: Population) -> Studied:
    """The people whose effect a threshold gives: at 42 and referred, seen from two years before to two after."""
    people, tested = population.people, population.prevention
    month = month_of_day(tested.tested)
    age, age_at_end = ages(people, tested.person, day=tested.tested, month=month)
    chosen: NDArray[np.bool_] = (tested.hba1c == ELIGIBLE[0]) & (tested.referred > 0)
    chosen &= (month >= THRESHOLD_MONTHS[0]) & (month <= THRESHOLD_MONTHS[1])
    chosen &= _linked_to_programme(people, population.links, tested.person)
    chosen &= (age >= AGES[0]) & (age_at_end <= AGES[1])
    chosen &= people.death_month[tested.person] >= month + THRESHOLD_WINDOW.after
    who = tested.person[chosen]
    return Studied(
        evaluation="diabetes_prevention_threshold",
        window=THRESHOLD_WINDOW,
        who=who,
        month=month[chosen],
        levels={"all": (("",), np.zeros(len(who), dtype=np.int8))},
        treatments={},
        counterfactual=_without_programme(population),
    )


def waves_studied(population: Population) -> Studied:
    """The people found eligible before any practice could refer, in practices that could before the last wave."""
    people, tested = population.people, population.prevention
    month = np.array(WAVES)[tested.wave - 1]
    age, age_at_end = ages(people, tested.person, day=first_day_of(month) + BIRTHDAY - 1, month=month)
    found = month_of_day(tested.tested)
    chosen: NDArray[np.bool_] = (tested.hba1c >= ELIGIBLE[0]) & (tested.hba1c <= ELIGIBLE[1])
    chosen &= (found >= BASELINE[0]) & (found <= BASELINE[1]) & (tested.wave < len(WAVES))
    chosen &= _linked_to_programme(people, population.links, tested.person)
    chosen &= (age >= AGES[0]) & (age_at_end <= AGES[1]) & (people.death_month[tested.person] > month)
    who = tested.person[chosen]
    return Studied(
        evaluation="diabetes_prevention_practice_waves",
        window=WAVES_WINDOW,
        who=who,
        month=month[chosen].astype(np.int32),
        levels={"all": (("",), np.zeros(len(who), dtype=np.int8))},
        treatments={},
        counterfactual=_without_programme(population),
    )


def _without_programme(population: Population) -> Treatment:
    return replace(population.treatment, programme=np.zeros_like(population.treatment.programme))


def _linked_to_programme(people: People, links: Links, who: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Who is linked to pay and to the programme's records, and lives in England."""
    linked = links.programme[:, who].any(axis=0) & links.pay[:, who].any(axis=0) & ~links.shared[who]
    return np.asarray(linked & in_england(people.described(people.region)[who]), dtype=np.bool_)


def in_programme(people: People, tested: Prevention, links: Links) -> NDArray[np.int64]:
    """Positions among people tested whom the evaluation of their referral will study, by its eligibility rules."""
    who, day = tested.person, np.where(tested.referred > 0, tested.referred, tested.tested)
    month = month_of_day(day)
    age, age_at_end = ages(people, who, day=day, month=month)
    by_hba1c = (tested.hba1c >= ELIGIBLE[0]) & (tested.hba1c <= ELIGIBLE[1])
    eligible = (
        (tested.referred > 0)
        & (tested.referred - tested.tested <= _YEAR)
        & (by_hba1c | ~np.isnan(tested.glucose))
        & (month >= WAVES[0])
        & (month <= LAST)
    )
    eligible &= _linked_to_programme(people, links, who) & (people.death_month[who] > month)
    eligible &= (age >= AGES[0]) & (age_at_end <= AGES[1])
    return np.flatnonzero(eligible)
