"""Departures from parallel trends in, intervals that cover the true effect out; the usual interval does not."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.inference.diagnostics.honest_did import Coefficients, bounds

REPLICATIONS = 400
# The share covered has a standard error of 0.011 over 400 replications at 95%; three of them.
COVERAGE = 0.033
N_BEFORE, N_AFTER = 4, 3
EFFECT = np.array([1.0, 2.0, 3.0])
WEIGHTS = np.array([0.2, 0.3, 0.5])
# Steps of the departure: the largest before the index is 1; after it, as large as magnitude 1 allows.
STEPS = np.array([0.5, -0.2, 1.0, 0.3, 1.0, 1.0, 1.0])


def covered(departure: np.ndarray, *, restriction: str, magnitude: float) -> tuple[float, float]:
    """The shares of replications whose honest interval, and whose usual interval, hold the effect."""
    random = np.random.default_rng(1)
    root = 0.3 * random.normal(size=(N_BEFORE + N_AFTER, 12)) / np.sqrt(12) + 0.15 * np.eye(N_BEFORE + N_AFTER, 12)
    mean = departure + np.concatenate([np.zeros(N_BEFORE), EFFECT])
    truth, honest, usual = WEIGHTS @ EFFECT, 0, 0
    for _ in range(REPLICATIONS):
        study = Coefficients(
            estimates=mean + root @ random.normal(size=12), covariance=root @ root.T, n_before=N_BEFORE
        )
        found = bounds(study, restriction=restriction, magnitudes=[magnitude], weights=WEIGHTS)
        honest += found.lower[0] <= truth <= found.upper[0]
        usual += found.ci_lower <= truth <= found.ci_upper
    return honest / REPLICATIONS, usual / REPLICATIONS


def path_of(steps: np.ndarray) -> np.ndarray:
    points = np.concatenate([[0.0], np.cumsum(steps)])
    return np.delete(points - points[N_BEFORE], N_BEFORE)


@pytest.mark.parametrize("sign", [1, -1])
def test_relative_magnitude_intervals_cover_at_the_edge_of_what_is_allowed(sign):
    honest, usual = covered(sign * path_of(STEPS), restriction="relative_magnitude", magnitude=1.0)
    # Three of the four steps before the index are smaller, so that the union is close to the interval of one step.
    assert 0.95 - COVERAGE <= honest <= 0.98 + COVERAGE
    assert usual < 0.2


def test_fixed_length_intervals_cover_a_trend_that_bends_as_much_as_is_allowed():
    slopes = 0.4 + 0.2 * np.arange(N_BEFORE + N_AFTER)
    honest, usual = covered(path_of(slopes), restriction="smoothness", magnitude=0.2)
    assert honest >= 0.95 - COVERAGE
    assert usual < 0.2


def test_intervals_do_not_cover_where_the_restriction_fails():
    slopes = np.concatenate([np.zeros(N_BEFORE), np.full(N_AFTER, 2.0)])
    honest, _ = covered(path_of(slopes), restriction="smoothness", magnitude=0.2)
    assert honest < 0.2
