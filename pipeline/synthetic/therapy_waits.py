"""Waits for therapy: who is referred where and when, and when the first session ends the wait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.calendar import FIRST, LAST, first_day_of
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.streams import stream
from pipeline.synthetic.waiting import DAYS_A_MONTH, Cost, draw_lists
from pipeline.vocabulary.months import parse_month

PROVIDERS = 24
"""Few for England, so that a delivery of some thousand referrals has several to each in a month."""

# Referrals all but halved in the first months of COVID-19.
_HALVED = (parse_month("2020-04"), parse_month("2020-07"))

_USUAL, _CHANCE = 1.75, 0.5
_SHORTEST, _LONGEST = 3, 330
_SPREAD = 1 / 3
_SOONER = 0.25
_BEFORE = 4
"""Months before those studied in which people are referred whose sessions come in them."""

COST = Cost(
    # Ours: nothing is published for England. Nothing is lost while people wait, since they do badly before they are
    # referred, which is another knob; but the later therapy comes the less of it lasts.
    while_waiting={"in_work": 0.0, "pay_in_work": 0.0, "claims": 0.0},
    lasting={"in_work": 0.02, "pay_in_work": 15.0, "claims": -0.01},
    severity={"in_work": 0.03, "pay_in_work": 30.0, "claims": -0.02},
)


@dataclass(frozen=True, kw_only=True)
class Waits:
    """One position a referral: to which provider, on which day, of whom how ill, and the day of the first session."""

    provider: NDArray[np.int64]
    referred: NDArray[np.int32]
    session: NDArray[np.int32]
    severity: NDArray[np.float64]


def draw_waits(n: int, *, seed: int, knobs: Knobs) -> Waits:
    """The waits of ``n`` referrals, from ``_BEFORE`` months before the months studied to the last of them."""
    random = stream(seed, "therapy waits")
    months = np.arange(FIRST - _BEFORE, LAST + 1)
    spread = _SPREAD * knobs.queue_spread
    lists = draw_lists(random, providers=PROVIDERS, months=len(months), usual=_USUAL, spread=spread)
    share = lists.share * np.where((_HALVED[0] <= months) & (_HALVED[1] >= months), 0.5, 1.0)
    provider, since = np.divmod(random.choice(share.size, n, p=(share / share.sum()).ravel()), len(months))
    severity = random.normal(size=n)
    wait = lists.wait[provider, since] - _SOONER * knobs.waiting_confounded * severity + _CHANCE * random.normal(size=n)
    days = np.clip(wait * DAYS_A_MONTH, _SHORTEST, _LONGEST).astype(np.int32)
    referred = first_day_of(months[since]) + random.integers(0, 28, n, dtype=np.int32)
    return Waits(provider=provider, referred=referred, session=referred + days, severity=severity)
