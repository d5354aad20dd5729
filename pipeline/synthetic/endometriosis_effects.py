"""What a diagnosis of endometriosis and an operation for it do to work and benefits, month by month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.effects import MEAN_PAY_IN_WORK, SELF_EMPLOYED

LAST_EVENT_MONTH = 60
"""Effects are given up to here and held after it."""

# Months since the diagnosis (its month is 1): monthly pay in pounds, employment in percentage points. ONS, February
# 2025: -130 a month and -2.7 points in years 4 and 5. The values before are ours. The published -56 a month in work
# cannot hold beside them at these women's wages, unless those best paid leave work: here pay in work falls by more.
# Operations are part of what follows a diagnosis: what they give back is taken off, so that the sum is as published.
_AT = (1, 12, 24, 37, 60)
_PAY = (-30.0, -70.0, -100.0, -130.0, -130.0)
_EMPLOYED = (-0.4, -1.2, -2.0, -2.7, -2.7)
_BENEFITS = (0.1, 0.4, 0.7, 1.0, 1.0)

# No effect of an operation on work is published: ours is a month or two of recovery and a part of the loss given back.
_OPERATED_AT = (1, 3, 12, 24, 48)
_OPERATED_PAY = (-80.0, 0.0, 25.0, 40.0, 40.0)
_OPERATED_EMPLOYED = (-3.0, -0.5, 0.8, 1.5, 1.5)
_OPERATED_BENEFITS = (0.0, 0.0, -0.2, -0.5, -0.5)

MEAN_IN_WORK = 0.64
"""Mean probability of being in work of women who are not self-employed."""

SHARE_OPERATED, SHARE_AT_ONCE, MEAN_WAIT = 0.45, 0.2, 30.0
"""Share of women who are ever operated; of those, in the stay of the diagnosis; the others' mean wait in months."""


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Effects ``(61,)`` by event month; position 0 of each is no effect.

    Attributes
    ----------
    in_work, claims
        On the probability of being in work, and of a health-related benefit, as shares.
    pay_in_work
        On pay in work, in pounds a month of 2023.
    """

    in_work: NDArray[np.float64]
    pay_in_work: NDArray[np.float64]
    claims: NDArray[np.float64]


def operation_effects() -> Paths:
    """The effects of an operation; see ``effects.published_effects`` for how pay is split."""
    return _split(*_at(_OPERATED_AT, _OPERATED_PAY, _OPERATED_EMPLOYED, _OPERATED_BENEFITS))


def diagnosis_effects() -> Paths:
    """The effects of a diagnosis but for operations: with these on top, they are the published ones."""
    whole = _split(*_at(_AT, _PAY, _EMPLOYED, _BENEFITS))
    return Paths(**{name: path - _given_back(getattr(operation_effects(), name)) for name, path in vars(whole).items()})


def _at(at: tuple[int, ...], *values: tuple[float, ...]) -> list[NDArray[np.float64]]:
    return [np.interp(np.arange(LAST_EVENT_MONTH + 1), at, path) for path in values]


def _split(pay: NDArray[np.float64], employed: NDArray[np.float64], benefits: NDArray[np.float64]) -> Paths:
    in_work = employed / 100 / (1 - SELF_EMPLOYED)
    pay_in_work = (pay / (1 - SELF_EMPLOYED) - in_work * MEAN_PAY_IN_WORK[0]) / (MEAN_IN_WORK + in_work)
    paths = Paths(in_work=in_work, pay_in_work=pay_in_work, claims=benefits / 100)
    for path in vars(paths).values():
        path[0] = 0.0
    return paths


def _given_back(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """An operation's mean effect on all diagnosed women, by months since the diagnosis."""
    waits = np.arange(LAST_EVENT_MONTH + 1)
    chance = (1 - SHARE_AT_ONCE) * (np.exp(-(waits - 1) / MEAN_WAIT) - np.exp(-waits / MEAN_WAIT))
    chance[0] = SHARE_AT_ONCE
    return SHARE_OPERATED * np.convolve(chance, path)[: len(path)]
