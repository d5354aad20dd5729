"""Honest intervals: what must hold for every event study, and what is refused."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given as drawn_from
from hypothesis import settings
from hypothesis import strategies as st
from scipy.stats import norm

from claims import reached
from pipeline.inference.diagnostics.honest_did import Coefficients, average_weights, bounds, breakdown, coefficients
from pipeline.inference.diagnostics.honest_did.lasso import path
from pipeline.vocabulary.effects import EventStudy
from pipeline.vocabulary.errors import NotEstimable, RequestError
from pipeline.vocabulary.windows import Window

MAGNITUDES = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
# Ends are found to 1e-13 of what the first stage leaves, which is up to 1,000 standard errors here.
ROUNDING = 1e-8
# The limit for five magnitudes at 12 bins before and 24 after.
SECONDS = 2.0


def made(seed: int, *, before: int, after: int, scale: float = 1.0) -> Coefficients:
    random = np.random.default_rng(seed)
    root = random.normal(size=(before + after, 2 * (before + after)))
    estimates = scale * random.normal(size=before + after)
    return Coefficients(estimates=estimates, covariance=root @ root.T / len(root), n_before=before)


sizes = st.integers(min_value=1, max_value=6)
studies = st.builds(
    lambda seed, before, after, scale: made(seed, before=before, after=after, scale=scale),
    st.integers(0, 10_000),
    sizes,
    sizes,
    st.sampled_from([0.3, 1.0, 10.0]),
)


def weights_of(study: Coefficients) -> np.ndarray:
    return np.random.default_rng(study.n_after).normal(size=study.n_after)


@pytest.mark.validates("honest_did", case="the normal interval, at magnitude 0", absolute={"ends in errors": ROUNDING})
@settings(max_examples=40, deadline=None)
@drawn_from(studies)
def test_relative_magnitude_intervals_widen_around_the_estimate_from_its_normal_interval(study):
    found = bounds(study, restriction="relative_magnitude", magnitudes=MAGNITUDES, weights=weights_of(study))
    ends, normal = np.array([found.lower[0], found.upper[0]]), np.array([found.ci_lower, found.ci_upper])
    reached("ends in errors", ends / found.std_error, normal / found.std_error)
    assert (np.diff(found.upper - found.lower) > 0).all()
    # What would be identified were the estimated steps the true ones.
    before, tails = study.n_before, np.cumsum(found.weights[::-1])[::-1]
    reach = found.magnitudes * np.abs(np.diff(np.append(study.estimates[:before], 0.0))).max() * np.abs(tails).sum()
    assert (found.lower < found.estimate - reach).all()
    assert (found.upper > found.estimate + reach).all()


@pytest.mark.validates(
    "honest_did", case="generalised least squares on a line, at magnitude 0", absolute={"ends": ROUNDING}
)
@settings(max_examples=40, deadline=None)
@drawn_from(studies)
def test_smoothness_at_zero_is_the_best_estimator_that_removes_a_line_and_lengths_grow(study):
    before, weights = study.n_before, weights_of(study)
    found = bounds(study, restriction="smoothness", magnitudes=MAGNITUDES, weights=weights)
    # Generalised least squares of the coefficients on a line and the effects themselves.
    line = np.concatenate([np.arange(-before, 0), np.arange(1, study.n_after + 1)])
    design = np.column_stack([line, np.eye(before + study.n_after)[:, before:]])
    inverse = np.linalg.inv(study.covariance)
    bread = np.linalg.inv(design.T @ inverse @ design)
    chosen = np.concatenate([[0.0], weights])
    centre = chosen @ bread @ design.T @ inverse @ study.estimates
    half = norm.ppf(0.975) * np.sqrt(chosen @ bread @ chosen)
    reached("ends", [found.lower[0], found.upper[0]], [centre - half, centre + half])
    assert (np.diff(found.upper - found.lower) > 0).all()


@settings(max_examples=20, deadline=None)
@drawn_from(studies, st.sampled_from(["relative_magnitude", "smoothness"]))
def test_the_sign_and_the_unit_of_an_effect_do_not_matter(study, restriction):
    unit = 1000.0 if restriction == "smoothness" else 1.0
    scaled = Coefficients(estimates=1000 * study.estimates, covariance=1e6 * study.covariance, n_before=study.n_before)
    one = bounds(study, restriction=restriction, magnitudes=[0.5, 2.0])
    other = bounds(scaled, restriction=restriction, magnitudes=[0.5 * unit, 2.0 * unit])
    mirrored = bounds(study, restriction=restriction, magnitudes=[0.5, 2.0], weights=-one.weights)
    np.testing.assert_allclose(other.lower / 1000, one.lower, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(-mirrored.upper, one.lower, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("restriction", ["relative_magnitude", "smoothness"])
def test_an_interval_at_the_breakdown_value_ends_at_the_null(restriction):
    study = made(3, before=4, after=3)
    far = Coefficients(estimates=study.estimates + 6, covariance=study.covariance, n_before=4)
    found = breakdown(far, restriction=restriction, null=1.0, weights=[0, 1, 0])
    at = bounds(far, restriction=restriction, magnitudes=[found], weights=[0, 1, 0])
    assert found > 0
    assert at.lower[0] == pytest.approx(1.0, abs=1e-4)


def test_an_effect_that_is_not_significant_breaks_down_at_zero():
    study = made(3, before=4, after=3)
    null = Coefficients(estimates=0 * study.estimates, covariance=study.covariance, n_before=4)
    assert breakdown(null, restriction="relative_magnitude") == 0
    assert breakdown(null, restriction="smoothness") == 0


def test_steps_are_counted_per_unit_of_time():
    """Months that are all twice as long: ratios do not change, and a change of slope is a quarter as much."""
    study = made(5, before=4, after=3)
    slow = Coefficients(
        estimates=study.estimates, covariance=study.covariance, n_before=4, gaps=np.full(len(study.estimates), 2.0)
    )
    for restriction, unit in (("relative_magnitude", 1.0), ("smoothness", 0.25)):
        one = bounds(study, restriction=restriction, magnitudes=[0.8])
        other = bounds(slow, restriction=restriction, magnitudes=[0.8 * unit])
        np.testing.assert_allclose([other.lower, other.upper], [one.lower, one.upper], rtol=1e-6)


def test_two_runs_give_the_same_numbers_and_a_table_says_them():
    study = made(7, before=3, after=2)
    found = bounds(study, restriction="relative_magnitude", magnitudes=[0, 1])
    again = bounds(study, restriction="relative_magnitude", magnitudes=[0, 1])
    assert found.lower.tobytes() == again.lower.tobytes()
    table = found.table()
    assert table.columns.tolist() == ["restriction", "magnitude", "lower", "upper", "excludes_zero"]
    np.testing.assert_array_equal(table["excludes_zero"], found.lower * found.upper > 0)


def test_five_magnitudes_at_12_bins_before_and_24_after_take_less_than_two_seconds():
    study = made(11, before=12, after=24)
    bounds(study, restriction="relative_magnitude", magnitudes=[1.0])
    start = time.perf_counter()
    bounds(study, restriction="relative_magnitude", magnitudes=[0.5, 1, 1.5, 2, 2.5], weights=np.full(24, 1 / 24))
    assert time.perf_counter() - start < SECONDS


@pytest.mark.parametrize("seed", range(10))
def test_every_point_of_a_lasso_path_is_a_minimiser(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 9))
    root = random.normal(size=(n, n + 2))
    gram, linear = root @ root.T, random.normal(size=n)
    corners = path(gram, linear)
    np.testing.assert_allclose(corners[0], np.linalg.solve(gram, -linear), atol=1e-9)
    assert not corners[-1].any()
    for first, second in pairwise(corners):
        x = (first + second) / 2
        gradient = gram @ x + linear
        penalty = np.abs(gradient).max()
        on = np.abs(x) > 1e-12
        np.testing.assert_allclose(gradient[on], -penalty * np.sign(x[on]), atol=1e-9)


WINDOW = Window(before=17, after=12, reference=(-5, 0))


def event_study(window: Window = WINDOW, *, missing: int | None = None, anticipation: int = 0) -> EventStudy:
    bins = tuple(part for part in window.binned if not part.reference)
    random = np.random.default_rng(1)
    root = random.normal(size=(2 * len(bins), 40))
    att, covariance = random.normal(size=(2, len(bins))), root @ root.T
    if missing is not None:
        att[1, missing] = np.nan
    counts, one = np.ones(att.shape, dtype=np.int64), np.ones(2, dtype=np.int64)
    return EventStudy(
        anticipation=anticipation,
        estimator="ons_fixed_effects", outcome="pay", subgroup="sex", levels=("1", "2"), bins=bins, att=att,
        covariance=covariance, n_treated=counts, n_comparison=counts, n_treated_after=one, n_comparison_after=one,
        n_people=9, n_singletons=0, n_excluded=0, n_observations=99, n_clusters=9, residual_df=9, confidence=0.95,
        t_critical=2.3, band_critical=np.full(2, 3.0),
    )  # fmt: skip


def test_an_event_study_gives_one_level_with_half_years_six_months_apart():
    study = event_study()
    found = coefficients(study, level="2")
    assert found.n_before == 2
    assert found.steps.tolist() == [6, 6, 3.5, 1, 1, 1, 1, 1, 3.5]
    np.testing.assert_array_equal(found.estimates, study.att[1])
    np.testing.assert_array_equal(found.covariance, study.covariance[9:, 9:])
    np.testing.assert_allclose(average_weights(study, level="2"), np.array([1, 1, 1, 1, 1, 1, 6]) / 12)


def test_a_bin_that_is_not_identified_is_left_out():
    found = coefficients(event_study(missing=0), level="2")
    assert found.n_before == 1
    assert found.steps.tolist() == [6, 3.5, 1, 1, 1, 1, 1, 3.5]
    assert len(average_weights(event_study(missing=3), level="2")) == 6


def test_months_of_anticipation_come_after_the_reference_and_have_no_weight():
    study = event_study(Window(before=23, after=6, reference=(-11, -6)), anticipation=6)
    found = coefficients(study, level="1")
    assert found.n_before == 2
    assert found.steps.tolist() == [6, 6, 6, 3.5, 1, 1, 1, 1, 1]
    np.testing.assert_allclose(average_weights(study, level="1"), np.array([0, 1, 1, 1, 1, 1, 1]) / 6)
    with pytest.raises(RequestError, match=r"not the last bin before event time -5.*ends at event time -6"):
        coefficients(event_study(anticipation=6), level="1")


def test_a_long_reference_is_one_point():
    found = coefficients(event_study(Window(before=23, after=6, reference=(-11, 0))), level="1")
    assert found.steps.tolist() == [6, 9, 6.5, 1, 1, 1, 1, 1]


def test_bounds_of_an_event_study_are_those_of_its_coefficients():
    study = event_study()
    one = bounds(study, restriction="smoothness", magnitudes=[0.1], level="1")
    other = bounds(coefficients(study, level="1"), restriction="smoothness", magnitudes=[0.1])
    assert (one.lower, one.upper) == (other.lower, other.upper)


def test_what_cannot_be_answered_is_refused():
    study = event_study()
    with pytest.raises(RequestError, match=r"no level 'x'.*'1', '2'"):
        coefficients(study, level="x")
    moved = event_study(Window(before=17, after=12, reference=(-11, -6)))
    with pytest.raises(RequestError, match="not the last bin before event time 1"):
        coefficients(moved, level="1")
    with pytest.raises(NotEstimable, match="no bin before its reference"):
        coefficients(event_study(Window(before=5, after=6, reference=(-5, 0))), level="1")
    good = made(0, before=2, after=2)
    for faulty, match in (
        ({"restriction": "none"}, "no restriction 'none'.*relative_magnitude, smoothness"),
        ({"restriction": "smoothness", "magnitudes": [-1.0]}, "from 0 up"),
        ({"restriction": "smoothness", "alpha": 1.0}, "between 0 and 1"),
        ({"restriction": "smoothness", "weights": [1.0]}, "each bin after the reference.*2 bins"),
        ({"restriction": "smoothness", "weights": [0.0, 0.0]}, "each bin after the reference"),
    ):
        with pytest.raises(RequestError, match=match):
            bounds(good, **faulty)


def test_an_estimator_that_seems_to_have_no_error_is_refused_where_it_would_be_chosen():
    root = np.random.default_rng(0).normal(size=(6, 4))
    few = Coefficients(estimates=np.arange(6.0), covariance=root @ root.T, n_before=3)
    with pytest.raises(NotEstimable, match="singular, as with fewer clusters than bins"):
        bounds(few, restriction="smoothness")
    assert np.isfinite(bounds(few, restriction="relative_magnitude").table()["lower"]).all()


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"n_before": 0}, NotEstimable, "one bin before"),
        ({"n_before": 4}, NotEstimable, "one bin before"),
        ({"estimates": [1.0, 2.0, 3.0]}, RequestError, "shapes"),
        ({"estimates": [1.0, np.nan, 3.0, 4.0]}, RequestError, "not finite"),
        ({"covariance": np.triu(np.ones((4, 4)))}, RequestError, "not symmetric"),
        ({"gaps": [1.0, 0.0, 1.0, 1.0]}, RequestError, "not positive"),
        ({"covariance": np.ones((4, 4))}, NotEstimable, "no error in the difference"),
    ],
)
def test_coefficients_that_are_none_are_refused(change, error, match):
    fields = {"estimates": [1.0, 2.0, 3.0, 4.0], "covariance": np.eye(4), "n_before": 2}
    with pytest.raises(error, match=match):
        Coefficients(**(fields | change))
