"""What a completed course of therapy does, month by month: the published figures, and who gains more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.effects import MEAN_IN_WORK, MEAN_PAY_IN_WORK, SELF_EMPLOYED
from pipeline.vocabulary.schemas.sources import EMPLOYMENT_STATUSES

LAST_EVENT_MONTH = 84
"""Effects are given up to here and held after it."""

# Months since the first session (its month is 1) and the effect on everybody: monthly pay in pounds, employment in
# percentage points. ONS, "The impact of NHS Talking Therapies on monthly employee pay and employment status, England",
# December 2024: at most +17 a month, in year 2, and +1.5 points, in year 7. The values between are ours.
_AT = (1, 6, 13, 24, 36, 48, 60, 73, 84)
_PAY = (0.0, 8.0, 17.0, 17.0, 14.0, 12.0, 11.0, 10.0, 10.0)
_EMPLOYED = (0.0, 0.3, 0.7, 0.9, 1.05, 1.15, 1.3, 1.5, 1.5)

# No effect on benefits is published; ours has the sign and a tenth of the size of that of psychotherapy in Finland.
_BENEFITS = (0.0, 0.0, -0.1, -0.3, -0.4, -0.5, -0.6, -0.6, -0.6)

STATUS_NOT_STATED = len(EMPLOYMENT_STATUSES)
"""Position of no status behind those of :data:`EMPLOYMENT_STATUSES`."""

# People not working and seeking work at referral gain +3.1 points in year 4, 2.7 times everybody's: as published.
# Those in work gain less, and the others so much that the mean is one at the shares of `therapy`.
_BY_STATUS = np.array([0.75, 2.7, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8])

# Ages 25-34 +2.3 points in year 7 and 35-44 +2.0 in year 5, both about 1.5 times everybody's: as published.
_BY_AGE_BAND = np.array([1.53, 1.53, 0.6, 0.2])


@dataclass(frozen=True, kw_only=True)
class TherapyPaths:
    """Effects ``(85,)`` by event month on people who gain the mean; position 0 of each is no effect.

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


def therapy_effects() -> TherapyPaths:
    """The published effects, as effects on working and on pay in work; see ``effects.published_effects``."""
    month = np.arange(LAST_EVENT_MONTH + 1)
    pay, employed, benefits = (np.interp(month, _AT, values) for values in (_PAY, _EMPLOYED, _BENEFITS))
    in_work = employed / 100 / (1 - SELF_EMPLOYED)
    wage = sum(MEAN_PAY_IN_WORK) / 2
    pay_in_work = (pay / (1 - SELF_EMPLOYED) - in_work * wage) / (MEAN_IN_WORK + in_work)
    in_work[0] = pay_in_work[0] = 0.0
    return TherapyPaths(in_work=in_work, pay_in_work=pay_in_work, claims=benefits / 100)


def therapy_gains(*, age: NDArray[np.int32], status: NDArray[np.int8]) -> NDArray[np.float32]:
    """How many times the mean effect each person who completes a course gets; the mean over them is one.

    Parameters
    ----------
    age
        Completed years at the first session.
    status
        Position in :data:`EMPLOYMENT_STATUSES`, or :data:`STATUS_NOT_STATED`.
    """
    band = np.clip((age - 25) // 10, 0, len(_BY_AGE_BAND) - 1)
    gain = _BY_STATUS[status] * _BY_AGE_BAND[band]
    relative: NDArray[np.float32] = (gain / max(gain.sum(), 1e-9) * len(gain)).astype(np.float32)
    return relative
