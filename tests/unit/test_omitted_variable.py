"""Sensitivity to a confounder that nobody saw, and calibration by effects that are zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.inference.diagnostics.calibration import Null, fit_null
from pipeline.inference.diagnostics.untreated import unmeasured_confounding
from pipeline.inference.diagnostics.untreated.omitted_variable import Coefficient, benchmarks, coefficient, e_value
from pipeline.inference.doubly_robust.people import People
from pipeline.vocabulary.errors import RequestError

EXACT = 1e-10
# Cinelli and Hazlett, table 1: violence in Darfur and attitudes to peace, with one and three decimals.
DARFUR = Coefficient(estimate=0.097, std_error=0.097 / 4.18, df=783)
PRINTED = 0.0006

coefficients = st.builds(
    Coefficient,
    estimate=st.floats(0.01, 2),
    std_error=st.floats(0.05, 2),
    df=st.integers(20, 5000),
)


def test_the_robustness_values_of_the_paper():
    assert DARFUR.robustness_value() == pytest.approx(0.139, abs=PRINTED)
    assert DARFUR.robustness_value(alpha=0.05) == pytest.approx(0.076, abs=PRINTED)


@given(coefficients)
def test_a_confounder_as_strong_as_the_robustness_value_takes_the_effect_away(one):
    strength = one.robustness_value()
    left = one.with_confounder(treatment=strength, outcome=strength)
    assert left.estimate == pytest.approx(0, abs=1e-8 * abs(one.estimate))


@given(coefficients)
def test_less_is_needed_to_take_away_what_is_significant_than_to_take_away_all(one):
    assert one.robustness_value(alpha=0.05) <= one.robustness_value()
    assert (one.robustness_value(alpha=0.05) > 0) == (
        abs(one.estimate) > one._critical(0.05) * one.std_error * np.sqrt(one.df / (one.df - 1))
    )


def drawn(seed: int, *, hidden: float = 0.0, n: int = 800) -> People:
    """Treatment and outcome share three covariates, and a fourth of strength ``hidden`` that is not in the frame."""
    random = np.random.default_rng(seed)
    known, unseen = random.normal(size=(n, 3)), random.normal(size=n)
    treated = 0.5 * known[:, 0] + hidden * unseen + random.normal(size=n) > 0
    outcome = treated + known @ [0.4, 0.2, 0.0] + 2 * hidden * unseen + random.normal(size=n)
    names = ("pay in the reference", "age", "age squared")
    return People(treated=treated, covariates=known, names=names, outcomes=outcome[:, None])


@pytest.mark.parametrize("seed", range(5))
def test_covariates_that_say_what_others_say_are_of_no_strength_and_never_of_less(seed):
    people = drawn(seed)
    twice = np.column_stack([people.covariates, people.covariates @ [[0.3, 1.0], [0.2, 0.0], [0.7, 1.0]]])
    found = benchmarks(people.outcomes[:, 0], people.treated.astype(float), twice, groups={"a": [3], "b": [4]})
    for one in found:
        assert 0 <= one.treatment < EXACT
        assert 0 <= one.outcome < EXACT


def test_the_coefficient_is_that_of_least_squares_and_a_covariate_twice_changes_nothing():
    people = drawn(1)
    treated, outcome = people.treated.astype(float), people.outcomes[:, 0]
    design = np.column_stack([treated, np.ones(800), people.covariates])
    fitted, rss, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    error = np.sqrt(rss[0] / 795 * np.linalg.inv(design.T @ design)[0, 0])
    for covariates in (people.covariates, np.column_stack([people.covariates, people.covariates[:, 1]])):
        found = coefficient(outcome, treated, covariates)
        assert (found.estimate, found.std_error) == pytest.approx((fitted[0], error), rel=EXACT)
        assert found.df == 795


def test_a_benchmark_is_what_adding_an_equally_strong_confounder_does():
    """A covariate made orthogonal to the others and left out has just the partial R² that its bound is made of."""
    people = drawn(2)
    treated, outcome = people.treated.astype(float), people.outcomes[:, 0]
    whole = coefficient(outcome, treated, people.covariates)
    (bound,) = benchmarks(outcome, treated, people.covariates, groups={"first": [0]})
    left = whole.with_confounder(treatment=bound.treatment, outcome=bound.outcome)
    # The first covariate confounds upwards: without it the effect is larger by about what the benchmark takes off.
    without = coefficient(outcome, treated, people.covariates[:, 1:])
    assert 0 < left.estimate < whole.estimate < without.estimate
    assert whole.estimate - left.estimate == pytest.approx(without.estimate - whole.estimate, rel=0.35)


def test_a_large_effect_beside_weak_covariates_passes_and_the_sentence_names_what_it_was_held_against():
    people = drawn(3)
    found = unmeasured_confounding.verdict(people, alpha=0.05)
    treated, outcome = people.treated.astype(float), people.outcomes[:, 0]
    (bound,) = benchmarks(outcome, treated, people.covariates, groups={"pay in the reference": [0]})
    whole = coefficient(outcome, treated, people.covariates)
    left = whole.with_confounder(treatment=bound.treatment, outcome=bound.outcome)
    assert (found.status, found.figure) == ("pass", pytest.approx(left.estimate / whole.estimate, rel=EXACT))
    assert "as strong as pay in the reference" in found.sentence


def test_without_an_effect_nothing_needs_explaining():
    people = drawn(4)
    random = np.random.default_rng(9)
    noise = People(
        treated=people.treated, covariates=people.covariates, names=people.names, outcomes=random.normal(size=(800, 1))
    )
    assert unmeasured_confounding.verdict(noise, alpha=0.05).status == "not evaluated"


def test_levels_squares_and_gaps_are_one_group():
    names = (
        "age",
        "age squared",
        "region=North",
        "region=South",
        "pay in the reference",
        "pay in the reference, not observed",
    )
    assert unmeasured_confounding.groups(names) == {"age": [0, 1], "region": [2, 3], "pay in the reference": [4, 5]}


def test_the_published_e_value_of_a_risk_ratio_and_of_its_inverse():
    # VanderWeele and Ding (2017): a risk ratio of 3.9 has an E-value of 7.2 (7.26 before it is cut).
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert e_value(1 / 3.9) == pytest.approx(e_value(3.9), rel=EXACT)
    assert e_value(1.0) == 1


def test_without_systematic_error_calibration_changes_nothing():
    null = Null(mean=0.0, sd=0.0)
    assert null.interval(1.0, 0.5) == pytest.approx((1 - 1.959964 * 0.5, 1 + 1.959964 * 0.5), abs=1e-6)
    assert null.p_value(1.959964 * 0.5, 0.5) == pytest.approx(0.05, abs=1e-6)


def test_the_likelihood_is_at_its_top_and_controls_without_spread_have_none():
    random = np.random.default_rng(5)
    errors = random.uniform(0.05, 0.4, 40)
    values = 0.3 + 0.2 * random.normal(size=40) + errors * random.normal(size=40)
    null = fit_null(values, errors)

    def surprise(mean: float, sd: float) -> float:
        variance = sd**2 + errors**2
        return (np.log(variance) + (values - mean) ** 2 / variance).sum()

    best = surprise(null.mean, null.sd)
    for step in (0.01, -0.01):
        assert surprise(null.mean + step, null.sd) > best
        assert surprise(null.mean, null.sd + step) > best
    assert fit_null([0.1, 0.1001], [0.2, 0.2]).sd == 0


def test_controls_that_cannot_tell_an_error_are_refused():
    with pytest.raises(RequestError, match="needs two negative controls"):
        fit_null([0.1], [0.2])
    with pytest.raises(RequestError, match=r"not a number \(2 controls\)"):
        fit_null([0.1, np.nan, 0.3], [0.2, 0.1, 0.0])
