"""What is read off the estimates alone: what could be seen, whether estimators agree, what a pre-trend test can see."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ncx2

from pipeline.inference.diagnostics import detectable_effect, estimator_agreement, pre_trend_power
from pipeline.inference.diagnostics.detectable_effect import Power
from pipeline.inference.diagnostics.effects import headlines
from pipeline.inference.diagnostics.pre_trend import wald_p_value
from pipeline.vocabulary.schemas.results import DIAGNOSTICS

# Two half-years before, the reference -5..0, months 1 and 2, and the next ten months.
SPANS = ((-17, -12), (-11, -6), (1, 1), (2, 2), (3, 12))
COVARIANCE = 4 * (np.eye(5) + 0.5)
# Months: one, one and ten of twelve.
WEIGHTS = np.array([0, 0, 1, 1, 10]) / 12
STD_ERROR = np.sqrt(WEIGHTS @ COVARIANCE @ WEIGHTS)
EXACT = 1e-12
USUAL = Power(alpha=0.05, power=0.8)
# Three binomial errors of 0.8 in 20,000 draws.
DRAWS, MONTE_CARLO = 20_000, 0.0085


def rows_of(effects: list[float], *, estimator="ons_fixed_effects", role="headline", spans=SPANS) -> pa.Table:
    labels = {
        "evaluation": "drawn",
        "estimator": estimator,
        "outcome": "pay",
        "unit": "pounds a month",
        "role": role,
        "subgroup": "all",
    }
    unknown = np.isnan(effects)
    covariance = COVARIANCE[: len(effects), : len(effects)].copy()
    covariance[unknown] = covariance[:, unknown] = np.nan
    rows = [
        labels | {"months_from": first, "months_to": last, "estimate": effect, "covariance": list(row)}
        for (first, last), effect, row in zip(spans, effects, covariance, strict=True)
    ]
    return pa.Table.from_pylist(rows)


def of(check: pa.Table) -> dict[str, object]:
    assert check.schema.equals(DIAGNOSTICS.arrow)
    (row,) = check.to_pylist()
    return row


def test_a_test_at_five_per_cent_with_power_four_in_five_sees_two_point_eight_standard_errors():
    assert USUAL.standard_errors == pytest.approx(2.8016, abs=5e-5)


def test_the_detectable_effect_depends_on_the_error_of_the_average_month_and_not_on_what_was_found():
    found = [
        of(detectable_effect.check(rows_of(effects), smallest={"pounds a month": 10.0}, test=USUAL))
        for effects in ([1.0, -2.0, 20.0, 22.0, 30.0], [0.0, 0.0, 0.0, 0.0, 0.0])
    ]
    assert found[0] == found[1]
    assert found[0]["figure"] == pytest.approx(USUAL.standard_errors * STD_ERROR, rel=EXACT)
    assert (found[0]["status"], found[0]["threshold"]) == ("pass", 10.0)
    assert "would be seen" in found[0]["sentence"]


def test_a_study_that_would_often_miss_an_effect_that_matters_is_for_review():
    row = of(detectable_effect.check(rows_of([0.0] * 5), smallest={"pounds a month": 5.0}, test=USUAL))
    assert row["status"] == "review"
    assert "often be missed" in row["sentence"]


def test_without_a_smallest_effect_in_the_unit_there_is_a_figure_and_no_verdict():
    row = of(detectable_effect.check(rows_of([0.0] * 5), smallest={"percentage points": 5.0}, test=USUAL))
    assert (row["status"], row["threshold"]) == ("not evaluated", None)
    assert row["figure"] == pytest.approx(USUAL.standard_errors * STD_ERROR, rel=EXACT)


def test_without_a_bin_after_the_index_nothing_could_be_seen():
    row = of(detectable_effect.check(rows_of([1.0, 2.0], spans=SPANS[:2]), smallest={}, test=USUAL))
    assert (row["status"], row["figure"]) == ("not evaluated", None)


def test_estimators_that_agree_pass_with_the_distance_of_the_furthest_in_the_larger_error():
    headline = rows_of([0.0, 0.0, 10.0, 10.0, 10.0])
    near = rows_of([0.0, 0.0, 11.0, 11.0, 11.0], estimator="imputation", role="robustness")
    far = rows_of([0.0, 0.0, 7.0, 7.0, 7.0], estimator="sun_abraham", role="robustness")
    row = of(estimator_agreement.check(pa.concat_tables([headline, near, far]), alpha=0.05))
    assert row["status"] == "pass"
    assert row["figure"] == pytest.approx(3 / STD_ERROR, rel=EXACT)
    # Bonferroni's share of each of two estimators.
    assert row["threshold"] == pytest.approx(2.2414, abs=5e-5)
    assert "sun_abraham is furthest" in row["sentence"]


def test_an_estimator_far_from_the_headline_is_for_review_and_a_robustness_run_is_no_estimator():
    headline = rows_of([0.0, 0.0, 10.0, 10.0, 10.0])
    away = [0.0, 0.0, 30.0, 30.0, 30.0]
    run = rows_of(away, estimator="ons_fixed_effects:reference_12_months", role="robustness")
    other = rows_of(away, estimator="imputation", role="robustness")
    assert of(estimator_agreement.check(pa.concat_tables([headline, run]), alpha=0.05))["status"] == "not evaluated"
    assert of(estimator_agreement.check(pa.concat_tables([headline, other]), alpha=0.05))["status"] == "review"


def test_estimators_are_compared_over_the_months_that_both_have():
    headline = rows_of([0.0, 0.0, 10.0, 12.0, 50.0])
    other = rows_of([np.nan, 0.0, 10.0, 12.0, np.nan], estimator="imputation", role="robustness")
    assert of(estimator_agreement.check(pa.concat_tables([headline, other]), alpha=0.05))["figure"] == 0


def test_the_joint_test_rejects_a_trend_of_the_slope_in_as_many_draws_as_the_power_says():
    (effects,) = headlines(rows_of([0.0] * 5))
    steepest = pre_trend_power.slope(effects, test=USUAL)
    before = COVARIANCE[:2, :2]
    # From the middle of the reference, -2.5, to the middles of the half-years.
    away = np.array([-12.0, -6.0])
    noncentrality = (steepest * away) @ np.linalg.inv(before) @ (steepest * away)
    assert ncx2.sf(5.991464547, 2, noncentrality) == pytest.approx(0.8, abs=1e-8)
    drawn = np.random.default_rng(1).multivariate_normal(steepest * away, before, size=DRAWS)
    rejected = np.mean([wald_p_value(one, before) < USUAL.alpha for one in drawn])
    assert rejected == pytest.approx(0.8, abs=MONTE_CARLO)


def test_the_share_of_the_effect_that_an_unseen_trend_makes_decides():
    effects = [0.0, 0.0, 40.0, 40.0, 40.0]
    row = of(pre_trend_power.check(rows_of(effects), test=USUAL, threshold=0.5))
    (read,) = headlines(rows_of(effects))
    # Middles of the bins after the index are 1, 2 and 7.5, from -2.5.
    away = (3.5 + 4.5 + 10 * 10) / 12
    assert row["figure"] == pytest.approx(pre_trend_power.slope(read, test=USUAL) * away / 40, rel=EXACT)
    assert row["status"] == "pass"
    assert of(pre_trend_power.check(rows_of(effects), test=USUAL, threshold=0.01))["status"] == "review"


def test_months_of_anticipation_are_not_among_the_earlier_bins():
    spans = ((-29, -24), (-23, -18), (-5, 0), (1, 1), (2, 2))
    (effects,) = headlines(rows_of([0.0] * 5, spans=spans))
    assert effects.reference == (-17, -6)
    with_all = pre_trend_power.slope(effects, test=USUAL)
    without = pre_trend_power.slope(effects, test=USUAL, anticipation=6)
    assert without != with_all
    before = COVARIANCE[:2, :2]
    away = without * np.array([-15.0, -9.0])
    assert ncx2.sf(5.991464547, 2, away @ np.linalg.inv(before) @ away) == pytest.approx(0.8, abs=1e-8)


@pytest.mark.parametrize(
    ("effects", "spans", "said"),
    [
        ([0.0, 0.0, 0.1, 0.2, 0.1], SPANS, "cannot be told from zero"),
        ([20.0, 22.0, 30.0, 31.0, 30.0], ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5)), "no estimates before the reference"),
    ],
)
def test_where_there_is_no_finding_or_no_earlier_bin_pre_trend_power_is_not_evaluated(effects, spans, said):
    row = of(pre_trend_power.check(rows_of(effects, spans=spans), test=USUAL, threshold=0.5))
    assert (row["status"], row["figure"]) == ("not evaluated", None)
    assert said in row["sentence"]
