"""Departures from parallel trends in, intervals that cover the true effect out; the usual interval does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from claims import reached
from pipeline.inference.diagnostics.honest_did import Coefficients, bounds

REPLICATIONS = 400
# The share covered has a standard error of 0.011 over 400 replications at 95%; three of them.
COVERAGE = 0.033
# Of a probability computed from a half-length that is found to 1e-9 of a standard error.
ROUNDING = 1e-7
N_BEFORE, N_AFTER = 4, 3
N = N_BEFORE + N_AFTER
EFFECT = np.array([1.0, 2.0, 3.0])
WEIGHTS = np.array([0.2, 0.3, 0.5])
ROOT = 0.1 * np.eye(N) + 0.05
# Steps of the departure: after the index all as large as the largest before it, far larger than the other ones, so that
# magnitude 1 allows no more and the union over steps is the interval of the first one.
STEPS = np.array([1.0, 0.1, 0.1, 0.1, 1.0, 1.0, 1.0])
# A slope that always changes by as much as magnitude 0.2 allows.
BENDING = 0.4 + 0.2 * np.arange(N)


def path_of(steps: np.ndarray) -> np.ndarray:
    points = np.concatenate([[0.0], np.cumsum(steps)])
    return np.delete(points - points[N_BEFORE], N_BEFORE)


def study(estimates: np.ndarray) -> Coefficients:
    return Coefficients(estimates=estimates, covariance=ROOT @ ROOT.T, n_before=N_BEFORE)


def covered(departure: np.ndarray, *, weights: np.ndarray, **options) -> tuple[float, float]:
    """The shares of replications whose honest interval, and whose usual interval, hold the effect."""
    random = np.random.default_rng(1)
    mean = departure + np.concatenate([np.zeros(N_BEFORE), EFFECT])
    truth, honest, usual = weights @ EFFECT, 0, 0
    for _ in range(REPLICATIONS):
        found = bounds(study(mean + ROOT @ random.normal(size=N)), weights=weights, **options)
        honest += found.lower[0] <= truth <= found.upper[0]
        usual += found.ci_lower <= truth <= found.ci_upper
    return honest / REPLICATIONS, usual / REPLICATIONS


@pytest.mark.validates(
    "honest_did", truth="a drift as large as is allowed, 400 studies", absolute={"coverage": COVERAGE}
)
@pytest.mark.parametrize("sign", [1, -1])
def test_relative_magnitude_intervals_cover_as_often_as_they_say_at_the_edge_of_what_is_allowed(sign):
    options = {"restriction": "relative_magnitude", "magnitudes": [1.0]}
    honest, usual = covered(sign * path_of(STEPS), weights=np.eye(N_AFTER)[0], **options)
    reached("coverage", honest, 0.95)
    assert usual < 0.2


@pytest.mark.validates(
    "honest_did", truth="a trend that bends as much as is allowed, 400 studies", absolute={"coverage": COVERAGE}
)
def test_fixed_length_intervals_cover_as_often_as_they_say_a_trend_that_bends_as_much_as_is_allowed():
    honest, usual = covered(path_of(BENDING), weights=WEIGHTS, restriction="smoothness", magnitudes=[0.2])
    reached("coverage", honest, 0.95)
    assert usual < 0.2


@pytest.mark.validates("honest_did", truth="the probability, computed", absolute={"coverage": ROUNDING})
@pytest.mark.parametrize("alpha", [0.05, 0.1])
def test_the_coverage_of_the_worst_bend_is_exactly_what_is_said(alpha):
    """The interval's centre is linear in the estimates and its length does not depend on them."""

    def interval(estimates: np.ndarray) -> np.ndarray:
        found = bounds(study(estimates), restriction="smoothness", magnitudes=[0.2], weights=WEIGHTS, alpha=alpha)
        return np.array([found.lower[0], found.upper[0]])

    centres = np.array([interval(unit).mean() for unit in np.eye(N)])
    spread = np.sqrt(centres @ ROOT @ ROOT.T @ centres)
    lower, upper = interval(np.zeros(N))
    bias = centres @ path_of(BENDING)
    probability = norm.cdf((upper - bias) / spread) - norm.cdf((lower - bias) / spread)
    reached("coverage", probability, 1 - alpha)


def test_intervals_do_not_cover_where_the_restriction_fails():
    steps = np.concatenate([np.zeros(N_BEFORE), np.full(N_AFTER, 2.0)])
    honest, _ = covered(path_of(steps), weights=WEIGHTS, restriction="smoothness", magnitudes=[0.2])
    assert honest < 0.2
