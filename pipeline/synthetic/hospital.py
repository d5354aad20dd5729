"""Hospital episodes: the operations, other operations of the same people, and everybody's ordinary stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import FIRST_DAYS, FIRST_DAYS_FROM, HOSPITAL_FIRST, LAST, first_day_of, month_of_day
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.operations import NO_OBESITY, PREVIOUS, SECONDARY, UNLISTED, Operations
from pipeline.synthetic.people import People
from pipeline.synthetic.residence import place_at_operation
from pipeline.synthetic.streams import choose, stream

NONE = 0
"""Position of no code."""

OBESITY = ("E660", "E661", "E662", "E668", "E669")
ASSOCIATED = ("K449", "K219", "K297", "R11X")
_CANCER = "C169"
ORDINARY = ("I10X", "E119", "J459", "M179", "N390", "R074", "K802", "F329", "I251", "S525", "N201", "K529", "L031")
ENDOMETRIOSIS = ("N800", "N801", "N803", "N804", "N809")
JOINTS = ("M169", "M171")
DIAGNOSES = ("-", *OBESITY, *ASSOCIATED, _CANCER, *ORDINARY, *ENDOMETRIOSIS, *JOINTS)
"""ICD-10 codes by position."""

BARIATRIC = ("G285", "G321", "G331", "G303", "G281", "G302", "G282", "G481", "G485", "G301")
_SHARE_OF_BARIATRIC = np.array([0.40, 0.25, 0.08, 0.10, 0.04, 0.02, 0.03, 0.04, 0.03, 0.01])
_APPROACH = "Y752"
_OTHER_OPERATIONS = ("G451", "H221", "C712", "S065", "J183", "T202", "X403", "M459")
ON_PERITONEUM, ON_OVARY = ("T421", "T422", "T331"), ("Q491", "Q432")
HIP, KNEE = ("W371", "W381", "W391"), ("W401", "W411", "W421")
OPERATIONS = ("-", *BARIATRIC, _APPROACH, *_OTHER_OPERATIONS, *ON_PERITONEUM, *ON_OVARY, *HIP, *KNEE)
"""OPCS-4 codes by position."""

LISTED_PLACES = 3
"""Codes that an episode has at most; the rest of the owner's columns are empty."""

_A_PERSON = 1.0
_OPERATED_ON = 0.45
_APPROACH_FIRST = 0.3
_DATE_MISSING = 0.04
_NO_FURTHER_CODE = 0.5
_OBESITY_FIRST = 0.2


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """One position an episode. Days are day numbers; an operation's day is 0 where it is not recorded.

    Attributes
    ----------
    diagnoses, operations
        ``(n, 3)`` positions in :data:`DIAGNOSES` and :data:`OPERATIONS`.
    place
        Position in :data:`pipeline.synthetic.people.PLACES`.
    index
        Whether the episode may hold an operation that an evaluation looks for: dirt that loses a record spares it.
    """

    person: NDArray[np.int64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    diagnoses: NDArray[np.int16]
    operations: NDArray[np.int16]
    operation_days: NDArray[np.int32]
    place: NDArray[np.int8]
    index: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.person)


def episodes(people: People, operations: Operations, *, seed: int, knobs: Knobs) -> Episodes:
    """Every episode from April 2009 on, once each."""
    place = place_at_operation(people, operations, seed=seed, knobs=knobs)
    everyone = np.arange(len(operations))
    revised = np.flatnonzero(operations.revised_month)
    earlier = np.flatnonzero(operations.kind == PREVIOUS)
    dates = (
        (everyone, operations.day),
        (revised, first_day_of(operations.revised_month[revised]) + 9),
        (earlier, first_day_of(operations.first_month[earlier]) + 9),
    )
    parts = [
        _operation_episodes(
            operations, chosen=chosen, day=day, place=place, random=stream(seed, "index", part), knobs=knobs
        )
        for part, (chosen, day) in enumerate(dates)
    ]
    parts += [_ordinary(people, seed=seed), _obese(people, seed=seed, knobs=knobs)]
    whole = joined(*parts)
    return _take(whole, np.flatnonzero(whole.index | (month_of_day(whole.end) < people.death_month[whole.person])))


def joined(*some: Episodes) -> Episodes:
    """One after the other."""
    return Episodes(**{name: np.concatenate([getattr(each, name) for each in some]) for name in vars(some[0])})


def _take(whole: Episodes, rows: NDArray[np.int64]) -> Episodes:
    return Episodes(**{name: values[rows] for name, values in vars(whole).items()})


def positions(codes: tuple[str, ...], some: tuple[str, ...]) -> NDArray[np.int16]:
    """Where some of the codes stand."""
    return np.array([codes.index(code) for code in some], dtype=np.int16)


def _operation_episodes(
    operations: Operations,
    *,
    chosen: NDArray[np.int64],
    day: NDArray[np.int32],
    place: NDArray[np.int8],
    random: np.random.Generator,
    knobs: Knobs,
) -> Episodes:
    """Episodes with a bariatric operation on ``day``; a day that is not recorded is the first of its episode."""
    n = len(chosen)
    missing = random.random(n) < _DATE_MISSING * knobs.dirt
    start = day - np.where(missing, 0, random.choice(np.array([0, 1, 2]), n, p=[0.75, 0.2, 0.05]))
    bariatric = positions(OPERATIONS, BARIATRIC)[choose(random, _SHARE_OF_BARIATRIC, n)]
    approach = np.full(n, OPERATIONS.index(_APPROACH))
    behind = random.random(n) < _APPROACH_FIRST
    codes = np.stack(
        [np.where(behind, approach, bariatric), np.where(behind, bariatric, approach), np.zeros(n)], axis=1
    )
    days = np.stack([np.where(behind, start, day), np.where(behind, day, start), np.zeros(n)], axis=1)
    days[missing] = 0
    return Episodes(
        person=operations.person[chosen],
        start=start.astype(np.int32),
        end=(day + random.integers(1, 6, n)).astype(np.int32),
        diagnoses=_reasons(operations.kind[chosen], random),
        operations=codes.astype(np.int16),
        operation_days=days.astype(np.int32),
        place=place[chosen],
        index=np.ones(n, dtype=bool),
    )


def _reasons(kind: NDArray[np.int8], random: np.random.Generator) -> NDArray[np.int16]:
    """Diagnoses of an episode with a bariatric operation, by its kind."""
    n = len(kind)
    obesity = random.choice(positions(DIAGNOSES, OBESITY), n)
    ordinary = random.choice(positions(DIAGNOSES, ORDINARY), n)
    listed = random.choice(positions(DIAGNOSES, ASSOCIATED), n)
    cancer = np.full(n, DIAGNOSES.index(_CANCER))
    primary = np.select([kind == SECONDARY, kind == UNLISTED, kind == NO_OBESITY], [listed, ordinary, cancer], obesity)
    below = np.isin(kind, (SECONDARY, UNLISTED))
    last = random.choice(positions(DIAGNOSES, ORDINARY), n)
    return np.stack([primary, np.where(below, obesity, last), np.where(below, last, NONE)], axis=1).astype(np.int16)


def _ordinary(people: People, *, seed: int) -> Episodes:
    """Stays that have nothing to do with obesity, about one a person."""
    random = stream(seed, "ordinary")
    person = np.repeat(np.arange(len(people)), random.poisson(_A_PERSON, len(people)))
    diagnoses = random.choice(positions(DIAGNOSES, ORDINARY), (len(person), LISTED_PLACES))
    for place in range(1, LISTED_PLACES):
        diagnoses[random.random(len(person)) < _NO_FURTHER_CODE, place:] = NONE
    return _stay(people, person, diagnoses=diagnoses, random=random)


def _obese(people: People, *, seed: int, knobs: Knobs) -> Episodes:
    """A stay with an obesity diagnosis, for some people who have no bariatric operation."""
    random = stream(seed, "obese")
    person = np.flatnonzero(~people.treated & (random.random(len(people)) < knobs.obesity_share))
    ordinary = random.choice(positions(DIAGNOSES, ORDINARY), len(person))
    obesity = random.choice(positions(DIAGNOSES, OBESITY), len(person))
    primary = random.random(len(person)) < _OBESITY_FIRST
    order = [np.where(primary, obesity, ordinary), np.where(primary, ordinary, obesity), np.zeros(len(person))]
    return _stay(people, person, diagnoses=np.stack(order, axis=1), random=random)


def _stay(
    people: People, person: NDArray[np.int64], *, diagnoses: NDArray[np.generic], random: np.random.Generator
) -> Episodes:
    """Stays on days drawn from the whole period, in the place of the person's census, with or without an operation."""
    n = len(person)
    first, last = FIRST_DAYS[HOSPITAL_FIRST - FIRST_DAYS_FROM], FIRST_DAYS[LAST + 1 - FIRST_DAYS_FROM]
    start = random.integers(first, last, n, dtype=np.int32)
    code = random.choice(positions(OPERATIONS, _OTHER_OPERATIONS), n)
    code = np.where(random.random(n) < _OPERATED_ON, code, NONE)
    empty = np.zeros((n, LISTED_PLACES - 1))
    return Episodes(
        person=person,
        start=start,
        end=(start + random.integers(0, 9, n)).astype(np.int32),
        diagnoses=diagnoses.astype(np.int16),
        operations=np.column_stack([code, empty]).astype(np.int16),
        operation_days=np.column_stack([np.where(code == NONE, 0, start), empty]).astype(np.int32),
        place=people.described(people.region)[person],
        index=np.zeros(n, dtype=bool),
    )
