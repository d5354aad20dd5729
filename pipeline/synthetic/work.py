r"""How likely a person is to be in work in a month, and what they are then paid: the model that the truth comes from.

.. math::

    P(\text{in work}_{it}) = p_i + c_t + f(a_{it}) + g_i \tau^p_{s(i)}(e_{it}), \qquad
    E(\text{pay in work}_{it}) = w_i + m_t + k(a_{it}) + g_i \tau^w_{s(i)}(e_{it})

Both are sums of a person's own term, a month's, an age's and an effect's, as two-way fixed effects have it; effects of
an operation, of therapy, of endometriosis and of waiting add. Their product, mean pay, is not quite; months and ages
matter little enough that the difference cannot be seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import COVID, FIRST, LAST, MONTHS, SEASONAL_EMPLOYMENT, SEASONAL_PAY
from pipeline.synthetic.effects import LAST_EVENT_MONTH, gains, published_effects
from pipeline.synthetic.elective import Elective, waiting_of
from pipeline.synthetic.endometriosis import Affected, Endometriosis, add_effects, affected
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.operations import Operations
from pipeline.synthetic.people import People
from pipeline.synthetic.prevention import Prevention, add_programme_effect, months_referred
from pipeline.synthetic.therapy import Courses, Therapy, therapy_of, therapy_wait_of
from pipeline.synthetic.therapy_effects import LAST_EVENT_MONTH as LAST_THERAPY_MONTH
from pipeline.synthetic.therapy_effects import therapy_effects
from pipeline.synthetic.waiting import Waiting, add_waiting

WORKING_AGES = (16, 76)
"""Completed years from which, and before which, people work."""

_AGE_OF_MOST = 45.0
_EMPLOYMENT_BY_AGE = -0.03
_PAY_BY_AGE = -40.0
_MEAN_SQUARED_AGE = 0.25
# Employment and pay are highest at 45 and that much lower at 25 and 65; 0.25 is the mean over treated people, so that
# their mean employment and pay are those that the published effects were solved with. A steeper curve would not be
# followed closely enough by the spline of age that estimators use.

_REFERRED = 12
_DYING = 24
_MIDDLE = (FIRST + LAST) / 2


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """For everybody: the month from which an operation affects work (0 if never), how many times the mean effect it is,
    and the same of therapy; the months from which endometriosis does, and that of a referral to prevent diabetes;
    waits for an operation and for therapy.
    """

    month: NDArray[np.int32]
    gain: NDArray[np.float32]
    therapy: Therapy
    endometriosis: Affected
    programme: NDArray[np.int32]
    elective: Waiting
    therapy_wait: Waiting


@dataclass(frozen=True, kw_only=True)
class Work:
    """``(n, T)`` over the months of pay: the probability of being in work, and mean pay in work in pounds of 2023."""

    in_work: NDArray[np.float32]
    pay_in_work: NDArray[np.float32]


def treatment(  # noqa: PLR0913 - each kind of treatment
    people: People,
    operations: Operations,
    courses: Courses,
    knobs: Knobs,
    *,
    endometriosis: Endometriosis,
    prevention: Prevention,
    elective: Elective,
) -> Treatment:
    """When each person's work starts to change, and how much more than the mean it does."""
    month = np.zeros(len(people), dtype=np.int32)
    month[operations.person] = operations.first_month
    age = (operations.month - people.birth_month[operations.person]) // 12
    quintile = people.described(people.imd_quintile)[operations.person]
    span = np.clip((operations.month - FIRST) / (LAST - FIRST), 0, 1)
    earliness = knobs.selection_on_gains * (1 - 2 * span)
    gain = np.zeros(len(people), dtype=np.float32)
    gain[operations.person] = gains(age=age, imd_quintile=quintile, earliness=earliness)
    return Treatment(
        month=month,
        gain=gain,
        therapy=therapy_of(people, courses),
        endometriosis=affected(people, endometriosis),
        programme=months_referred(prevention, people=len(people)),
        elective=waiting_of(people, elective, knobs=knobs),
        therapy_wait=therapy_wait_of(people, courses, knobs=knobs),
    )


def expected_work(
    people: People,
    treated: Treatment,
    *,
    rows: NDArray[np.int64],
    knobs: Knobs,
    operated: bool = True,
    in_therapy: bool = True,
) -> Work:
    """Work of the people in ``rows``, with their treatments or as it would have been without some of them."""
    age = (MONTHS[None, :] - people.birth_month[rows, None]).astype(np.float32) / np.float32(12)
    curve = ((age - np.float32(_AGE_OF_MOST)) / np.float32(20)) ** 2 - np.float32(_MEAN_SQUARED_AGE)
    month = (COVID + SEASONAL_EMPLOYMENT).astype(np.float32)
    in_work = people.in_work[rows, None] + month + np.float32(_EMPLOYMENT_BY_AGE) * curve
    pay = people.pay_in_work[rows, None] + SEASONAL_PAY.astype(np.float32) + np.float32(_PAY_BY_AGE) * curve
    _drift(in_work, pay, people=people, treated=treated, rows=rows, knobs=knobs)
    if operated:
        _operate(in_work, pay, male=people.male[rows], treated=treated, of=rows, knobs=knobs)
    if in_therapy:
        _treat(in_work, pay, therapy=treated.therapy, of=rows, knobs=knobs)
    if not knobs.no_effect:
        add_effects({"in_work": in_work, "pay_in_work": pay}, treated.endometriosis, of=rows)
    add_programme_effect(in_work, treated.programme[rows], knobs=knobs)
    for waited in (treated.elective, treated.therapy_wait):
        add_waiting({"in_work": in_work, "pay_in_work": pay}, waited, of=rows)
    np.clip(in_work, 0, 1, out=in_work)
    works = (age >= WORKING_AGES[0]) & (age < WORKING_AGES[1]) & people.employee[rows, None]
    in_work *= works
    return Work(in_work=in_work, pay_in_work=pay)


def _operate(
    in_work: NDArray[np.float32],
    pay: NDArray[np.float32],
    *,
    male: NDArray[np.bool_],
    treated: Treatment,
    of: NDArray[np.int64],
    knobs: Knobs,
) -> None:
    """Add the effects of the operation, and of having been referred for it, in place."""
    month, gains_of = treated.month[of], treated.gain[of]
    rows = np.flatnonzero(month)
    event_time = MONTHS[None, :] - month[rows, None] + 1
    if not knobs.no_effect:
        paths = published_effects()
        since, sex = np.clip(event_time, 0, LAST_EVENT_MONTH), male[rows, None].astype(np.int64)
        gain = gains_of[rows, None]
        in_work[rows] += gain * paths.in_work[sex, since].astype(np.float32)
        pay[rows] += gain * paths.pay_in_work[sex, since].astype(np.float32)
    referred = (event_time <= 0) & (event_time > -_REFERRED)
    in_work[rows] -= np.float32(knobs.anticipation / 100) * referred


def _treat(
    in_work: NDArray[np.float32],
    pay: NDArray[np.float32],
    *,
    therapy: Therapy,
    of: NDArray[np.int64],
    knobs: Knobs,
) -> None:
    """Add the effects of therapy, and the dip before it in which people are referred, in place."""
    since = therapy_months(therapy, of)
    rows = np.flatnonzero(since.max(axis=1, initial=0))
    if not knobs.no_effect:
        paths, gain = therapy_effects(), therapy.gain[of][rows, None]
        in_work[rows] += gain * paths.in_work.astype(np.float32)[since[rows]]
        pay[rows] += gain * paths.pay_in_work.astype(np.float32)[since[rows]]
    dip_from, session = therapy.dip_from[of, None], therapy.session[of, None]
    in_work -= np.float32(knobs.referral_dip / 100) * ((dip_from <= MONTHS) & (session > MONTHS) & (session > 0))


def therapy_months(therapy: Therapy, rows: NDArray[np.int64]) -> NDArray[np.int32]:
    """``(n, T)`` event months since the first session of a completed course, 0 before it and for everybody else."""
    month = therapy.month[rows, None]
    since = np.clip(MONTHS - month + 1, 0, LAST_THERAPY_MONTH)
    return np.where(month > 0, since, 0).astype(np.int32)


def _drift(
    in_work: NDArray[np.float32],
    pay: NDArray[np.float32],
    *,
    people: People,
    treated: Treatment,
    rows: NDArray[np.int64],
    knobs: Knobs,
) -> None:
    """Add, in place, what makes treated and untreated people differ for reasons other than the operation."""
    operated = people.treated[rows]
    if knobs.differential_trend:
        years = ((MONTHS - _MIDDLE) / 12).astype(np.float32)
        pay[operated] += np.float32(knobs.differential_trend) * years
    if knobs.interference:
        done = np.sort(treated.month[people.treated])
        share = np.searchsorted(done, MONTHS, side="right") / len(done)
        in_work[~operated] -= (knobs.interference / 100 * share).astype(np.float32)
    if knobs.informative_death:
        left = people.death_month[rows, None] - MONTHS[None, :]
        dying = np.clip(1 - left / _DYING, 0, 1).astype(np.float32)
        in_work -= np.float32(knobs.informative_death / 100) * dying
