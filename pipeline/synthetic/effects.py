"""What the operation does to work, month by month: the published figures, and who gains more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LAST_EVENT_MONTH = 60
"""Effects are given up to here and held after it."""

# Months since treatment (the index month is 1) and the published effect on everybody: monthly pay in pounds and
# employment in percentage points. ONS, "The impact of bariatric surgery on monthly employee pay and employee status,
# England", 5 December 2024: about -117 at first, back by month 4, +84 and +4.3 at months 55 to 60. The values between
# are ours, chosen so that pay in work starts at about -117 and ends at about +17, as published.
_AT = (1, 2, 3, 4, 12, 24, 36, 48, 55, 60)
_PAY = (-117.0, -100.0, -50.0, 0.0, 25.0, 45.0, 60.0, 75.0, 84.0, 84.0)
_EMPLOYED = (-3.3, -2.6, -1.0, 0.5, 1.5, 2.4, 3.2, 3.85, 4.3, 4.3)

# No effect on benefits is published; ours is a quarter as many people fewer as there are more in work.
_BENEFITS = (0.0, 0.0, 0.0, 0.0, -0.3, -0.6, -0.8, -1.0, -1.1, -1.1)

SHARE_MEN = 0.21
"""Share of men among treated people, as published."""

# At months 55 to 60, women and men: about +55 and about +200 published; these two average to 84 at 21% men.
# The sexes part from month 4, in proportion. Employment by sex is not published: men's is set a little higher.
_PAY_AT_END = (53.7, 198.0)
_EMPLOYED_AT_END = (4.114, 5.0)

SELF_EMPLOYED = 0.08
"""Share of people without any employee pay, ever: the operation does nothing that is seen here."""

MEAN_PAY_IN_WORK = (1564.0, 2190.0)
"""Pounds a month of 2023, women and men, before an operation: with these, the published figures agree."""

MEAN_IN_WORK = 0.60
"""Mean probability of being in work of treated people who are not self-employed."""

AGE_BANDS = ("25-34", "35-44", "45-54", "55-64")
_BY_AGE_BAND = np.array([1.25, 1.10, 0.95, 0.70])
_BY_DEPRIVATION = np.array([1.20, 1.10, 1.00, 0.90, 0.80])


@dataclass(frozen=True, kw_only=True)
class EffectPaths:
    """Effects on people who are not self-employed and gain the mean, ``(2, 61)``: sex (women, men) by event month.

    Attributes
    ----------
    in_work
        On the probability of being in work, as a share.
    pay_in_work
        On pay in work, in pounds a month of 2023.
    claims
        On the probability of a health-related benefit, as a share: ``(61,)``, of both sexes.
    """

    in_work: NDArray[np.float64]
    pay_in_work: NDArray[np.float64]
    claims: NDArray[np.float64]


def published_effects() -> EffectPaths:
    r"""The published effects, as effects on working and on pay in work. Position 0 of each path is no effect.

    With :math:`p` the probability of being in work and :math:`w` pay in work, the effect on pay is
    :math:`\tau_p (w + \tau_w) + p \tau_w`, so :math:`\tau_w = (\tau - \tau_p w) / (p + \tau_p)`.
    """
    month = np.arange(LAST_EVENT_MONTH + 1)
    parting = np.clip((month - 4) / (_AT[-2] - 4), 0, 1)[None, :]
    pay = np.interp(month, _AT, _PAY) + parting * (np.array(_PAY_AT_END)[:, None] - _PAY[-1])
    employed = np.interp(month, _AT, _EMPLOYED) + parting * (np.array(_EMPLOYED_AT_END)[:, None] - _EMPLOYED[-1])
    in_work = employed / 100 / (1 - SELF_EMPLOYED)
    wages = np.array(MEAN_PAY_IN_WORK)[:, None]
    pay_in_work = (pay / (1 - SELF_EMPLOYED) - in_work * wages) / (MEAN_IN_WORK + in_work)
    in_work[:, 0] = pay_in_work[:, 0] = 0.0
    claims = np.where(month > 0, np.interp(month, _AT, _BENEFITS) / 100, 0.0)
    return EffectPaths(in_work=in_work, pay_in_work=pay_in_work, claims=claims)


def gains(
    *, age: NDArray[np.int32], imd_quintile: NDArray[np.int8], earliness: NDArray[np.float64]
) -> NDArray[np.float32]:
    """How many times the mean effect each treated person gets; the mean over them is one.

    Parameters
    ----------
    age
        Completed years on the day of the operation.
    imd_quintile
        1 (most deprived) to 5.
    earliness
        What being operated early adds: :attr:`Knobs.selection_on_gains` at the first, minus that at the last.
    """
    band = np.clip((age - 25) // 10, 0, len(AGE_BANDS) - 1)
    gain = _BY_AGE_BAND[band] * _BY_DEPRIVATION[imd_quintile - 1]
    relative: NDArray[np.float32] = (gain / gain.mean() * (1 + earliness)).astype(np.float32)
    return relative
