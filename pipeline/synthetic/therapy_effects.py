"""What a completed course of therapy does, month by month: the published figures, and who gains more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.effects import MEAN_IN_WORK, MEAN_PAY_IN_WORK
from pipeline.synthetic.paths import Paths, Published, split
from pipeline.vocabulary.schemas.sources import EMPLOYMENT_STATUSES

LAST_EVENT_MONTH = 84
"""Effects are given up to here and held after it."""

# Months since the first session (its month is 1) and the effect on everybody: monthly pay in pounds, employment in
# percentage points. ONS, "The impact of NHS Talking Therapies on monthly employee pay and employment status, England",
# December 2024: at most +17 a month, in year 2, and +1.5 points, in year 7. The values between are ours.
# No effect on benefits is published; ours has the sign and a tenth of the size of that of psychotherapy in Finland.
_COURSE = Published(
    at=(1, 6, 13, 24, 36, 48, 60, 73, 84),
    pay=(0.0, 8.0, 17.0, 17.0, 14.0, 12.0, 11.0, 10.0, 10.0),
    employed=(0.0, 0.3, 0.7, 0.9, 1.05, 1.15, 1.3, 1.5, 1.5),
    benefits=(0.0, 0.0, -0.1, -0.3, -0.4, -0.5, -0.6, -0.6, -0.6),
)

STATUS_NOT_STATED = len(EMPLOYMENT_STATUSES)
"""Position of no status behind those of :data:`EMPLOYMENT_STATUSES`."""

# People not working and seeking work at referral gain +3.1 points in year 4, 2.7 times everybody's: as published.
# Those in work gain less, and the others so much that the mean is one at the shares of `therapy`.
_BY_STATUS = np.array([0.75, 2.7, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8])

# Ages 25-34 +2.3 points in year 7 and 35-44 +2.0 in year 5, both about 1.5 times everybody's: as published.
_BY_AGE_BAND = np.array([1.53, 1.53, 0.6, 0.2])


def therapy_effects() -> Paths:
    """The published effects, as effects on working and on pay in work."""
    return split(_COURSE, last=LAST_EVENT_MONTH, wage=sum(MEAN_PAY_IN_WORK) / 2, mean_in_work=MEAN_IN_WORK)


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
