r"""Smoothness: the slope of the departure from parallel trends changes by at most M from one period to the next.

.. math:: \Delta^{SD}(M) = \{\delta : |(\delta_{t+1} - \delta_t) - (\delta_t - \delta_{t-1})| \le M\}

The fixed-length interval (Rambachan and Roth 2023, doi 10.1093/restud/rdad018, section 4.1; Armstrong and Kolesár 2018,
doi 10.3982/ECTA14434): around the estimator linear in the coefficients whose interval, wide enough for its worst bias,
is shortest. It must be free of bias under any straight line; its worst bias is M times a weighted sum of absolute
values, so that the best estimators for all M lie on one lasso path. Where gaps between bins differ, M bounds the second
divided difference: the change of slope per unit of time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.diagnostics.honest_did.coefficients import Coefficients
from pipeline.inference.diagnostics.honest_did.lasso import path
from pipeline.vocabulary.errors import Fault, NotEstimable

# Directions of the correlations with less variance than this have none: rounding leaves 1e-15, and 36 bins of an event
# study with a thousand clusters 1e-4.
_SINGULAR = 1e-11
# From this mean on the other tail of a folded normal is below 1e-80.
_FAR = 10.0
# Of a position on the path; the length is flat at its minimum, so that its own error is the square of this.
_POSITION = 1e-9


@dataclass(frozen=True, kw_only=True)
class _Estimators:
    """A path of ``N`` estimators from least variance to least bias; between two of them they mix linearly.

    Attributes
    ----------
    weights
        ``(N, P + T)`` on the coefficients.
    turns
        ``(N, P + T - 1)`` what the bias puts on each change of slope; the worst bias is M times the sum of sizes.
    """

    weights: NDArray[np.float64]
    turns: NDArray[np.float64]

    def at(self, position: float) -> tuple[NDArray[np.float64], float]:
        """The weights, and the worst bias at magnitude 1, at a position between 0 and N - 1."""
        first = min(int(position), len(self.weights) - 1)
        second, share = min(first + 1, len(self.weights) - 1), position - first
        weights = (1 - share) * self.weights[first] + share * self.weights[second]
        turns = (1 - share) * self.turns[first] + share * self.turns[second]
        return weights, float(np.abs(turns).sum())


def intervals(
    given: Coefficients, weights: NDArray[np.float64], *, magnitudes: NDArray[np.float64], alpha: float
) -> NDArray[np.float64]:
    r"""``(K, 2)`` the fixed-length confidence interval of :math:`l'\tau`, one row a magnitude.

    At magnitude 0 it is the normal interval around the best estimate that removes a straight line.

    Raises
    ------
    NotEstimable
        If the covariance is singular: some estimator would seem to have no error.
    """
    errors = np.sqrt(np.diag(given.covariance))
    if not errors.all() or np.linalg.eigvalsh(given.covariance / np.outer(errors, errors))[0] < _SINGULAR:
        what = "the covariance of the event study is singular, as with fewer clusters than bins"
        raise NotEstimable(Fault(what=what, remedy="Choose fewer bins, or cluster on a finer unit."))
    estimators = _estimators(given, weights)
    return np.array([_interval(given, estimators, magnitude=float(m), alpha=alpha) for m in magnitudes])


def folded_normal_quantile(mean: float, *, probability: float) -> float:
    """The quantile of the absolute value of a normal with this mean, at least 0, and variance 1."""
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri

    if mean > _FAR:
        return mean + float(ndtri(probability))

    def excess(value: float) -> float:
        return float(ndtr(value - mean) - ndtr(-value - mean)) - probability

    low, high = mean + float(ndtri(probability)), mean + float(ndtri((1 + probability) / 2))
    return float(brentq(excess, max(low, 0.0) - 1e-9, high + 1e-9, xtol=1e-13))


def _interval(given: Coefficients, estimators: _Estimators, *, magnitude: float, alpha: float) -> tuple[float, float]:
    from scipy.optimize import minimize_scalar

    def half_length(position: float) -> float:
        weights, bias = estimators.at(position)
        spread = float(np.sqrt(weights @ given.covariance @ weights))
        return spread * folded_normal_quantile(magnitude * bias / spread, probability=1 - alpha)

    last = len(estimators.weights) - 1
    best = 0.0
    if last and magnitude:
        found = minimize_scalar(half_length, bounds=(0, last), method="bounded", options={"xatol": _POSITION})
        best = min((float(found.x), 0.0, float(last)), key=half_length)
    weights, _ = estimators.at(best)
    centre, half = float(weights @ given.estimates), half_length(best)
    return centre - half, centre + half


def _estimators(given: Coefficients, weights: NDArray[np.float64]) -> _Estimators:
    r"""The path. The bias :math:`a'\delta_{pre} + l'\delta_{post}` is :math:`\sum_t C_t s_t` in slopes s per unit of
    time; :math:`\sum C_t = 0` removes straight lines, and what is left is :math:`-\sum_t D_t (s_{t+1} - s_t)` with
    :math:`D_t = C_1 + \dots + C_t`. The :math:`D_t` of the slopes before the last one before the index are free.
    """
    before, gaps = given.n_before, given.steps
    post = gaps[before:] * np.cumsum(weights[::-1])[::-1]
    fixed = np.cumsum(np.concatenate([[-post.sum()], post[:-1]]))
    turn = (gaps[:-1] + gaps[1:]) / 2
    # D to C, C to the running sum of a, and that to a: a_j multiplies minus the slopes from j to the reference.
    difference = np.eye(before) - np.eye(before, k=-1)
    to_a = -difference @ (difference / gaps[:before, None])
    start = np.concatenate([to_a[:, -1] * fixed[0], weights])
    move = np.concatenate([to_a[:, :-1], np.zeros((given.n_after, before - 1))]) / turn[: before - 1]
    gram = move.T @ given.covariance @ move
    scaled = path(gram, move.T @ given.covariance @ start)
    tail = np.broadcast_to(fixed * turn[before - 1 :], (len(scaled), given.n_after))
    return _Estimators(weights=start + scaled @ move.T, turns=np.concatenate([scaled, tail], axis=1))
