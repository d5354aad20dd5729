"""Estimates at a threshold against the package of the method's authors, SciPy's tests and statsmodels.

Numbers of ``rdhonest`` are stored with the script that made them (``rdhonest_numbers.py``).
"""

from __future__ import annotations

import json
from pathlib import Path
from runpy import run_path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pipeline.inference.designs.threshold import honest, local_randomisation
from pipeline.inference.designs.threshold.continuity import holm
from pipeline.inference.designs.threshold.intervals import bias_aware_critical
from pipeline.inference.diagnostics.honest_did.smoothness import folded_normal_quantile

HERE = Path(__file__).parent
STORED = json.loads((HERE / "rdhonest.json").read_text(encoding="utf-8"))
# Sums of 1,500 numbers of size 1 in another order.
ROUNDING = 1e-9
# rdhonest finds critical values by a root search to 1e-6 of themselves.
ROOT = 1e-5
# rdhonest weighs people by their covariates too; here slopes are estimated once and taken off. The difference is of the
# size of the covariates' own imbalance, a few in a thousand of the error.
ADJUSTED = 5e-3
# rdhonest chooses its bandwidth with residuals from a preliminary one, here with the variance about each value; an
# interval's length is flat about its minimum.
LENGTH = 0.05
# Of a p-value by 20,000 permutations: three standard errors of a share.
SHARE = 3 * np.sqrt(0.25 / 20_000)


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return run_path(str(HERE / "rdhonest_numbers.py"))["drawn"]()


def estimated(people: pd.DataFrame, **options):
    return honest.estimate(people, outcome="outcome", running="running", cutoff=42, **options)


@pytest.mark.parametrize("theirs", STORED["fixed"], ids=lambda r: f"{r['curvature']}-{r['bandwidth']}-{r['covariate']}")
def test_estimate_error_bias_and_interval_are_those_of_rdhonest(people, theirs):
    covariates = ("covariate",) if theirs["covariate"] else ()
    ours = estimated(people, curvature=theirs["curvature"], bandwidth=theirs["bandwidth"], covariates=covariates)
    assert ours.att == pytest.approx(theirs["att"], abs=ROUNDING)
    close = ADJUSTED if theirs["covariate"] else ROUNDING
    for name in ("std_error", "maximum_bias", "effective_observations"):
        assert getattr(ours, name) == pytest.approx(theirs[name], rel=close), name
    for name in ("ci_lower", "ci_upper"):
        assert getattr(ours, name) == pytest.approx(theirs[name], abs=max(close, ROOT) * theirs["std_error"]), name
    if not theirs["covariate"]:
        assert ours.p_value == pytest.approx(theirs["p_value"], rel=ROOT)


@pytest.mark.parametrize("theirs", STORED["shortest"], ids=lambda r: str(r["curvature"]))
def test_the_shortest_interval_is_as_short_as_that_of_rdhonest(people, theirs):
    ours = estimated(people, curvature=theirs["curvature"])
    length = theirs["ci_upper"] - theirs["ci_lower"]
    assert ours.ci_upper - ours.ci_lower == pytest.approx(length, rel=LENGTH)


def test_the_rule_of_thumb_is_that_of_rdhonest(people):
    found = estimated(people, curvature="rule_of_thumb").reduced_form
    assert found.curvature == pytest.approx(STORED["rule_of_thumb"], rel=1e-6)  # a quartic through five values
    assert found.curvature_source == "data-driven rule of thumb"


@pytest.mark.parametrize("bias", [0.0, 0.1, 0.7, 2.0, 5.0, 9.99, 10.01, 50.0])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_bias_aware_critical_value_is_the_folded_normal_quantile(bias, confidence):
    expected = folded_normal_quantile(bias, probability=confidence)
    assert bias_aware_critical(bias, confidence=confidence) == pytest.approx(expected, abs=ROUNDING)


def test_the_difference_in_a_window_is_welchs(people):
    found = local_randomisation.estimate(people, outcome="outcome", running="running", cutoff=42, window=(41, 43))
    inside = people[people.running.between(41, 43)]
    sides = [inside.outcome[inside.running >= 42], inside.outcome[inside.running < 42]]
    welch = stats.ttest_ind(*sides, equal_var=False)
    interval = welch.confidence_interval(0.95)
    expected = [sides[0].mean() - sides[1].mean(), interval.low, interval.high]
    np.testing.assert_allclose([found.att, found.ci_lower, found.ci_upper], expected, atol=ROUNDING)
    assert found.std_error == pytest.approx(found.att / welch.statistic, rel=ROUNDING)


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.6])
def test_the_permutation_p_value_is_scipys(people, shift):
    inside = people[people.running.between(41, 43)].iloc[:60].copy()
    inside["outcome"] += shift * (inside["running"] >= 42)
    found = local_randomisation.estimate(
        inside, outcome="outcome", running="running", cutoff=42, window=(41, 43), permutations=20_000
    )
    sides = [inside.outcome[inside.running >= 42], inside.outcome[inside.running < 42]]
    theirs = stats.permutation_test(
        sides, lambda a, b, axis: np.abs(a.mean(axis) - b.mean(axis)), n_resamples=20_000, vectorized=True,
        alternative="greater", rng=1,
    )  # fmt: skip
    assert abs(found.p_value - theirs.pvalue) < 2 * SHARE


def test_adjusted_p_values_are_holms():
    p_values = np.random.default_rng(1).random(9) ** 3
    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1], atol=ROUNDING)
