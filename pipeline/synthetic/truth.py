"""The true effects, averaged over the people and the months that the evaluation will include."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.calendar import MONTHS, first_day_of
from pipeline.synthetic.effects import AGE_BANDS
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.links import Links
from pipeline.synthetic.operations import AFTER, NO_OBESITY, PREVIOUS, UNLISTED, Operations
from pipeline.synthetic.people import PLACES, WALES, People
from pipeline.synthetic.residence import UNKNOWN, in_england, place_at_operation
from pipeline.synthetic.work import Treatment, expected_work
from pipeline.vocabulary.schemas.sources import ETHNIC_GROUPS, SEXES
from pipeline.vocabulary.windows import Window

EVALUATION = "bariatric_surgery"
WINDOW = Window(before=59, after=60, reference=(-5, 0))
AGES = (25, 64)
_BIRTHDAY = 15

_COLUMNS = ("evaluation", "outcome", "subgroup", "subgroup_value", "months_from", "months_to", "effect")
_DECIMALS = 6


@dataclass(frozen=True, kw_only=True)
class Months:
    """Person-months of included people: their bin, their person, and work with and without the operation."""

    bin: NDArray[np.int64]
    person: NDArray[np.int64]
    in_work: NDArray[np.float64]
    pay_in_work: NDArray[np.float64]
    in_work_without: NDArray[np.float64]
    pay_in_work_without: NDArray[np.float64]


def included(people: People, operations: Operations, links: Links, *, seed: int, knobs: Knobs) -> NDArray[np.int64]:
    """Positions among the operations whose people the evaluation will study, by its eligibility rules."""
    who = operations.person
    day_of_month = operations.day - first_day_of(operations.month) + 1
    months_old = operations.month - people.birth_month[who]
    age, age_at_end = (months_old - (day_of_month < _BIRTHDAY)) // 12, months_old // 12
    place = place_at_operation(people, operations, seed=seed, knobs=knobs)
    place = np.where(place == UNKNOWN, people.described(people.region)[who], place)
    eligible = ~np.isin(operations.kind, (PREVIOUS, AFTER, NO_OBESITY, UNLISTED))
    eligible &= links.health[:, who].any(axis=0) & links.pay[:, who].any(axis=0) & ~links.shared[who]
    eligible &= (age >= AGES[0]) & (age_at_end <= AGES[1])
    eligible &= (people.death_month[who] > operations.month) & in_england(place)
    return np.flatnonzero(eligible)


def true_effects(
    people: People, operations: Operations, links: Links, treated: Treatment, *, seed: int, knobs: Knobs
) -> pa.Table:
    """``effects.csv``: expected differences between outcomes with and without the operation.

    Pay and pay in work in pounds a month of 2023, employment in percentage points. Pay in work is averaged over
    person-months weighted by the probability of being in work after the operation: those who are seen in work.
    """
    chosen = included(people, operations, links, seed=seed, knobs=knobs)
    who = operations.person[chosen]
    months = _months(people, treated, who=who, knobs=knobs)
    age = (operations.month[chosen] - people.birth_month[who]) - (
        operations.day[chosen] - first_day_of(operations.month[chosen]) + 1 < _BIRTHDAY
    )
    rows = []
    for subgroup, (levels, codes) in _subgroups(people, who, age // 12).items():
        for code, level in enumerate(levels):
            within = (codes == code)[months.person]
            rows += [(EVALUATION, outcome, subgroup, level, *cell) for outcome, cell in _effects(months, within)]
    columns = zip(*sorted(rows), strict=True)
    return pa.table({name: list(column) for name, column in zip(_COLUMNS, columns, strict=True)})


def _months(people: People, treated: Treatment, *, who: NDArray[np.int64], knobs: Knobs) -> Months:
    """Observed person-months: in the event window and the calendar window, before the month of death."""
    event_time = MONTHS[None, :] - treated.month[who, None] + 1
    observed = (event_time >= -WINDOW.before) & (event_time <= WINDOW.after)
    observed &= people.death_month[who, None] > MONTHS[None, :]
    person, month = np.nonzero(observed)
    position = np.repeat(np.arange(len(WINDOW.binned)), [b.last - b.first + 1 for b in WINDOW.binned])
    with_it = expected_work(people, treated, rows=who, knobs=knobs)
    without = expected_work(people, treated, rows=who, knobs=knobs, operated=False)
    return Months(
        bin=position[event_time[observed] + WINDOW.before],
        person=person,
        in_work=with_it.in_work[person, month].astype(np.float64),
        pay_in_work=with_it.pay_in_work[person, month].astype(np.float64),
        in_work_without=without.in_work[person, month].astype(np.float64),
        pay_in_work_without=without.pay_in_work[person, month].astype(np.float64),
    )


def _subgroups(
    people: People, who: NDArray[np.int64], age: NDArray[np.int32]
) -> dict[str, tuple[tuple[str, ...], NDArray[np.integer]]]:
    """For each subgroup its levels, and the level of each included person.

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


def _effects(months: Months, within: NDArray[np.bool_]) -> list[tuple[str, tuple[int, int, float]]]:
    """Each outcome's effect in each bin that has person-months, the reference left out."""
    number = months.bin[within]
    p1, w1 = months.in_work[within], months.pay_in_work[within]
    p0, w0 = months.in_work_without[within], months.pay_in_work_without[within]
    size = len(WINDOW.binned)
    total = {
        "n": np.bincount(number, minlength=size),
        "in_work": np.bincount(number, p1, minlength=size),
        "employed": np.bincount(number, 100 * (p1 - p0), minlength=size),
        "pay": np.bincount(number, p1 * w1 - p0 * w0, minlength=size),
        "pay_in_work": np.bincount(number, p1 * (w1 - w0), minlength=size),
    }
    weight = {"employed": total["n"], "pay": total["n"], "pay_in_work": total["in_work"]}
    return [
        (outcome, (bounds.first, bounds.last, round(float(total[outcome][b] / weight[outcome][b]), _DECIMALS) + 0.0))
        for outcome in weight
        for b, bounds in enumerate(WINDOW.binned)
        if not bounds.reference and weight[outcome][b] > 0
    ]
