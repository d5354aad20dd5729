"""What a diagnosis of endometriosis and an operation for it do to work and benefits, month by month."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.effects import MEAN_PAY_IN_WORK
from pipeline.synthetic.paths import Paths, Published, split

LAST_EVENT_MONTH = 60
"""Effects are given up to here and held after it."""

# Months since the diagnosis (its month is 1): monthly pay in pounds, employment in percentage points. ONS, February
# 2025: -130 a month and -2.7 points in years 4 and 5. The values before are ours. The published -56 a month in work
# cannot hold beside them at these women's wages, unless those best paid leave work: here pay in work falls by more.
# Operations are part of what follows a diagnosis: what they give back is taken off, so that the sum is as published.
_DIAGNOSIS = Published(
    at=(1, 12, 24, 37, 60),
    pay=(-30.0, -70.0, -100.0, -130.0, -130.0),
    employed=(-0.4, -1.2, -2.0, -2.7, -2.7),
    benefits=(0.1, 0.4, 0.7, 1.0, 1.0),
)

# No effect of an operation on work is published: ours is a month or two of recovery and a part of the loss given back.
_OPERATION = Published(
    at=(1, 3, 12, 24, 48),
    pay=(-80.0, 0.0, 25.0, 40.0, 40.0),
    employed=(-3.0, -0.5, 0.8, 1.5, 1.5),
    benefits=(0.0, 0.0, -0.2, -0.5, -0.5),
)

MEAN_IN_WORK = 0.64
"""Mean probability of being in work of women who are not self-employed."""

SHARE_OPERATED, SHARE_AT_ONCE, MEAN_WAIT = 0.45, 0.2, 30.0
"""Share of women who are ever operated; of those, in the stay of the diagnosis; the others' mean wait in months."""


def operation_effects() -> Paths:
    """The effects of an operation."""
    return _of_women(_OPERATION)


def diagnosis_effects() -> Paths:
    """The effects of a diagnosis but for operations: with these on top, they are the published ones."""
    given_back = vars(operation_effects())
    return Paths(**{name: path - _given_back(given_back[name]) for name, path in vars(_of_women(_DIAGNOSIS)).items()})


def _of_women(published: Published) -> Paths:
    return split(published, last=LAST_EVENT_MONTH, wage=MEAN_PAY_IN_WORK[0], mean_in_work=MEAN_IN_WORK)


def _given_back(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """An operation's mean effect on all diagnosed women, by months since the diagnosis."""
    waits = np.arange(LAST_EVENT_MONTH + 1)
    chance = (1 - SHARE_AT_ONCE) * (np.exp(-(waits - 1) / MEAN_WAIT) - np.exp(-waits / MEAN_WAIT))
    chance[0] = SHARE_AT_ONCE
    return SHARE_OPERATED * np.convolve(chance, path)[: len(path)]
