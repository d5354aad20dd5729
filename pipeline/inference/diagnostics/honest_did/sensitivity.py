"""How far a conclusion holds: honest intervals at chosen magnitudes, and the magnitude at which they meet the null."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from pipeline.inference.diagnostics.honest_did import relative_magnitude, smoothness
from pipeline.inference.diagnostics.honest_did.coefficients import Coefficients, coefficients
from pipeline.vocabulary.effects import EventStudy
from pipeline.vocabulary.errors import Fault, RequestError

Restriction = Literal["relative_magnitude", "smoothness"]
_INTERVALS = {"relative_magnitude": relative_magnitude.intervals, "smoothness": smoothness.intervals}
# Magnitudes tried, as multiples of 1 or one standard error, before a conclusion is said to hold at every one.
_LADDER = tuple(2 ** (k / 2) for k in range(-12, 61))
# Of a breakdown value, relative to the last magnitude tried.
_RELATIVE = 1e-6
_MAGNITUDES = (0.5, 1.0, 1.5, 2.0)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    r"""Honest intervals of :math:`\theta = l'\tau`, in the outcome's own unit, at ``K`` magnitudes.

    Attributes
    ----------
    restriction, alpha
        What was assumed, and one minus the coverage.
    weights
        ``(T,)`` l, on the bins after the reference.
    magnitudes, lower, upper
        ``(K,)``; a magnitude of ``relative_magnitude`` is a ratio, one of ``smoothness`` is in the outcome's unit per
        period and period.
    estimate, std_error, ci_lower, ci_upper
        The effect and its normal interval were trends parallel.
    """

    restriction: Restriction
    alpha: float
    weights: NDArray[np.float64]
    magnitudes: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    estimate: float
    std_error: float
    ci_lower: float
    ci_upper: float

    def table(self) -> pd.DataFrame:
        """One row a magnitude; ``excludes_zero`` whether the interval does."""
        return pd.DataFrame(
            {
                "restriction": self.restriction,
                "magnitude": self.magnitudes,
                "lower": self.lower,
                "upper": self.upper,
                "excludes_zero": (self.lower > 0) | (self.upper < 0),
            }
        )


def bounds(
    study: EventStudy | Coefficients,
    *,
    restriction: Restriction,
    magnitudes: Sequence[float] = _MAGNITUDES,
    weights: ArrayLike | None = None,
    alpha: float = 0.05,
    level: str = "",
) -> Bounds:
    r"""Intervals that cover :math:`l'\tau` with probability :math:`1 - \alpha` if the restriction holds.

    Rambachan and Roth (2023), doi 10.1093/restud/rdad018: ``relative_magnitude`` by the hybrid of the conditional and
    the least favourable test, ``smoothness`` by the fixed-length interval. Nothing is simulated, so there is no seed.

    Parameters
    ----------
    study
        An event study, or its coefficients.
    restriction, magnitudes
        What limits the departure from parallel trends, and by how much.
    weights
        ``(T,)`` l; by default the first bin after the reference alone.
    alpha
        Between 0 and 1.
    level
        Which level of an event study.

    Raises
    ------
    RequestError
        If an argument is out of range or has the wrong length.
    NotEstimable
        If there is no bin before or none after the reference, or the covariance is singular (``smoothness``).
    """
    given = _given(study, level=level)
    chosen = _weights(given, weights)
    tried = np.asarray(magnitudes, dtype=np.float64)
    _refuse_arguments(restriction, tried, alpha=alpha)
    # One BLAS thread: results do not depend on how many cores a machine has.
    with threadpool_limits(limits=1, user_api="blas"):
        ends = _INTERVALS[restriction](given, chosen, magnitudes=tried, alpha=alpha)
    estimate, std_error = _plain(given, chosen)
    half = _normal_critical(alpha) * std_error
    return Bounds(
        restriction=restriction,
        alpha=alpha,
        weights=chosen,
        magnitudes=tried,
        lower=ends[:, 0],
        upper=ends[:, 1],
        estimate=estimate,
        std_error=std_error,
        ci_lower=estimate - half,
        ci_upper=estimate + half,
    )


def breakdown(
    study: EventStudy | Coefficients,
    *,
    restriction: Restriction,
    null: float = 0.0,
    weights: ArrayLike | None = None,
    alpha: float = 0.05,
    level: str = "",
) -> float:
    """The smallest magnitude at which the honest interval holds ``null``.

    0 if it does so at magnitude 0, infinity if at none that was tried: from 1/64 to a thousand million times 1
    (``relative_magnitude``) or the estimate's standard error (``smoothness``), each 1.4 times the one before, and then
    between two of them. Intervals of larger magnitudes are longer, but need not hold those of smaller ones: the centre
    of a fixed-length interval moves, and what the conditional test conditions on changes.

    Raises
    ------
    RequestError
    NotEstimable
        As :func:`bounds`.
    """
    given = _given(study, level=level)
    chosen = _weights(given, weights)
    _refuse_arguments(restriction, np.zeros(1), alpha=alpha)
    first = 1.0 if restriction == "relative_magnitude" else _plain(given, chosen)[1]
    margin = partial(_margin, _INTERVALS[restriction], given, chosen, alpha=alpha, null=null)
    with threadpool_limits(limits=1, user_api="blas"):
        return _first_inclusion(margin, first=first)


def _first_inclusion(margin: Callable[[float], float], *, first: float) -> float:
    from scipy.optimize import brentq

    if margin(0.0) <= 0:
        return 0.0
    excluded = 0.0
    for multiple in _LADDER:
        tried = multiple * first
        if margin(tried) <= 0:
            return float(brentq(margin, excluded, tried, xtol=_RELATIVE * tried))
        excluded = tried
    return float("inf")


def _margin(
    intervals: Callable[..., NDArray[np.float64]],
    given: Coefficients,
    weights: NDArray[np.float64],
    magnitude: float,
    *,
    alpha: float,
    null: float,
) -> float:
    """How far the null lies outside the interval; not positive inside."""
    lower, upper = intervals(given, weights, magnitudes=np.array([magnitude]), alpha=alpha)[0]
    return float(max(lower - null, null - upper))


def _plain(given: Coefficients, weights: NDArray[np.float64]) -> tuple[float, float]:
    after = slice(given.n_before, None)
    return float(weights @ given.estimates[after]), float(np.sqrt(weights @ given.covariance[after, after] @ weights))


def _normal_critical(alpha: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - alpha / 2))


def _given(study: EventStudy | Coefficients, *, level: str) -> Coefficients:
    return study if isinstance(study, Coefficients) else coefficients(study, level=level)


def _weights(given: Coefficients, weights: ArrayLike | None) -> NDArray[np.float64]:
    first = np.eye(given.n_after)[0]
    chosen = first if weights is None else np.array(weights, dtype=np.float64)
    if chosen.shape != first.shape or not np.isfinite(chosen).all() or not chosen.any():
        what = "the weights are not one finite number for each bin after the reference, with one not zero"
        raise RequestError(Fault(what=what, count=given.n_after, unit="bins"))
    return chosen


def _refuse_arguments(restriction: str, magnitudes: NDArray[np.float64], *, alpha: float) -> None:
    faults = []
    if restriction not in _INTERVALS:
        remedy = f"There are: {', '.join(_INTERVALS)}."
        faults.append(Fault(what=f"there is no restriction {restriction!r}", remedy=remedy))
    if magnitudes.ndim != 1 or not magnitudes.size or not (np.isfinite(magnitudes) & (magnitudes >= 0)).all():
        faults.append(Fault(what="the magnitudes are not a list of finite numbers from 0 up"))
    if not 0 < alpha < 1:
        faults.append(Fault(what="alpha is not between 0 and 1"))
    if faults:
        raise RequestError(faults)
