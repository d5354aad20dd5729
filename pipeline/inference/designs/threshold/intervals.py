r"""Intervals that allow for bias, of a jump and of the ratio of two jumps.

A fixed-length interval around an estimate whose bias is at most b standard errors has half-length
:math:`cv_{1-\alpha}(b)` standard errors, the quantile of :math:`|N(b, 1)|` (Armstrong and Kolesár 2018,
doi 10.3982/ECTA14434). The set of effects :math:`\theta` at which :math:`\tau_Y - \theta \tau_D` may be zero is a
confidence set for their ratio however weak the first stage is (Noack and Rothe 2024, doi 10.3982/ECTA19466).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# From this bias on, in standard errors, the other tail is below 1e-23.
_FAR = 10.0
# Doublings of the first step away from the ratio of jumps before an end is taken to be infinite.
_DOUBLINGS = 200


def bias_aware_critical(bias: float, *, confidence: float) -> float:
    """The quantile of the absolute value of a normal with mean ``bias`` (at least 0) and variance 1."""
    from scipy.special import chndtrix, ndtri

    if bias > _FAR:
        return bias + float(ndtri(confidence))
    return float(np.sqrt(chndtrix(confidence, 1, bias**2)))


def bias_aware_p_value(estimate: float, *, std_error: float, bias: float) -> float:
    """The probability of an estimate at least as far from zero, were there no jump and the worst bias."""
    from scipy.special import ndtr

    if not std_error:
        return float(abs(estimate) <= bias)
    size, worst = abs(estimate) / std_error, bias / std_error
    return float(ndtr(worst - size) + ndtr(-worst - size))


def half_length(std_error: float, *, bias: float, confidence: float) -> float:
    """Half the interval's length; the bias alone where there is no sampling error."""
    return bias_aware_critical(bias / std_error, confidence=confidence) * std_error if std_error else bias


def ratio_set(
    reduced: float, first: float, *, half: Callable[[float], float], first_half: float
) -> tuple[float, float]:
    r"""The ends of the set of :math:`\theta` at which :math:`|\tau_Y - \theta \tau_D|` is at most ``half``.

    The half-length is convex in :math:`\theta`, so that the set is one interval, with each end the only root on its
    side, exactly if the first stage's own interval excludes zero. If it does not, the set reaches to infinity both
    ways, and its ends are infinite.
    """
    if abs(first) <= first_half:
        return -np.inf, np.inf
    centre = reduced / first
    return _end(centre, -1.0, reduced=reduced, first=first, half=half), _end(
        centre, 1.0, reduced=reduced, first=first, half=half
    )


def _end(centre: float, sign: float, *, reduced: float, first: float, half: Callable[[float], float]) -> float:
    from scipy.optimize import brentq

    def outside(step: float) -> float:
        theta = centre + sign * step
        return abs(reduced - theta * first) - half(theta)

    step = half(centre) / abs(first)
    if not step:
        return centre
    for _ in range(_DOUBLINGS):
        if outside(step) > 0:
            return centre + sign * float(brentq(outside, 0.0, step))
        step *= 2
    return sign * np.inf
