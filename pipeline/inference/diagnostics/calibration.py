r"""Empirical calibration: what estimates of effects that are zero say of the error of all of them.

Estimates :math:`x_i` with standard errors :math:`s_i` of outcomes that the treatment cannot touch (negative controls)
are taken to be drawn from :math:`N(\mu, \sigma^2 + s_i^2)`: systematic error has mean :math:`\mu` and spread
:math:`\sigma`. Schuemie et al. (2014), doi 10.1002/sim.5925, and of intervals (2018), doi 10.1073/pnas.1708282114.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipeline.vocabulary.errors import Fault, RequestError

_FEWEST = 2
"""A spread needs two."""


@dataclass(frozen=True, kw_only=True)
class Null:
    """The distribution of systematic error, in the estimates' own unit."""

    mean: float
    sd: float

    def p_value(self, estimate: float, std_error: float) -> float:
        """Two-sided, of no effect, given systematic error as the negative controls had it."""
        from scipy.special import ndtr

        return float(2 * ndtr(-abs(estimate - self.mean) / self._error(std_error)))

    def interval(self, estimate: float, std_error: float, *, confidence: float = 0.95) -> tuple[float, float]:
        """The estimate less the mean error, give or take both errors: to be shown beside the nominal interval.

        It takes systematic error to be the same for effects that are not zero.
        """
        from scipy.special import ndtri

        half = float(ndtri((1 + confidence) / 2)) * self._error(std_error)
        return estimate - self.mean - half, estimate - self.mean + half

    def _error(self, std_error: float) -> float:
        return float(np.hypot(self.sd, std_error))


def fit_null(estimates: ArrayLike, std_errors: ArrayLike) -> Null:
    """The most likely distribution of systematic error, from ``(n,)`` estimates of negative controls.

    The mean is found in closed form for each spread, so that one number is searched for.

    Raises
    ------
    RequestError
        If there are fewer than two, or an error is not positive and finite.
    """
    from scipy.optimize import minimize_scalar

    values, errors = np.asarray(estimates, dtype=np.float64), np.asarray(std_errors, dtype=np.float64)
    _refuse(values, errors)

    def mean(sd: float) -> float:
        return float(np.average(values, weights=1 / (sd**2 + errors**2)))

    def surprise(sd: float) -> float:
        variance = sd**2 + errors**2
        return float((np.log(variance) + (values - mean(sd)) ** 2 / variance).sum())

    widest = float(np.ptp(values) + errors.max())
    # Where the likelihood has two tops the better start finds the better.
    starts = np.linspace(0, widest, 65)
    best = int(np.argmin([surprise(sd) for sd in starts]))
    bounds = (starts[max(best - 1, 0)], starts[min(best + 1, len(starts) - 1)])
    sd = float(minimize_scalar(surprise, bounds=bounds, method="bounded", options={"xatol": 1e-10}).x)
    sd = sd if surprise(sd) < surprise(0.0) else 0.0
    return Null(mean=mean(sd), sd=sd)


def _refuse(values: np.ndarray, errors: np.ndarray) -> None:
    if len(values) < _FEWEST or values.shape != errors.shape:
        what = "a null distribution needs two negative controls, each with its standard error"
        raise RequestError(Fault(what=what, count=len(values), unit="controls"))
    wrong = int((~(np.isfinite(values) & np.isfinite(errors) & (errors > 0))).sum())
    if wrong:
        raise RequestError(Fault(what="estimate or standard error is not a number", count=wrong, unit="controls"))
