"""The closed forms against the linear and convex programs that R's HonestDiD solves, on drawn event studies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import null_space
from scipy.optimize import linprog, minimize
from scipy.stats import truncnorm

from claims import reached
from pipeline.inference.diagnostics.honest_did import Coefficients, relative_magnitude, smoothness
from pipeline.inference.diagnostics.honest_did.least_favourable import critical_value

# Of a linear program's optimum by HiGHS, whose own tolerance is 1e-7, on numbers of size 1.
PROGRAM = 1e-6
# How far above the minimum Nelder-Mead may stop on a function with kinks in up to three dimensions.
STOPPED = 0.02
# Of a truncation bound: an optimum divided by one minus a regression coefficient.
TRUNCATION = 1e-5
# A share of 400,000 draws beyond a quantile of 0.5%: three standard errors.
SHARE = 3 * np.sqrt(0.005 * 0.995 / 400_000)
# Of a quantile found to 1e-13, times a standard error.
ROUNDING = 1e-9
HIGHS = "the linear program of Rambachan and Roth (2023), solved by SciPy's HiGHS"
ALPHA = 0.05
SIZE = 0.9 * ALPHA / (1 - 0.1 * ALPHA)


def drawn(seed: int) -> tuple[Coefficients, np.ndarray]:
    random = np.random.default_rng(seed)
    before, after = int(random.integers(1, 5)), int(random.integers(2, 6))
    n = before + after
    root = random.normal(size=(n, 2 * n))
    gaps = random.choice([1.0, 2.0, 3.5], size=n) if seed % 2 else np.ones(n)
    weights = np.eye(after)[0] if seed % 3 == 0 else random.normal(size=after)
    estimates = random.normal(size=n)
    return Coefficients(estimates=estimates, covariance=root @ root.T / n, n_before=before, gaps=gaps), weights


class MomentTest:
    """E[A (beta_hat - tau) ] <= 0 with l'tau = theta, for one largest step and its sign, moments after the index."""

    def __init__(self, given: Coefficients, weights: np.ndarray, *, step: np.ndarray, magnitude: float) -> None:
        before = given.n_before
        rises = given.differences[before:]
        limit = magnitude * given.steps[before:, None] * step
        moments = np.concatenate([rises - limit, -rises - limit])
        self.covariance = moments @ given.covariance @ moments.T
        self.spread = np.sqrt(np.diag(self.covariance))
        self.nuisance = moments[:, before:] @ null_space(weights[None, :])
        self.fixed = moments[:, before:] @ (weights / (weights @ weights))
        self.moments, self.given = moments, given
        self.columns = np.column_stack([self.spread, self.nuisance])

    def solve(self, theta: float) -> tuple[float, np.ndarray, np.ndarray]:
        y = self.moments @ self.given.estimates - self.fixed * theta
        cost = np.eye(self.columns.shape[1])[0]
        found = linprog(cost, A_ub=-self.columns, b_ub=-y, bounds=(None, None), method="highs")
        return found.fun, -found.ineqlin.marginals, y

    def truncation(self, eta: float, gamma: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        loading = self.covariance @ gamma / (gamma @ self.covariance @ gamma)
        rest = y - loading * (gamma @ y)
        return tuple(self.fixed_point(rest, loading, start=eta + far) for far in (-1e4, 1e4))

    def fixed_point(self, rest: np.ndarray, loading: np.ndarray, *, start: float) -> float:
        """Where the largest gamma'(rest + c loading) comes to equal c, from outside; infinite if it does at once."""
        value = start
        target = np.eye(self.columns.shape[1])[0]
        for _ in range(200):
            found = linprog(-(rest + loading * value), A_eq=self.columns.T, b_eq=target, method="highs")
            if abs(-found.fun - value) <= PROGRAM * max(1.0, abs(value)):
                return np.sign(start) * np.inf if value == start else value
            value = found.x @ rest / (1 - found.x @ loading)
        raise AssertionError("no fixed point")

    def rejects(self, theta: float, *, first_stage: float) -> bool:
        eta, gamma, y = self.solve(theta)
        if eta > first_stage or eta <= 0:
            return eta > first_stage
        low, high = self.truncation(eta, gamma, y)
        spread = np.sqrt(gamma @ self.covariance @ gamma)
        low, high = low / spread, min(high, first_stage) / spread
        return truncnorm.sf(eta / spread, low, high) < SIZE


@pytest.mark.validates("honest_did", formula=HIGHS, absolute={"optimum": PROGRAM})
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("magnitude", [0.3, 1.0, 2.5])
def test_the_test_statistic_and_its_truncation_solve_the_programs(seed, magnitude):
    given, weights = drawn(seed)
    moments = relative_magnitude._moments(given, weights, magnitudes=np.array([magnitude]))
    directions = moments.slopes @ moments.root
    first_stage = critical_value(directions, kappa=0.1 * ALPHA)
    per_time = given.differences[: given.n_before] / given.steps[: given.n_before, None]
    estimate = weights @ given.estimates[given.n_before :]
    for s, step in enumerate(np.concatenate([per_time, -per_time])):
        program = MomentTest(given, weights, step=step, magnitude=magnitude)
        away = np.linspace(-1.2, 1.2, 5) * (moments.allowed[0, s] + moments.reach[0, s].max() * first_stage[0, s])
        data = np.stack([-away, np.full(len(away), moments.step[s])], axis=-1)
        expected = [program.solve(estimate + theta)[0] for theta in away]
        reached("optimum", (data @ moments.slopes[0, s].T).max(axis=-1), expected)
        rejected = relative_magnitude._rejected(
            np.broadcast_to(away, (1, len(moments.step), len(away))),
            moments=moments,
            directions=directions,
            first_stage=first_stage,
            size=SIZE,
        )
        decisions = [program.rejects(estimate + theta, first_stage=first_stage[0, s]) for theta in away]
        assert rejected[0, s].tolist() == decisions


@pytest.mark.validates("honest_did", formula=HIGHS, relative={"bounds": TRUNCATION})
@pytest.mark.parametrize("seed", range(8))
def test_truncation_bounds_solve_the_programs(seed):
    given, weights = drawn(seed)
    moments = relative_magnitude._moments(given, weights, magnitudes=np.array([1.0]))
    covariance = (moments.slopes @ moments.root)[0]
    covariance = covariance @ np.swapaxes(covariance, -1, -2)
    program = MomentTest(given, weights, step=given.differences[0] / given.steps[0], magnitude=1.0)
    estimate = weights @ given.estimates[given.n_before :]
    for theta in (-4.0, 3.0):
        values = np.array([-theta, moments.step[0]]) @ moments.slopes[0, 0].T
        k = int(values.argmax())
        loading = covariance[0, :, k] / covariance[0, k, k]
        ours = relative_magnitude._truncation(values, values.max(), loading=loading)
        found = program.truncation(*program.solve(estimate + theta))
        np.testing.assert_array_equal(np.isinf(ours), np.isinf(found))
        finite = np.isfinite(found)
        reached("bounds", np.array(ours)[finite], np.array(found)[finite])


@pytest.mark.validates(
    "honest_did", formula="400,000 simulated maxima of the moments", absolute={"share beyond": SHARE}
)
@pytest.mark.parametrize("seed", range(6))
def test_the_least_favourable_value_is_the_quantile_of_simulated_maxima(seed):
    random = np.random.default_rng(seed)
    given, weights = drawn(seed)
    moments = relative_magnitude._moments(given, weights, magnitudes=np.array([0.0, 0.5, 2.0]))
    directions = moments.slopes @ moments.root
    values = critical_value(directions, kappa=0.005)
    normal = random.standard_normal((400_000, 2))
    for found, of_one in zip(values[:, 0], directions[:, 0], strict=True):
        reached("share beyond", ((normal @ of_one.T).max(axis=1) > found).mean(), 0.005)


def second_differences(given: Coefficients) -> np.ndarray:
    slopes = given.differences / given.steps[:, None]
    return np.diff(slopes, axis=0) / ((given.steps[1:] + given.steps[:-1]) / 2)[:, None]


@pytest.mark.validates("honest_did", formula=HIGHS, relative={"bias": PROGRAM})
@pytest.mark.parametrize("seed", range(12))
def test_the_worst_bias_of_every_estimator_solves_its_program(seed):
    given, weights = drawn(seed)
    path = smoothness._estimators(given, weights)
    bends = second_differences(given)
    limits = np.ones(2 * len(bends))
    for position in np.linspace(0, len(path.weights) - 1, 4):
        v, bias = path.at(position)
        found = linprog(-v, A_ub=np.concatenate([bends, -bends]), b_ub=limits, bounds=(None, None), method="highs")
        assert found.status == 0
        reached("bias", bias, -found.fun)


@pytest.mark.validates("honest_did", formula="a general optimiser over all estimators (Nelder-Mead)")
@pytest.mark.parametrize("seed", range(12))
def test_no_other_estimator_has_a_shorter_fixed_length_interval(seed):
    """A general optimiser over all estimators without bias under straight lines, started away from ours."""
    given, weights = drawn(seed)
    before = given.n_before
    line = np.concatenate([-np.cumsum(given.steps[:before][::-1])[::-1], np.cumsum(given.steps[before:])])
    bends = second_differences(given)
    # Any estimator without bias under lines is a combination of the bends; their coefficients are what bias counts.
    ours = smoothness.intervals(given, weights, magnitudes=np.array([0.4]), alpha=ALPHA)[0]
    free = null_space(line[None, :before])
    base = -line[:before] * (weights @ line[before:]) / (line[:before] @ line[:before])

    def half_length(x: np.ndarray) -> float:
        v = np.concatenate([base + free @ x, weights])
        bias = np.abs(np.linalg.lstsq(bends.T, v, rcond=None)[0]).sum()
        spread = np.sqrt(v @ given.covariance @ v)
        return spread * smoothness.folded_normal_quantile(0.4 * bias / spread, probability=1 - ALPHA)

    if not free.shape[1]:
        assert (ours[1] - ours[0]) / 2 == pytest.approx(half_length(np.zeros(0)), rel=ROUNDING)
        return
    found = minimize(half_length, np.full(free.shape[1], 0.1), method="Nelder-Mead", options={"maxiter": 600})
    assert (ours[1] - ours[0]) / 2 <= found.fun * (1 + ROUNDING)
    assert (ours[1] - ours[0]) / 2 >= found.fun * (1 - STOPPED)
