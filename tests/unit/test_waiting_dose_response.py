"""The dose-response of waits at its edges: lines stay lines, contrasts are of the curve, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from pipeline.inference.designs.waiting import dose_response
from pipeline.inference.designs.waiting.contrasts import longer_wait, on_curve, standard_met
from pipeline.inference.designs.waiting.dose_response import EIGHTEEN_WEEKS, SIX_WEEKS, Waits
from pipeline.inference.designs.waiting.local_curve import Pseudo, local_curve
from pipeline.inference.designs.waiting.nuisances import People, nuisances
from pipeline.vocabulary.errors import DataRefused, NotEstimable, RequestError

# Two ways to one number, in float64.
ROUNDING = 1e-9
WAITS = Waits(wait="wait", covariates=("age", "female"), specialty="specialty", cluster="provider")
MONTHS = np.arange(3.0, 10.5, 0.5)
OPTIONS = {"waits": WAITS, "months": MONTHS, "longer": [9.0], "standards": [EIGHTEEN_WEEKS]}


def drawn(seed: int = 0, *, people: int = 900, noise: float = 20.0) -> pd.DataFrame:
    """People of two specialties; a month of waiting costs 10; older people wait longer and earn less."""
    random = np.random.default_rng(seed)
    specialty, age = random.choice(["eyes", "hips"], people), random.normal(0, 1, people)
    female = (random.random(people) < 0.5) * 1.0
    wait = np.maximum(6.5 + age + (specialty == "hips") + random.normal(0, 1.5, people), 0.1)
    pay = -10 * wait - 15 * age + 30 * (specialty == "hips") + random.normal(0, noise, people)
    return pd.DataFrame({"specialty": specialty, "age": age, "female": female, "wait": wait, "pay": pay}).assign(
        provider=random.integers(0, 40, people)
    )


PEOPLE = drawn()
FOUND = dose_response.estimate(PEOPLE, "pay", **OPTIONS)


def test_a_curve_without_noise_is_the_line_that_it_was_drawn_as():
    found = dose_response.estimate(drawn(noise=0.0), "pay", **OPTIONS, learner=LinearRegression())
    np.testing.assert_allclose(np.diff(found.level), -5.0, atol=1e-6)
    assert found.contrasts[0].estimate == pytest.approx(-60, abs=1e-6)


def test_local_lines_through_points_on_a_line_are_that_line_and_nobody_moves_it():
    wait = np.linspace(0, 12, 50)
    pseudo = Pseudo(outcome=3 - 2 * wait, wait=wait, waits=wait, apart=np.zeros((50, 50)), mass=np.ones(50), capped=0)
    found = local_curve(pseudo, MONTHS, bandwidth=0.8)
    np.testing.assert_allclose(found.level, 3 - 2 * MONTHS, atol=ROUNDING)
    np.testing.assert_allclose(found.influence, 0, atol=ROUNDING)


def test_influences_are_what_leaving_a_person_out_does_to_the_curve():
    random = np.random.default_rng(1)
    wait = random.uniform(0, 12, 800)
    of = {"waits": np.linspace(0, 12, 5), "apart": np.zeros((800, 5)), "mass": np.ones(5), "capped": 0}
    outcome = random.normal(size=800)
    whole = local_curve(Pseudo(outcome=outcome, wait=wait, **of), np.array([5.0]), bandwidth=2.0)
    moved = []
    for person in range(20):
        kept = np.arange(800) != person
        without = of | {"apart": np.zeros((799, 5))}
        left = local_curve(Pseudo(outcome=outcome[kept], wait=wait[kept], **without), np.array([5.0]), bandwidth=2.0)
        moved.append(800 * (whole.level[0] - left.level[0]))
    # Leaving out is the influence up to a leverage of one over some hundred people.
    np.testing.assert_allclose(moved, whole.influence[:20, 0], rtol=0.03, atol=1e-3)


def test_a_density_given_covariates_integrates_to_one():
    people = PEOPLE[PEOPLE["specialty"] == "eyes"]
    given = People(
        outcome=people["pay"].to_numpy(),
        wait=people["wait"].to_numpy(),
        covariates=people[["age", "female"]].to_numpy(),
        fold=np.arange(len(people)) % 5,
    )
    waits = np.expm1(np.linspace(-3, 6, 2000))
    known = nuisances(given, waits, learner=LinearRegression())
    # The kernel density is read off 200 points by lines and cut where it is below a thousandth of its height.
    np.testing.assert_allclose(np.trapezoid(known.density_at, np.log1p(waits), axis=1), 1, atol=0.01)


def test_predictions_of_a_person_come_from_models_of_others():
    """An outcome of ten thousand moves everybody's prediction but those of the person's own fold."""
    given = People(
        outcome=PEOPLE["pay"].to_numpy(),
        wait=PEOPLE["wait"].to_numpy(),
        covariates=PEOPLE[["age"]].to_numpy(),
        fold=np.arange(len(PEOPLE)) % 3,
    )
    plain = nuisances(given, MONTHS, learner=LinearRegression())
    odd = given.outcome.copy()
    odd[0] += 1e4
    other = nuisances(
        People(outcome=odd, wait=given.wait, covariates=given.covariates, fold=given.fold),
        MONTHS,
        learner=LinearRegression(),
    )
    same = (plain.outcome_at == other.outcome_at).all(axis=1)
    np.testing.assert_array_equal(same, given.fold == 0)


def test_contrasts_are_differences_of_the_curve_with_the_error_of_the_difference():
    longer, standard = FOUND.contrasts
    curve = FOUND.curve().set_index("months")
    assert longer.estimate == pytest.approx(curve.loc[9.0, "effect"])
    assert longer.std_error == pytest.approx(curve.loc[9.0, "effect_std_error"])
    beyond = PEOPLE.loc[PEOPLE["wait"] > EIGHTEEN_WEEKS, "wait"]
    expected = np.interp(EIGHTEEN_WEEKS, MONTHS, FOUND.level) - np.interp(beyond, MONTHS, FOUND.level).mean()
    assert standard.estimate == pytest.approx(expected)
    assert (standard.n_treated, standard.n_comparison) == (len(beyond), len(PEOPLE) - len(beyond))
    assert longer.estimate < 0 < standard.estimate


def test_reading_a_curve_off_is_a_line_between_points_and_its_end_beyond_them():
    at = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(
        on_curve(at, np.array([0.0, 1.5, 4.0, 9.0])), [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1], [0, 0, 1]]
    )
    for weighted in (longer_wait(at, 3.0), standard_met(at, 2.0, wait=np.array([0.5, 3.0, 8.0]))):
        assert weighted.weights.sum() == pytest.approx(0, abs=ROUNDING)
    np.testing.assert_allclose(standard_met(at, 2.0, wait=np.array([0.5, 3.0, 8.0])).weights, [0, 0.75, -0.75])


def test_the_curve_is_an_average_of_specialties_by_their_people():
    hips = PEOPLE["specialty"] == "hips"
    options = OPTIONS | {"learner": LinearRegression(), "bandwidth": 1.5}
    plain = dose_response.estimate(PEOPLE, "pay", **options)
    raised = dose_response.estimate(PEOPLE.assign(pay=PEOPLE["pay"] + 100.0 * hips), "pay", **options)
    np.testing.assert_allclose(raised.level - plain.level, 100 * hips.mean(), rtol=1e-7)
    np.testing.assert_allclose(raised.covariance, plain.covariance, rtol=1e-7)
    assert plain.bandwidths == (1.5, 1.5)


def test_the_same_seed_gives_the_same_curve_and_a_change_of_units_changes_nothing_else():
    again = dose_response.estimate(PEOPLE, "pay", **OPTIONS)
    np.testing.assert_array_equal(again.level, FOUND.level)
    pence = dose_response.estimate(PEOPLE.assign(pay=100 * PEOPLE["pay"]), "pay", **OPTIONS, learner=LinearRegression())
    pounds = dose_response.estimate(PEOPLE, "pay", **OPTIONS, learner=LinearRegression())
    np.testing.assert_allclose(pence.level, 100 * pounds.level, rtol=1e-7)
    assert pence.numbers()[0]["std_error"] == pytest.approx(pounds.numbers(scale=100)[0]["std_error"], rel=1e-7)


def test_a_covariate_that_is_the_same_for_all_of_a_specialty_is_left_out_there():
    one_sex = PEOPLE.assign(female=np.where(PEOPLE["specialty"] == "eyes", 1.0, PEOPLE["female"]))
    found = dose_response.estimate(one_sex, "pay", **OPTIONS)
    assert np.isfinite(found.level).all()


def test_weights_above_the_declared_are_capped_and_counted():
    capped = dose_response.estimate(PEOPLE, "pay", **OPTIONS, largest_weight=1.0)
    assert len(PEOPLE) > capped.capped > FOUND.capped >= 0


def test_standards_of_the_nhs_are_42_and_126_days():
    assert [round(m * 365.25 / 12) for m in (SIX_WEEKS, EIGHTEEN_WEEKS)] == [42, 126]


REFUSED = [
    ({"months": [5.0]}, RequestError, "two waits or more in ascending order"),
    ({"months": [5.0, 3.0]}, RequestError, "two waits or more in ascending order"),
    ({"longer": [12.0]}, RequestError, "a contrast is of a wait outside the curve"),
    ({"bandwidth": 0.0}, RequestError, "the bandwidth is not a number above 0"),
    ({"largest_weight": 0.5}, RequestError, "the largest weight is not a number from 1 up"),
    ({"folds": 1}, RequestError, "fewer than two folds"),
    ({"confidence": 0.0}, RequestError, "the confidence is not between 0 and 1"),
    ({"waits": Waits(wait="delay", covariates=("age",))}, RequestError, "column delay: column is missing"),
    ({"frame": PEOPLE.assign(wait=-PEOPLE["wait"])}, DataRefused, r"wait: the wait is negative \(900 people\)"),
    (
        {"frame": PEOPLE.assign(age=PEOPLE["age"].where(PEOPLE["age"] < 5, np.nan).shift())},
        DataRefused,
        r"\(1 people\)",
    ),
    ({"waits": Waits(wait="wait", covariates=())}, NotEstimable, r"no covariate varies among people \(1 specialties\)"),
    ({"frame": PEOPLE[:150]}, NotEstimable, r"fewer than 40 people for each of 5 folds \(2 specialties\)"),
    ({"months": [3.0, 30.0]}, NotEstimable, r"nobody as long as the curve asks \(2 specialties\)"),
    ({"frame": PEOPLE.assign(provider=1)}, NotEstimable, "too few clusters"),
    (
        {"frame": PEOPLE.assign(wait=PEOPLE["wait"].clip(upper=10)), "months": [3, 10], "standards": [10.0]},
        NotEstimable,
        "nobody waited longer than a standard",
    ),
]


@pytest.mark.parametrize(("changed", "error", "message"), REFUSED)
def test_what_cannot_be_answered_is_refused(changed, error, message):
    asked = {"frame": PEOPLE, **OPTIONS, "learner": LinearRegression(), **changed}
    with pytest.raises(error, match=message):
        dose_response.estimate(asked.pop("frame"), "pay", **asked)
