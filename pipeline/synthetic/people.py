"""Who there is: sex, birth, place, death, and what their work is like without an operation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import CENSUS_MONTHS, FIRST
from pipeline.synthetic.effects import MEAN_PAY_IN_WORK, SELF_EMPLOYED, SHARE_MEN
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.operations import ENDS_IN_DEATH, NOT_ALIVE, Operations
from pipeline.synthetic.streams import choose, stream
from pipeline.vocabulary.schemas.sources import REGIONS

PLACES: tuple[str | None, ...] = (*REGIONS, "Wales", None)
"""Where people live: the regions of England, Wales, not known."""

WALES = len(REGIONS)

LONDON = REGIONS.index("London")

NEVER = 10**6
"""The month of death of people who are alive at the end."""

_SHARE_OF_PLACE = np.array([0.045, 0.125, 0.092, 0.082, 0.101, 0.106, 0.145, 0.156, 0.095, 0.05, 0.003])
_SHARE_OF_ETHNIC_GROUP = np.array([0.81, 0.03, 0.09, 0.04, 0.02, 0.01])
_SHARE_OF_QUINTILE = {False: np.ones(5), True: np.array([0.28, 0.24, 0.20, 0.16, 0.12])}
_MOVED_BETWEEN_CENSUSES = 0.06

# People are attached to work or seldom in it; treated people are less often attached, as published.
_ATTACHED = {False: 0.70, True: 0.62}
_IN_WORK = {"attached": (0.72, 0.86), "seldom": (0.20, 0.40)}

# Log-normal part of pay: half a mean below which nobody is paid keeps pay positive whatever the knobs say.
_PAY_FLOOR = 0.55
_PAY_SIGMA = 0.9

# Gompertz mortality, about that of England: 0.25% a year at 50, doubling every seven years.
_MORTALITY_AT_50 = 0.0025
_MORTALITY_SLOPE = 0.0987
_MORTALITY_OF_TREATED_WHEN_INFORMATIVE = 4.0


@dataclass(frozen=True, kw_only=True)
class People:
    """One position a person in every array; the two rows of ``(2, n)`` arrays are the censuses of 2011 and 2021.

    Attributes
    ----------
    treated
        Whether in ``Operations``.
    birth_month
        The middle month of the quarter of birth: the birth that records know.
    region
        ``(2, n)`` positions in :data:`PLACES`.
    imd_quintile
        ``(2, n)``; 1 is most deprived.
    in_census
        ``(2, n)``; everybody is in one at least.
    death_month
        :data:`NEVER` for the living.
    employee
        False for the self-employed, who never have employee pay.
    in_work, pay_in_work
        Probability of being in work, and mean pay in work in pounds a month of 2023, before everything that varies.
    """

    treated: NDArray[np.bool_]
    male: NDArray[np.bool_]
    birth_month: NDArray[np.int32]
    ethnic_group: NDArray[np.int8]
    region: NDArray[np.int8]
    imd_quintile: NDArray[np.int8]
    in_census: NDArray[np.bool_]
    death_month: NDArray[np.int32]
    employee: NDArray[np.bool_]
    in_work: NDArray[np.float32]
    pay_in_work: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.male)

    @property
    def described_in(self) -> NDArray[np.int64]:
        """The census (0 or 1) that describes each person: 2011 where there is one."""
        return np.where(self.in_census[0], 0, 1)

    def described(self, characteristic: NDArray[np.int8]) -> NDArray[np.int8]:
        """A ``(2, n)`` characteristic as the describing census has it."""
        described: NDArray[np.int8] = characteristic[self.described_in, np.arange(len(self))]
        return described


def draw_people(operations: Operations, *, people: int, seed: int, knobs: Knobs) -> People:
    """Everybody in the delivery, those with an operation included."""
    random = stream(seed, "people")
    treated = np.zeros(people, dtype=bool)
    treated[operations.person] = True
    male = random.random(people) < np.where(treated, SHARE_MEN, 0.49)
    birth_month = _births(operations, people=people, random=random)
    death_month = _deaths(operations, birth_month=birth_month, random=random, knobs=knobs)
    attached = random.random(people) < np.where(treated, _ATTACHED[True], _ATTACHED[False])
    return People(
        treated=treated,
        male=male,
        birth_month=birth_month,
        ethnic_group=choose(random, _SHARE_OF_ETHNIC_GROUP, people),
        region=_twice(choose(random, _SHARE_OF_PLACE, people), choose(random, _SHARE_OF_PLACE, people), random),
        imd_quintile=_quintiles(treated, random),
        in_census=_enumerated(birth_month, death_month, random),
        death_month=death_month,
        employee=random.random(people) >= SELF_EMPLOYED,
        in_work=_uniform(random, attached),
        pay_in_work=_usual_pay(random, male),
    )


def _births(operations: Operations, *, people: int, random: np.random.Generator) -> NDArray[np.int32]:
    """Ages 18 to 72 in mid-2018; people operated have the age of their operation. To the middle of a quarter."""
    birth = FIRST + 52 - random.integers(18 * 12, 73 * 12, people)
    birth[operations.person] = operations.month - operations.age_in_months
    middle: NDArray[np.int32] = ((birth - 1) // 3 * 3 + 2).astype(np.int32)
    return middle


def _deaths(
    operations: Operations, *, birth_month: NDArray[np.int32], random: np.random.Generator, knobs: Knobs
) -> NDArray[np.int32]:
    """Months of death: Gompertz from the 2011 census on, or from the operation, which people live to see."""
    alive_at = np.full(len(birth_month), CENSUS_MONTHS[0] + 1)
    alive_at[operations.person] = np.maximum(alive_at[operations.person], operations.month)
    hazard = np.full(len(birth_month), _MORTALITY_AT_50)
    if knobs.informative_death:
        hazard[operations.person] *= _MORTALITY_OF_TREATED_WHEN_INFORMATIVE
    age = (alive_at - birth_month) / 12 - 50
    drawn = -np.log1p(-random.random(len(birth_month)))
    at_death = np.log(np.exp(_MORTALITY_SLOPE * age) + _MORTALITY_SLOPE / hazard * drawn) / _MORTALITY_SLOPE
    months = np.ceil((at_death - age) * 12).astype(np.int64)
    death = np.minimum(alive_at + months, NEVER).astype(np.int32)
    for kind, lag in ((ENDS_IN_DEATH, 0), (NOT_ALIVE, 2)):
        chosen = operations.kind == kind
        death[operations.person[chosen]] = operations.month[chosen] - lag
    return death


def _enumerated(
    birth_month: NDArray[np.int32], death_month: NDArray[np.int32], random: np.random.Generator
) -> NDArray[np.bool_]:
    """Who is in each census; whoever would be in neither is in that of 2011."""
    found = random.random((2, len(birth_month))) < np.array([[0.93], [0.90]])
    found[1] &= death_month > CENSUS_MONTHS[1]
    found[0] |= ~found[1]
    return found


def _twice(first: NDArray[np.int8], second: NDArray[np.int8], random: np.random.Generator) -> NDArray[np.int8]:
    """What was so in 2011, and in 2021 after some have moved."""
    moved = random.random(len(first)) < _MOVED_BETWEEN_CENSUSES
    return np.stack([first, np.where(moved, second, first)])


def _quintiles(treated: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.int8]:
    """Deprivation in each census; treated people live in more deprived places."""
    drawn = [
        np.where(
            treated,
            choose(random, _SHARE_OF_QUINTILE[True], len(treated)),
            choose(random, _SHARE_OF_QUINTILE[False], len(treated)),
        )
        for _ in range(2)
    ]
    return _twice(drawn[0], drawn[1], random) + np.int8(1)


def _uniform(random: np.random.Generator, attached: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Each person's own probability of being in work."""
    drawn = random.random(len(attached), dtype=np.float32)
    (low, high), (rare, seldom) = _IN_WORK["attached"], _IN_WORK["seldom"]
    return np.where(attached, low + (high - low) * drawn, rare + (seldom - rare) * drawn).astype(np.float32)


def _usual_pay(random: np.random.Generator, male: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Each person's own pay in work, with the mean of their sex."""
    spread = np.exp(_PAY_SIGMA * random.standard_normal(len(male)) - _PAY_SIGMA**2 / 2)
    mean = np.where(male, MEAN_PAY_IN_WORK[1], MEAN_PAY_IN_WORK[0])
    return (mean * (_PAY_FLOOR + (1 - _PAY_FLOOR) * spread)).astype(np.float32)
