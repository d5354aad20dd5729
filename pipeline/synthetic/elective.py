"""People on the waiting list for a new hip or knee: when they join it, whose it is, and how long they wait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import first_day_of, month_of_day
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.people import People
from pipeline.synthetic.streams import stream
from pipeline.synthetic.waiting import Cost, Waiting, days_waited, draw_lists
from pipeline.vocabulary.months import parse_month

PROVIDERS = 24
"""Few for England, so that a delivery of some thousand people on lists has several at each in a month."""

FIRST_JOINED, LAST_JOINED = parse_month("2015-01"), parse_month("2020-12")
LONGEST_STAY = 6
"""Days; whoever dies in the month of the operation has no record of it."""

_USUAL, _SHORTEST, _LONGEST = 9.0, 0.25, 24.0
_CHANCE = 1.5
_MEAN = 10.0
# A month more than the usual wait: more people join long lists than short ones.
_FIRST_AGE, _LAST_AGE = 25, 75
_HIPS = 0.5
_WAIT_NOT_KNOWN = 0.01

COST = Cost(
    # None of this is published for England. That longer queues for orthopaedic surgery lower labour supply lastingly is
    # what Godøy, Haaland, Huitfeldt and Votruba find in Norway (American Economic Journal: Economic Policy 16(2), 2024,
    # 150-181); the sizes are ours.
    while_waiting={"in_work": 0.004, "pay_in_work": 4.0, "claims": -0.002},
    lasting={"in_work": 0.005, "pay_in_work": 6.0, "claims": -0.003},
    severity={"in_work": 0.03, "pay_in_work": 60.0, "claims": -0.02},
)


@dataclass(frozen=True, kw_only=True)
class Elective:
    """One position a person operated from a list.

    Attributes
    ----------
    person
        Position among all people, ascending.
    provider
        From 0 to :data:`PROVIDERS` less one.
    joined
        Day number.
    wait, severity
        In months; in standard deviations.
    hip
        Else a knee.
    known
        Whether records say when the person joined.
    """

    person: NDArray[np.int64]
    provider: NDArray[np.int64]
    joined: NDArray[np.int32]
    wait: NDArray[np.float64]
    severity: NDArray[np.float64]
    hip: NDArray[np.bool_]
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.person)

    @property
    def operated(self) -> NDArray[np.int32]:
        """Day number of the operation."""
        return (self.joined + days_waited(self.wait)).astype(np.int32)

    def take(self, rows: NDArray[np.generic]) -> Elective:
        """Some of the people."""
        return Elective(**{name: values[rows] for name, values in vars(self).items()})


def draw_elective(people: People, *, elsewhere: NDArray[np.int64], seed: int, knobs: Knobs) -> Elective:
    """The people operated from a list, none of those with an operation of another evaluation or in ``elsewhere``."""
    random = stream(seed, "elective")
    n, months = len(people), LAST_JOINED - FIRST_JOINED + 1
    lists = draw_lists(random, providers=PROVIDERS, months=months, usual=10.0, spread=knobs.queue_spread)
    provider, since = np.divmod(random.choice(lists.share.size, n, p=lists.share.ravel()), months)
    month = FIRST_JOINED + since
    severity = random.normal(size=n)
    wait = lists.wait[provider, since] - knobs.waiting_confounded * severity + _CHANCE * random.normal(size=n)
    made = Elective(
        person=np.arange(n),
        provider=provider,
        joined=first_day_of(month) + random.integers(0, 28, n, dtype=np.int32),
        wait=np.clip(wait, _SHORTEST, _LONGEST),
        severity=severity,
        hip=random.random(n) < _HIPS,
        known=stream(seed, "elective waits").random(n) >= _WAIT_NOT_KNOWN * knobs.dirt,
    )
    age = (month - people.birth_month) // 12
    may = ~people.treated & (age >= _FIRST_AGE) & (age < _LAST_AGE) & (random.random(n) < knobs.elective_share)
    may[elsewhere] = False
    may &= people.death_month > month_of_day(made.operated + LONGEST_STAY)
    return made.take(np.flatnonzero(may))


def waiting_of(people: People, listed: Elective, *, knobs: Knobs) -> Waiting:
    """When each person waits, and for how long."""
    whole = {name: np.zeros(len(people)) for name in ("joined", "wait", "severity")}
    for name, values in whole.items():
        values[listed.person] = getattr(listed, name)
    return Waiting(
        joined=whole["joined"].astype(np.int32),
        wait=whole["wait"],
        severity=whole["severity"],
        usual=_MEAN,
        cost=COST,
        size=0.0 if knobs.no_effect else knobs.waiting_effect,
    )
