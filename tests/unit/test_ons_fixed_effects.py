"""The estimator as a library: a long DataFrame in, a frozen result out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pipeline.inference import estimators
from pipeline.inference.estimators import ons_fixed_effects
from pipeline.inference.moments.regression.intervals import felm_factor, fixest_factor, sup_t_critical, t_critical
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.errors import DataRefused, RequestError
from pipeline.vocabulary.windows import Window

# Rounding of a solved two-by-two table.
ROUNDING = 1e-10
# Four standard errors of a simulated 95% quantile over 20,000 draws.
SIMULATED = 0.05


def drawn_frame(seed: int = 5, n: int = 80, n_months: int = 14) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    person, month = np.repeat(np.arange(n), n_months), np.tile(100 + np.arange(n_months), n)
    treatment_month = np.where(random.random(n) < 0.5, random.integers(104, 110, n), np.nan)[person]
    pay = random.normal(0, 1, n * n_months) + random.normal(0, 1, n)[person]
    sex = np.where(random.random(n) < 0.5, "female", "male")[person]
    birth_month = 100 - random.integers(300, 600, n)[person]
    columns = {"person": person, "month": month, "treated": treatment_month, "pay": pay, "sex": sex}
    return pd.DataFrame(columns | {"born": birth_month, "weight": 1.0})


def estimated(frame: pd.DataFrame, **options):
    columns = {"outcome": "pay", "person": "person", "month": "month", "treatment_month": "treated"}
    return ons_fixed_effects.estimate(frame, **(columns | options))


def test_the_columns_are_those_of_every_estimator():
    frame = estimated(drawn_frame()).event_study()
    assert list(frame) == [
        "subgroup_value", "event_time", "months_from", "months_to", "att", "std_error", "ci_lower", "ci_upper",
        "band_lower", "band_upper", "n_treated", "n_comparison",
    ]  # fmt: skip
    assert 0 not in set(frame["event_time"])
    assert list(estimated(drawn_frame()).overall()) == list(frame)


def test_a_band_holds_the_interval_and_an_interval_the_estimate():
    frame = estimated(drawn_frame(), subgroup="sex").event_study().dropna()
    assert len(frame) > 20
    assert (frame["band_lower"] <= frame["ci_lower"]).all()
    assert (frame["ci_lower"] < frame["att"]).all()
    assert (frame["att"] < frame["ci_upper"]).all()
    assert (frame["ci_upper"] <= frame["band_upper"]).all()


def test_the_same_seed_gives_the_same_band():
    one, other = (estimated(drawn_frame(), seed=4).event_study() for _ in range(2))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_rows_in_another_order_give_the_same_result():
    frame = drawn_frame()
    shuffled = frame.sample(frac=1, random_state=1)
    one, other = estimated(frame, birth_month="born"), estimated(shuffled, birth_month="born")
    np.testing.assert_allclose(one.att, other.att, rtol=1e-9)
    np.testing.assert_allclose(one.std_error, other.std_error, rtol=1e-9)


def test_the_overall_effect_weighs_bins_by_their_months():
    window = Window(before=5, after=10, reference=(-5, 0))
    study = estimated(drawn_frame(), window=window)
    after = study.event_study().query("months_from >= 1")
    months = after["months_to"] - after["months_from"] + 1
    (overall,) = study.overall().itertuples()
    assert overall.att == pytest.approx(np.average(after["att"], weights=months), abs=ROUNDING)
    assert overall.n_treated == after["n_treated"].max()
    assert (overall.months_from, overall.months_to) == (1, 10)
    weights = np.where([part.first >= 1 for part in study.bins], [p.last - p.first + 1 for p in study.bins], 0) / 10
    assert overall.std_error == pytest.approx(np.sqrt(weights @ study.covariance @ weights), abs=ROUNDING)


def test_a_result_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign"):
        estimated(drawn_frame()).outcome = "other"


def test_effects_by_treatment_month_are_refused_with_what_to_do():
    with pytest.raises(RequestError, match=r"one effect a bin .* Use event_study\(\)"):
        estimated(drawn_frame()).group_time()


@pytest.mark.parametrize(
    "argument",
    [{"comparison": "not_yet_treated"}, {"base": "universal"}, {"anticipation": 0}],
)
def test_arguments_that_do_not_apply_are_refused_by_name(argument):
    with pytest.raises(RequestError, match=f"ons_fixed_effects has no {next(iter(argument))}"):
        estimated(drawn_frame(), **argument)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"outcome": "wages"}, "column wages: column is missing"),
        ({"outcome": "sex"}, "column sex: column is not numeric"),
        ({"age_spline": AgeSpline()}, "needs a column birth_month"),
        ({"draws": 10}, "draws"),
        ({"small_sample": "stata"}, "small_sample"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(argument, message):
    with pytest.raises(RequestError, match=message):
        estimated(drawn_frame(), **argument)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda f: pd.concat([f, f.head(3)]), {}, r"person and month repeat \(3 rows\)"),
        (lambda f: f.assign(month=f["month"] + 0.5), {}, r"column month: month is not a whole number \(1,120 rows\)"),
        (lambda f: f.assign(month=f["month"].where(f.index > 1)), {}, r"column month: value is missing \(2 rows\)"),
        (lambda f: f.assign(pay=np.inf), {}, r"column pay: value is not finite"),
        (lambda f: f.assign(weight=0.0), {"weights": "weight"}, "weight is not positive"),
        (
            lambda f: f.assign(treated=f["treated"].where(f.index % 14 > 0, 105)),
            {},
            r"column treated: column differs within a person \(\d+ people\)",
        ),
    ],
)
def test_rows_that_are_no_panel_are_refused(change, options, message):
    with pytest.raises(DataRefused, match=message):
        estimated(change(drawn_frame()), **options)


def test_a_refusal_never_says_a_value():
    frame = drawn_frame()
    frame.loc[frame["person"] == 3, "sex"] = ["marked-value", *["other"] * 13]
    with pytest.raises(DataRefused, match=r"sex: column differs within a person \(1 people\)") as refusal:
        estimated(frame, subgroup="sex")
    assert "marked-value" not in str(refusal.value)


def test_small_sample_factors_are_those_of_fixest_and_felm():
    counts = {"observations": 1000, "regressors": 10, "month_effects": 20, "clusters": 50}
    assert fixest_factor(**counts) == pytest.approx(50 / 49 * 999 / 970)
    assert felm_factor(**counts) == pytest.approx(50 / 49 * 999 / 989)
    frame = drawn_frame()
    ratio = estimated(frame, small_sample="felm").std_error / estimated(frame).std_error
    study = estimated(frame)
    n, k = study.n_observations, study.att.size
    np.testing.assert_allclose(ratio**2, (n - k - 14) / (n - k - 1))


def test_residual_degrees_of_freedom_take_off_every_effect():
    study = estimated(drawn_frame())
    assert study.residual_df == 80 * 14 - 80 - 13 - study.att.size


def test_independent_bins_have_the_known_simultaneous_critical_value():
    specification = Specification(window=Window(before=5, after=6, reference=(-5, 0)))
    found = sup_t_critical(np.diag([1.0, 4.0, 9.0]), df=10**6, specification=specification)
    # Sidak: the 0.95 ** (1/3) quantile of |z| is 2.3877.
    assert found == pytest.approx(2.3877, abs=SIMULATED)
    assert sup_t_critical(np.array([[2.0]]), df=7, specification=specification) == t_critical(confidence=0.95, df=7)
    assert np.isnan(sup_t_critical(np.zeros((0, 0)), df=7, specification=specification))


def test_estimators_are_found_by_file_name():
    assert "ons_fixed_effects" in estimators.names()
    assert estimators.fit_of("ons_fixed_effects") is ons_fixed_effects.fit
    with pytest.raises(RequestError, match=r"no estimator 'none'\. There are: .*ons_fixed_effects"):
        estimators.fit_of("none")
