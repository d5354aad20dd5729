r"""Relative magnitudes: after the index no step away from parallel trends exceeds M times the largest step before it.

.. math:: \Delta^{RM}(M) = \{\delta : |\delta_{t+1} - \delta_t| \le M \max_{s < 0} |\delta_{s+1} - \delta_s|, t \ge 0\}

The set is the union over the step s that is largest and its sign; an interval for each comes from inverting the hybrid
of the least favourable and the conditional test (C-LF: Rambachan and Roth 2023, doi 10.1093/restud/rdad018; Andrews,
Roth and Pakes 2023, doi 10.1093/restud/rdad004), with the moments after the index only, as R's HonestDiD does.
Where gaps between bins differ, a step is a rise per unit of time.

**No linear program is solved.** With :math:`u_t` the estimated steps, :math:`g_t` their gaps, :math:`m` the signed step
s per unit of time, :math:`\theta = \sum_t c_t x_t` and :math:`x_t` the steps of the effect, the test statistic is

.. math:: \min \eta : \; u_t - x_t - M g_t m \le \eta \sigma^+_t, \; x_t - u_t - M g_t m \le \eta \sigma^-_t

Each :math:`x_t` lies in an interval of its own, so :math:`\eta` must make every one non-empty and let their weighted
sum reach :math:`\theta`: the dual has T + 2 vertices in closed form. The T of the intervals are multiples of
:math:`-m`, of which only the largest and the smallest ever bind. Four linear functions of
:math:`(\hat\theta - \theta, m)` are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.diagnostics.honest_did.coefficients import Coefficients
from pipeline.inference.diagnostics.honest_did.least_favourable import critical_value

# The first stage's share of alpha, as Rambachan and Roth and R's HonestDiD have it.
FIRST_STAGE = 0.1
# Parameters tested between the ends of what the first stage leaves (about six standard errors), before halving.
_GRID = 401
_HALVINGS = 34
# Two functions whose regression coefficient is this close to 1 move together and do not bound one another.
_MOVES_TOGETHER = 1e-10
# A function with less than this share of the variance of the largest does not vary.
_NO_VARIANCE = 1e-20


@dataclass(frozen=True, kw_only=True)
class _Moments:
    """The four functions for ``K`` magnitudes and ``S`` signed largest steps: how far theta may be above and below
    the estimate, and the step's own sign, strictest and laxest.

    Attributes
    ----------
    slopes
        ``(K, S, 4, 2)`` on the estimate's distance from theta and on the largest step.
    step
        ``(S,)`` the estimated largest step.
    root
        ``(S, 2, 2)`` a root of the covariance of the estimate and the step.
    reach
        ``(K, S, 2)`` how far below and above the estimate theta may be per unit of eta.
    allowed
        ``(K, S)`` how far on both sides at eta zero.
    """

    slopes: NDArray[np.float64]
    step: NDArray[np.float64]
    root: NDArray[np.float64]
    reach: NDArray[np.float64]
    allowed: NDArray[np.float64]


def intervals(
    given: Coefficients, weights: NDArray[np.float64], *, magnitudes: NDArray[np.float64], alpha: float
) -> NDArray[np.float64]:
    r"""``(K, 2)`` the ends of the C-LF confidence set of :math:`l'\tau`, one row a magnitude.

    The convex hull of all parameters that are not rejected for some largest step; it always holds the estimate. At
    magnitude 0 it is the normal interval around the estimate.
    """
    moments = _moments(given, weights, magnitudes=magnitudes)
    directions = moments.slopes @ moments.root
    first_stage = critical_value(directions, kappa=FIRST_STAGE * alpha)
    size = (1 - FIRST_STAGE) * alpha / (1 - FIRST_STAGE * alpha)
    ends = _outermost(moments, directions, first_stage=first_stage, size=size)
    estimate = weights @ given.estimates[given.n_before :]
    hull: NDArray[np.float64] = estimate + np.stack([ends[..., 0].min(axis=1), ends[..., 1].max(axis=1)], axis=1)
    return hull


def _moments(given: Coefficients, weights: NDArray[np.float64], *, magnitudes: NDArray[np.float64]) -> _Moments:
    before, gaps = given.n_before, given.steps
    rises = given.differences
    per_time = rises[:before] / gaps[:before, None]
    steps = np.concatenate([per_time, -per_time])
    tails = np.cumsum(weights[::-1])[::-1]
    plus, minus = _spreads(given.covariance, rises[before:], steps=steps, limits=magnitudes[:, None] * gaps[before:])
    up, down = np.maximum(tails, 0), np.maximum(-tails, 0)
    above, below = minus @ up + plus @ down, plus @ up + minus @ down
    allowed = np.broadcast_to((magnitudes * (np.abs(tails) @ gaps[before:]))[:, None], above.shape)
    empty = 2 * magnitudes[:, None, None] * gaps[before:] / (plus + minus)
    none = np.zeros_like(above)
    slopes = np.stack(
        [
            np.stack([-1 / above, -allowed / above], axis=-1),
            np.stack([1 / below, -allowed / below], axis=-1),
            np.stack([none, -empty.max(axis=-1)], axis=-1),
            np.stack([none, -empty.min(axis=-1)], axis=-1),
        ],
        axis=-2,
    )
    pairs = np.stack([np.broadcast_to(tails @ rises[before:], steps.shape), steps], axis=1)
    values, vectors = np.linalg.eigh(pairs @ given.covariance @ np.swapaxes(pairs, 1, 2))
    step = steps @ given.estimates
    return _Moments(
        slopes=slopes,
        step=step,
        root=vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :],
        reach=np.stack([below, above], axis=-1),
        allowed=allowed * step,
    )


def _spreads(
    covariance: NDArray[np.float64],
    rises: NDArray[np.float64],
    *,
    steps: NDArray[np.float64],
    limits: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""``(K, S, T)`` twice: the standard errors :math:`\sigma^\pm_t` of :math:`\pm u_t - M g_t m`."""
    of_rise = np.einsum("ti,ij,tj->t", rises, covariance, rises)
    of_step = np.einsum("si,ij,sj->s", steps, covariance, steps)
    both = steps @ covariance @ rises.T
    squares = of_rise + limits[:, None, :] ** 2 * of_step[:, None]
    crossed = 2 * limits[:, None, :] * both
    least = _NO_VARIANCE * of_rise
    return np.sqrt(np.maximum(squares - crossed, least)), np.sqrt(np.maximum(squares + crossed, least))


def _outermost(
    moments: _Moments, directions: NDArray[np.float64], *, first_stage: NDArray[np.float64], size: float
) -> NDArray[np.float64]:
    """``(K, S, 2)`` the lowest and highest distance of theta from the estimate that is not rejected.

    Everything beyond the ends of the grid is rejected in the first stage. Infinities of the wrong sign where all is.
    """
    farthest = moments.allowed[..., None] + moments.reach * first_stage[..., None]
    grid = np.linspace(-farthest[..., 0], farthest[..., 1], _GRID, axis=-1)

    rejected = partial(_rejected, moments=moments, directions=directions, first_stage=first_stage, size=size)
    kept = ~rejected(grid)
    first, last = kept.argmax(axis=-1), _GRID - 1 - kept[..., ::-1].argmax(axis=-1)
    inside = np.take_along_axis(grid, np.stack([first, last], axis=-1), axis=-1)
    neighbours = np.stack([np.maximum(first - 1, 0), np.minimum(last + 1, _GRID - 1)], axis=-1)
    outside = np.take_along_axis(grid, neighbours, axis=-1)
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        beyond = rejected(middle)
        inside, outside = np.where(beyond, inside, middle), np.where(beyond, middle, outside)
    return np.where(kept.any(axis=-1, keepdims=True), inside, np.array([np.inf, -np.inf]))


def _rejected(
    theta: NDArray[np.float64],
    *,
    moments: _Moments,
    directions: NDArray[np.float64],
    first_stage: NDArray[np.float64],
    size: float,
) -> NDArray[np.bool_]:
    r"""``(K, S, N)`` whether the hybrid test of size :math:`\alpha` rejects these distances from the estimate.

    Given which function is largest and what is independent of it, that function is a normal truncated to the values at
    which it stays the largest; ``size`` is what the first stage leaves of alpha.
    """
    from scipy.special import log_ndtr

    data = np.stack([-theta, np.broadcast_to(moments.step[:, None], theta.shape)], axis=-1)
    values = data @ np.swapaxes(moments.slopes, -1, -2)
    largest = values.argmax(axis=-1)
    eta = values.max(axis=-1)
    covariance = directions @ np.swapaxes(directions, -1, -2)
    shared = np.take_along_axis(covariance, largest[..., None], axis=-2)
    variance = np.take_along_axis(shared, largest[..., None], axis=-1)[..., 0]
    varies = variance > _NO_VARIANCE * covariance.max(axis=(-2, -1))[..., None]
    variance = np.where(varies, variance, 1.0)
    low, high = _truncation(values, eta, loading=shared / variance[..., None])
    spread = np.sqrt(variance)
    tail = log_ndtr(-eta / spread)
    below = log_ndtr(-np.minimum(low, eta) / spread)
    above = log_ndtr(-np.clip(high, eta, np.maximum(first_stage[..., None], eta)) / spread)
    unlikely = _log_difference(tail, above) < np.log(size) + _log_difference(below, above)
    rejected: NDArray[np.bool_] = (eta > 0) & ((eta > first_stage[..., None]) | ~varies | unlikely)
    return rejected


def _truncation(
    values: NDArray[np.float64], eta: NDArray[np.float64], *, loading: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(K, S, N)`` twice: between which values the largest function stays the largest.

    ``loading`` ``(K, S, N, 4)`` is how much each function moves with the largest.
    """
    apart = 1 - loading
    bound = np.divide(
        values - loading * eta[..., None], apart, out=np.zeros_like(values), where=np.abs(apart) > _MOVES_TOGETHER
    )
    low = np.where(apart > _MOVES_TOGETHER, bound, -np.inf).max(axis=-1)
    high = np.where(apart < -_MOVES_TOGETHER, bound, np.inf).min(axis=-1)
    return low, high


def _log_difference(larger: NDArray[np.float64], smaller: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of the difference of two numbers given by their logarithms; minus infinity where there is none."""
    with np.errstate(divide="ignore"):
        difference: NDArray[np.float64] = larger + np.log1p(-np.exp(np.minimum(smaller - larger, 0.0)))
    return difference
