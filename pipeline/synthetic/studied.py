"""Whom each evaluation will study, by its own rules, and by what their effects are split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import first_day_of, month_of_day
from pipeline.synthetic.effects import AGE_BANDS
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.links import Links
from pipeline.synthetic.operations import AFTER, NO_OBESITY, PREVIOUS, UNLISTED, Operations
from pipeline.synthetic.people import PLACES, WALES, People
from pipeline.synthetic.population import Population
from pipeline.synthetic.residence import UNKNOWN, in_england, place_at_operation
from pipeline.synthetic.therapy import COMPLETED, NEW_VERSION, Courses
from pipeline.synthetic.work import Treatment
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.schemas.sources import EMPLOYMENT_STATUSES, ETHNIC_GROUPS, PROBLEMS, SEXES
from pipeline.vocabulary.windows import Window

AGES = (25, 64)
WINDOW = Window(before=59, after=60, reference=(-5, 0))
"""The event times of the evaluation of bariatric surgery."""

THERAPY_WINDOW = Window(before=59, after=84, reference=(-23, -12))
"""The event times of the evaluation of NHS Talking Therapies."""

WOMENS_AGES = (25, 54)
WOMEN_SINCE = parse_month("2016-04")
DIAGNOSIS_WINDOW = Window(before=59, after=60, reference=(-23, 0))
SURGERY_WINDOW = Window(before=35, after=48, reference=(-23, -12))
"""Ages, first month and event times of the evaluations of endometriosis."""

BIRTHDAY = 15

Levels = Mapping[str, tuple[tuple[str, ...], NDArray[np.integer]]]
"""By subgroup its levels, and the level of each person studied."""


@dataclass(frozen=True, kw_only=True)
class Studied:
    """The people of an evaluation.

    Attributes
    ----------
    who, month
        Positions among all people, and the month of each one's index event.
    treatments
        Which of their treatments the evaluation is of: ``expected_work``'s arguments with it left out.
    counterfactual
        Everybody's treatments with that of the evaluation left out, where no argument does it.
    given
        Everybody's treatments with what the evaluation asks of, where that is not how they are.
    times
        How many times the difference is the effect that the evaluation is of.
    """

    evaluation: str
    window: Window
    who: NDArray[np.int64]
    month: NDArray[np.int32]
    levels: Levels
    treatments: Mapping[str, bool]
    counterfactual: Treatment | None = None
    given: Treatment | None = None
    times: float = 1.0

    def of(self, part: slice) -> Studied:
        """Some of the people."""
        levels = {name: (words, codes[part]) for name, (words, codes) in self.levels.items()}
        return replace(self, who=self.who[part], month=self.month[part], levels=levels)


def operations_studied(population: Population) -> Studied:
    """The people of the evaluation of bariatric surgery."""
    people, operations, links = population.people, population.operations, population.links
    chosen = included(people, operations, links, seed=population.seed, knobs=population.knobs)
    who, month = operations.person[chosen], operations.month[chosen]
    age, _ = ages(people, who, day=operations.day[chosen], month=month)
    return Studied(
        evaluation="bariatric_surgery",
        window=WINDOW,
        who=who,
        month=month,
        levels=of_the_census(people, who, age),
        treatments={"operated": False},
    )


def courses_studied(population: Population) -> Studied:
    """The people of the evaluation of NHS Talking Therapies."""
    people = population.people
    courses = population.courses.take(in_study(people, population.courses, population.links))
    who, month = courses.person, month_of_day(courses.session)
    age, _ = ages(people, who, day=courses.session, month=month)
    census = of_the_census(people, who, age)
    result = np.where(courses.recovered, 0, np.where(courses.improved, 1, 2))
    return Studied(
        evaluation="talking_therapies",
        window=THERAPY_WINDOW,
        who=who,
        month=month,
        levels={name: census[name] for name in ("all", "sex", "age_band", "ethnic_group")}
        | {
            "employment_at_referral": ((*EMPLOYMENT_STATUSES, "not known"), courses.status),
            "problem": ((*PROBLEMS, "not known"), courses.problem),
            "employment_adviser": (
                ("not seen", "seen", "not known"),
                np.where(courses.referred < NEW_VERSION, 2, courses.adviser),
            ),
            "result_after_treatment": (("recovered", "improved, not recovered", "neither"), result),
        },
        treatments={"in_therapy": False},
    )


def diagnoses_studied(population: Population, *, adenomyosis: bool) -> Studied:
    """The women of the evaluation of a diagnosis of endometriosis, with N80.0 among its codes or not."""
    women, treated = population.endometriosis, population.treatment
    women = women.take(~women.adenomyosis | adenomyosis)
    women = women.take(_in_women_studied(population, women.person, day=women.diagnosed))
    levels = _of_women(population, women.person, day=women.diagnosed)
    whole, parts = "endometriosis_diagnosis", ("all", "age_band", "ethnic_group") if adenomyosis else ("all",)
    return Studied(
        evaluation=whole if adenomyosis else f"{whole}_without_adenomyosis",
        window=DIAGNOSIS_WINDOW,
        who=women.person,
        month=month_of_day(women.diagnosed),
        levels={name: levels[name] for name in parts},
        treatments={},
        counterfactual=replace(treated, endometriosis=treated.endometriosis.not_diagnosed()),
    )


def surgery_studied(population: Population) -> Studied:
    """The women of the evaluation of surgery for endometriosis: those who had waited for it."""
    women, treated = population.endometriosis, population.treatment
    women = women.take(women.operated > women.diagnosed)
    women = women.take(_in_women_studied(population, women.person, day=women.operated))
    levels = _of_women(population, women.person, day=women.operated)
    operation = (("lesions of peritoneum", "lesions of ovary"), women.ovary.astype(np.int8))
    return Studied(
        evaluation="endometriosis_surgery",
        window=SURGERY_WINDOW,
        who=women.person,
        month=month_of_day(women.operated),
        levels={"all": levels["all"], "age_band": levels["age_band"], "operation": operation},
        treatments={},
        counterfactual=replace(treated, endometriosis=treated.endometriosis.not_operated()),
    )


def _in_women_studied(population: Population, who: NDArray[np.int64], *, day: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether women with an index event on a day are studied, by the rules of the evaluations of endometriosis."""
    people, links, month = population.people, population.links, month_of_day(day)
    age, age_at_end = ages(people, who, day=day, month=month)
    eligible = links.health[:, who].any(axis=0) & links.pay[:, who].any(axis=0) & ~links.shared[who]
    eligible &= (month >= WOMEN_SINCE) & (age >= WOMENS_AGES[0]) & (age_at_end <= WOMENS_AGES[1])
    eligible &= (people.death_month[who] > month) & in_england(people.described(people.region)[who])
    return eligible


def _of_women(population: Population, who: NDArray[np.int64], *, day: NDArray[np.int32]) -> Levels:
    """Subgroups of the evaluations of endometriosis."""
    age, _ = ages(population.people, who, day=day, month=month_of_day(day))
    census = of_the_census(population.people, who, age)
    return {**census, "age_band": (AGE_BANDS[:3], (age - WOMENS_AGES[0]) // 10)}


def included(people: People, operations: Operations, links: Links, *, seed: int, knobs: Knobs) -> NDArray[np.int64]:
    """Positions among the operations whose people the evaluation will study, by its eligibility rules."""
    who = operations.person
    age, age_at_end = ages(people, who, day=operations.day, month=operations.month)
    place = place_at_operation(people, operations, seed=seed, knobs=knobs)
    place = np.where(place == UNKNOWN, people.described(people.region)[who], place)
    eligible = ~np.isin(operations.kind, (PREVIOUS, AFTER, NO_OBESITY, UNLISTED))
    eligible &= links.health[:, who].any(axis=0) & links.pay[:, who].any(axis=0) & ~links.shared[who]
    eligible &= (age >= AGES[0]) & (age_at_end <= AGES[1])
    eligible &= (people.death_month[who] > operations.month) & in_england(place)
    return np.flatnonzero(eligible)


def in_study(people: People, courses: Courses, links: Links) -> NDArray[np.int64]:
    """Positions among the courses whose people the evaluation will study, by its eligibility rules."""
    who, month = courses.person, month_of_day(courses.session)
    age, age_at_end = ages(people, who, day=courses.session, month=month)
    eligible = courses.kind == COMPLETED
    eligible &= links.therapy[:, who].any(axis=0) & links.pay[:, who].any(axis=0) & ~links.shared[who]
    eligible &= (age >= AGES[0]) & (age_at_end <= AGES[1])
    eligible &= (people.death_month[who] > month) & in_england(people.described(people.region)[who])
    return np.flatnonzero(eligible)


def ages(
    people: People, who: NDArray[np.int64], *, day: NDArray[np.int32], month: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Completed years on a day and at the end of its month."""
    day_of_month = day - first_day_of(month) + 1
    months_old = month - people.birth_month[who]
    return (months_old - (day_of_month < BIRTHDAY)) // 12, months_old // 12


def of_the_census(people: People, who: NDArray[np.int64], age: NDArray[np.int32]) -> Levels:
    """Subgroups by what the census says, and by age at the index.

    Wales is a level: people enumerated there who had moved to England by their operation are included.
    """
    regions = tuple(str(place) for place in PLACES[: WALES + 1])
    quintiles = tuple(str(quintile) for quintile in range(1, 6))
    return {
        "all": (("",), np.zeros(len(who), dtype=np.int8)),
        "sex": (SEXES, people.male[who].astype(np.int8)),
        "age_band": (AGE_BANDS, (age - AGES[0]) // 10),
        "ethnic_group": (ETHNIC_GROUPS, people.ethnic_group[who]),
        "imd_quintile": (quintiles, people.described(people.imd_quintile)[who] - 1),
        "region": (regions, people.described(people.region)[who]),
    }
