"""Everything of a delivery that is drawn before a row is written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.benefits import Claimants, draw_claimants
from pipeline.synthetic.elective import Elective, draw_elective
from pipeline.synthetic.endometriosis import Endometriosis, draw_endometriosis
from pipeline.synthetic.knobs import DEFAULT, Knobs
from pipeline.synthetic.links import Links, draw_links
from pipeline.synthetic.operations import Operations, draw_operations
from pipeline.synthetic.people import People, draw_people
from pipeline.synthetic.prevention import Prevention, draw_prevention
from pipeline.synthetic.therapy import Courses, draw_courses
from pipeline.synthetic.work import Treatment, treatment


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """People with what happens to them and what is linked to them. Two are the same only if they are one."""

    people: People
    operations: Operations
    courses: Courses
    endometriosis: Endometriosis
    prevention: Prevention
    elective: Elective
    claimants: Claimants
    links: Links
    treatment: Treatment
    seed: int
    knobs: Knobs


def draw_population(*, people: int, seed: int, knobs: Knobs = DEFAULT) -> Population:
    """The people of a delivery, what is done to them, their benefits and their links; nothing is written."""
    operations = draw_operations(people=people, seed=seed, knobs=knobs)
    everyone = draw_people(operations, people=people, seed=seed, knobs=knobs)
    courses = draw_courses(everyone, seed=seed, knobs=knobs)
    women = draw_endometriosis(everyone, elsewhere=courses.person, seed=seed, knobs=knobs)
    prevention = draw_prevention(everyone, seed=seed, knobs=knobs)
    elsewhere = np.concatenate([courses.person, women.person])
    listed = draw_elective(everyone, elsewhere=elsewhere, seed=seed, knobs=knobs)
    treated = treatment(
        everyone, operations, courses, knobs, endometriosis=women, prevention=prevention, elective=listed
    )
    return Population(
        people=everyone,
        operations=operations,
        courses=courses,
        endometriosis=women,
        prevention=prevention,
        elective=listed,
        claimants=draw_claimants(everyone, seed=seed),
        links=draw_links(everyone, treated, seed=seed, knobs=knobs),
        treatment=treated,
        seed=seed,
        knobs=knobs,
    )
