"""Payments: who is in work in which month, what they are paid, and in how many pieces it is reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.calendar import MONTHS, PRICES, first_day_of
from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.links import Links
from pipeline.synthetic.people import People
from pipeline.synthetic.streams import persistent, stream
from pipeline.synthetic.work import Treatment, expected_work
from pipeline.vocabulary.months import first_day

LABELS = [f"{first_day(int(month)).year}-{first_day(int(month)).month}" for month in MONTHS]
"""The months as the owner writes them: no zero in front."""

_FIRST_DAYS = first_day_of(MONTHS)
_LENGTHS = np.diff(np.append(_FIRST_DAYS, first_day_of(MONTHS[-1:] + 1)))
_PAY_DAYS = np.where(_LENGTHS.max() == _LENGTHS, 5, 4)

_JOB_CHANGE = 0.02
_RAISE = 0.03
_PAY_BETWEEN_JOBS = 0.12
_PAY_WITHIN_JOB = 0.03

_WEEKLY = 0.03
_SECOND_JOB = 0.03
_SECOND_JOB_PAY = 0.3
_CORRECTED = 0.003
_NEGATIVE_TOTAL = 0.002
_AFTER_DEATH = 0.2
_DUPLICATE = 0.002
_LATE = 0.002


@dataclass(frozen=True, kw_only=True)
class Payments:
    """One position a payment: whose (position among the rows asked for), for which month, how much, when, by whom."""

    person: NDArray[np.int32]
    month: NDArray[np.int16]
    pence: NDArray[np.int64]
    days: NDArray[np.int8]
    after: NDArray[np.int8]
    scheme: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.person)

    def take(self, positions: NDArray[np.int64]) -> Payments:
        """Some of the payments, in the order asked for."""
        return Payments(**{name: values[positions] for name, values in vars(self).items()})


def payments(people: People, treated: Treatment, *, rows: NDArray[np.int64], seed: int, knobs: Knobs) -> Payments:
    """All payments to the people in ``rows``, who are always simulated together."""
    random = stream(seed, "pay", int(rows[0]))
    work = expected_work(people, treated, rows=rows, knobs=knobs)
    shape = work.in_work.shape
    alive = MONTHS[None, :] < people.death_month[rows, None]
    in_work = (persistent(random, shape, redraw=_JOB_CHANGE) < work.in_work) & alive
    pay = work.pay_in_work
    luck = np.float32(2 * _PAY_BETWEEN_JOBS) * (persistent(random, shape, redraw=_RAISE) - np.float32(0.5))
    luck += np.float32(2 * _PAY_WITHIN_JOB) * (random.random(shape, dtype=np.float32) - np.float32(0.5))
    pay += people.pay_in_work[rows, None] * luck
    pay *= (PRICES * 100).astype(np.float32)
    person, month = (axis.astype(kind) for axis, kind in zip(np.nonzero(in_work), (np.int32, np.int16), strict=True))
    paid = _reported(random, person=person, month=month, pence=np.rint(pay[in_work]).astype(np.int64), knobs=knobs)
    odd = _out_of_work(random, in_work=in_work, alive=alive, worker=people.employee[rows], knobs=knobs)
    return _joined(paid, odd)


def _reported(
    random: np.random.Generator,
    *,
    person: NDArray[np.int32],
    month: NDArray[np.int16],
    pence: NDArray[np.int64],
    knobs: Knobs,
) -> Payments:
    """Each month's pay in the pieces that employers report: one, one a week, one a job, or one and a correction."""
    weekly = random.random(int(person[-1]) + 1 if len(person) else 0)[person] < _WEEKLY
    drawn = random.random(len(person), dtype=np.float32)
    second = ~weekly & (drawn < _SECOND_JOB)
    corrected = ~weekly & (drawn > 1 - _CORRECTED * knobs.dirt)
    pieces = np.where(weekly, _PAY_DAYS[month], 1 + (second | corrected))
    of = np.repeat(np.arange(len(person)), pieces)
    nth = (np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)).astype(np.int8)
    return Payments(
        person=person[of],
        month=month[of],
        pence=_pieces(pence, of=of, nth=nth, pieces=pieces, second=second, corrected=corrected),
        days=np.where(weekly, 5, np.where(second, 12, 21)).astype(np.int8)[of],
        after=np.where(weekly[of], 7 * nth, 24).astype(np.int8),
        scheme=(second[of] & (nth == 1)).astype(np.int8),
    )


def _pieces(
    pence: NDArray[np.int64],
    *,
    of: NDArray[np.int64],
    nth: NDArray[np.int8],
    pieces: NDArray[np.int64],
    second: NDArray[np.bool_],
    corrected: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Pence of each piece; the pieces of a month add up to its pay exactly."""
    other = pence // pieces
    other[second] = (_SECOND_JOB_PAY * pence[second]).astype(np.int64)
    other[corrected] = -(pence[corrected] // 5)
    first: NDArray[np.int64] = pence - other * (pieces - 1)
    return np.where(nth == 0, first[of], other[of])


def _out_of_work(
    random: np.random.Generator,
    *,
    in_work: NDArray[np.bool_],
    alive: NDArray[np.bool_],
    worker: NDArray[np.bool_],
    knobs: Knobs,
) -> Payments:
    """Payments of people not in work: months below nothing, and pay for the month of death and the one after."""
    drawn = random.random(in_work.shape, dtype=np.float32)
    negative = ~in_work & alive & worker[:, None] & (drawn < _NEGATIVE_TOTAL * knobs.dirt)
    dead = ~alive[:, 2:] & in_work[:, :-2] & (drawn[:, 2:] < _AFTER_DEATH * min(knobs.dirt, 1))
    person, month = np.nonzero(negative)
    late_person, late_month = np.nonzero(dead)
    pence = random.integers(1_000, 40_000, len(person) + len(late_person))
    pence[: len(person)] *= -1
    n = len(pence)
    return Payments(
        person=np.concatenate([person, late_person]).astype(np.int32),
        month=np.concatenate([month, late_month + 2]).astype(np.int16),
        pence=pence,
        days=np.zeros(n, dtype=np.int8),
        after=np.full(n, 24, dtype=np.int8),
        scheme=np.zeros(n, dtype=np.int8),
    )


def _joined(*some: Payments) -> Payments:
    return Payments(**{name: np.concatenate([getattr(each, name) for each in some]) for name in vars(some[0])})


def paid_late(made: Payments, *, seed: int, part: int, knobs: Knobs) -> tuple[Payments, Payments]:
    """The payments that come in time, some of them twice, and those that come in a later file."""
    random = stream(seed, "late", part)
    late = random.random(len(made), dtype=np.float32) < _LATE * knobs.dirt
    in_time = np.flatnonzero(~late)
    twice = in_time[random.random(len(in_time), dtype=np.float32) < _DUPLICATE * knobs.dirt]
    return made.take(np.concatenate([in_time, twice])), made.take(np.flatnonzero(late))


def payment_table(made: Payments, links: Links, *, rows: NDArray[np.int64], seed: int) -> pa.Table:
    """``paye_rti`` as the owner delivers it, of payments to the people in ``rows``."""
    nino, names = _ninos(made, links, rows=rows, seed=seed)
    employer = (rows * 7919 + seed) % 60_000
    days = _FIRST_DAYS[made.month] + made.after
    return pa.table(
        {
            "valid_nino": pa.DictionaryArray.from_arrays(pa.array(nino), names),
            "month": pa.DictionaryArray.from_arrays(pa.array(made.month), pa.array(LABELS)),
            "pay": pa.array(made.pence / 100),
            "days_worked": pa.array(made.days, pa.int32()),
            "rti_scheme_sk": pa.array(employer.astype(np.int32)[made.person] + 60_000 * made.scheme.astype(np.int32)),
            "payment_date": pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32()),
        }
    )


def _ninos(made: Payments, links: Links, *, rows: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int32], pa.Array]:
    """Positions of each payment's number among the numbers of these people, and the numbers.

    Who has two numbers is paid under the second from some month on; a second job is always reported under it.
    """
    several = np.flatnonzero(links.second_nino[rows] >= 0)
    second = np.full(len(rows), -1, dtype=np.int32)
    second[several] = len(rows) + np.arange(len(several), dtype=np.int32)
    of_second = second[made.person]
    since = links.second_from[rows][made.person] - MONTHS[0]
    use = (of_second >= 0) & ((made.month >= since) | (made.scheme == 1))
    numbers = np.concatenate([links.nino[rows], links.second_nino[rows][several]])
    known, position = np.unique(numbers, return_inverse=True)
    chosen = position.astype(np.int32)[np.where(use, of_second, made.person)]
    return chosen, pseudonyms(known, prefix="N", seed=seed)
