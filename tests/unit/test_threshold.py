"""The threshold design: what must hold for any people about a cutoff, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.inference.designs.threshold import continuity, density, honest, local_randomisation, path
from pipeline.inference.designs.threshold.intervals import ratio_set
from pipeline.inference.designs.threshold.points import neighbour_covariance, support_points
from pipeline.vocabulary.errors import CausewayError, DataRefused, NotEstimable, RequestError
from pipeline.vocabulary.schemas.results import ESTIMATES

# Sums of a few thousand numbers of size 1 in another order.
ROUNDING = 1e-9
# Of the end of a set of effects, found by bisection to 1e-12 of itself.
ROOT = 1e-8
SHARP = {"outcome": "pay", "running": "hba1c", "cutoff": 42}
FUZZY = SHARP | {"take_up": "referred", "take_up_curvature": 0.004}
MARK = 736_451_982.0


def drawn(seed: int = 0, *, people: int = 3000, first_stage: float = 0.5, effect: float = 0.8) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    hba1c = np.clip(np.round(random.normal(39, 4, people)), 35, 55)
    referred = (random.random(people) < 0.1 + first_stage * (hba1c >= 42)).astype(float)
    age = random.normal(50, 10, people)
    pay = np.sin(hba1c / 8) + effect * referred + 0.02 * age + random.normal(size=people)
    return pd.DataFrame({"hba1c": hba1c, "referred": referred, "age": age, "pay": pay})


PEOPLE = drawn()


def test_sums_of_two_sets_of_people_are_the_sums_of_all():
    columns = {"columns": ["pay", "referred"], "running": "hba1c", "cutoff": 42}
    parts = [support_points(part, **columns) for part in (PEOPLE.iloc[:700], PEOPLE.iloc[700:900], PEOPLE.iloc[900:])]
    whole, added = support_points(PEOPLE, **columns), parts[2] + parts[0] + parts[1]
    for name in ("distance", "people", "mean", "products"):
        np.testing.assert_allclose(getattr(added, name), getattr(whole, name), atol=ROUNDING)


def test_nearest_neighbour_variances_are_those_of_their_definition():
    frame = drawn(3, people=40)
    points = support_points(frame, ["pay"], running="hba1c", cutoff=42)
    assert (points.people <= 3).any()
    values, pay = frame["hba1c"].to_numpy(), frame["pay"].to_numpy()
    expected = np.zeros(len(points.people))
    for i, value in enumerate(values):
        others = np.flatnonzero(((values >= 42) == (value >= 42)) & (np.arange(len(values)) != i))
        away = np.abs(values[others] - value)
        near = others[away <= np.sort(away)[2]]
        place = np.searchsorted(points.distance, value - 42)
        share = len(near) / (len(near) + 1)
        expected[place] += share * (pay[i] - pay[near].mean()) ** 2 / points.people[place]
    np.testing.assert_allclose(neighbour_covariance(points)[:, 0, 0], expected, atol=ROUNDING)


def test_the_effect_of_taking_up_where_everybody_assigned_does_is_the_effect_of_being_assigned():
    people = PEOPLE.assign(referred=(PEOPLE["hba1c"] >= 42).astype(float))
    sharp = honest.estimate(people, **SHARP, curvature=0.02)
    fuzzy = honest.estimate(people, **SHARP, take_up="referred", curvature=0.02, take_up_curvature=0.0)
    names = ["att", "std_error", "ci_lower", "ci_upper", "maximum_bias", "bandwidth"]
    assert fuzzy.first_stage is not None
    assert fuzzy.first_stage.estimate == pytest.approx(1)
    np.testing.assert_allclose(fuzzy.table()[names], sharp.table()[names], rtol=ROOT)


@pytest.mark.parametrize("end", ["ci_lower", "ci_upper"])
def test_at_an_end_of_the_fuzzy_set_the_honest_interval_of_what_is_left_touches_zero(end):
    fuzzy = honest.estimate(PEOPLE, **FUZZY, curvature=0.02)
    effect = getattr(fuzzy, end)
    left = PEOPLE.assign(pay=PEOPLE["pay"] - effect * PEOPLE["referred"])
    allowed = 0.02 + abs(effect) * 0.004
    found = honest.estimate(left, **SHARP, curvature=allowed, bandwidth=fuzzy.bandwidth)
    touching = found.ci_lower if abs(found.ci_lower) < abs(found.ci_upper) else found.ci_upper
    assert touching == pytest.approx(0, abs=ROOT)


@pytest.mark.parametrize("method", ["honest", "lottery"])
def test_without_a_first_stage_no_effect_is_excluded_and_the_result_says_so(method):
    people = drawn(1, first_stage=0.0)
    if method == "honest":
        found = honest.estimate(people, **FUZZY, curvature=0.02)
    else:
        found = local_randomisation.estimate(people, **SHARP, take_up="referred", window=(41, 42))
    assert not found.bounded
    assert (found.ci_lower, found.ci_upper) == (-np.inf, np.inf)
    assert found.first_stage is not None
    assert found.table()["first_stage_f"].item() < 10
    assert found.numbers()["ci_lower"] is None


def test_a_set_that_may_have_a_gap_has_no_end_although_zero_is_not_in_it():
    """The outcome jumps by ten errors, take-up by one: effects near zero are excluded, large ones are not."""

    def half(effect: float) -> float:
        return 1.96 * np.hypot(1, effect)

    assert abs(10 - 0 * 1) > half(0.0)
    assert abs(10 + 100 * 1) < half(-100.0)
    assert ratio_set(10.0, 1.0, half=half, first_half=1.96) == (-np.inf, np.inf)


def test_where_nobody_takes_up_there_is_no_effect_of_taking_up_and_no_end():
    found = honest.estimate(PEOPLE.assign(referred=0), **FUZZY, curvature=0.02)
    assert np.isnan(found.att)
    assert not found.bounded
    numbers = found.numbers()
    assert (numbers["estimate"], numbers["std_error"], numbers["covariance"]) == (None, None, [None])
    assert found.reduced_form.estimate == pytest.approx(honest.estimate(PEOPLE, **SHARP, curvature=0.02).att)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), scale=st.sampled_from([-40.0, 0.01, 3.0]), curvature=st.sampled_from([0.0, 0.01, 0.2]))
def test_in_another_unit_the_effect_is_the_same(seed, scale, curvature):
    people = drawn(seed, people=400)
    one = honest.estimate(people, **SHARP, curvature=curvature, bandwidth=4.5)
    other = honest.estimate(
        people.assign(pay=scale * people["pay"]), **SHARP, curvature=abs(scale) * curvature, bandwidth=4.5
    )
    assert other.att == pytest.approx(scale * one.att, rel=1e-9, abs=abs(scale) * ROUNDING)
    ends = sorted([scale * one.ci_lower, scale * one.ci_upper])
    np.testing.assert_allclose([other.ci_lower, other.ci_upper], ends, atol=abs(scale) * ROUNDING)


@pytest.mark.parametrize("slope", [-0.3, 2.0])
def test_a_line_on_each_side_is_no_jump_and_no_bias(slope):
    bent = PEOPLE.assign(pay=PEOPLE["pay"] + slope * (PEOPLE["hba1c"] - 42) * (PEOPLE["hba1c"] >= 42))
    options = {"curvature": 0.02, "bandwidth": 5.0}
    plain, added = honest.estimate(PEOPLE, **SHARP, **options), honest.estimate(bent, **SHARP, **options)
    assert added.att == pytest.approx(plain.att, abs=ROUNDING)


def test_more_curvature_makes_the_interval_longer_and_the_bandwidth_no_wider():
    found = [honest.estimate(PEOPLE, **SHARP, curvature=m) for m in (0.0, 0.005, 0.02, 0.1, 0.5)]
    lengths = [one.ci_upper - one.ci_lower for one in found]
    assert (np.diff(lengths) > 0).all()
    assert (np.diff([one.bandwidth for one in found]) <= ROUNDING).all()


def test_no_other_bandwidth_has_a_much_shorter_interval():
    found = honest.estimate(PEOPLE, **SHARP, curvature=0.02)
    others = [honest.estimate(PEOPLE, **SHARP, curvature=0.02, bandwidth=h) for h in np.linspace(2.1, 12, 40)]
    shortest = min(one.ci_upper - one.ci_lower for one in others)
    # It is chosen as if the variance were the same at all values of a side, so that noise in variances cannot choose.
    assert found.ci_upper - found.ci_lower <= 1.03 * shortest


def test_covariates_that_explain_the_outcome_make_the_error_smaller():
    people = PEOPLE.assign(pay=PEOPLE["pay"] + 0.1 * PEOPLE["age"])
    plain = honest.estimate(people, **SHARP, curvature=0.02, bandwidth=5)
    adjusted = honest.estimate(people, **SHARP, curvature=0.02, bandwidth=5, covariates=["age"])
    assert adjusted.std_error < 0.75 * plain.std_error
    assert adjusted.residual_df == plain.residual_df - 1


def test_people_who_count_are_those_with_weight_on_each_side():
    found = honest.estimate(PEOPLE, **FUZZY, curvature=0.02, bandwidth=3.0)
    above, below = PEOPLE["hba1c"].between(42, 44), PEOPLE["hba1c"].between(40, 41)
    assert (found.n_treated, found.n_comparison) == (above.sum(), below.sum())
    assert found.taking_up_treated == PEOPLE["referred"][above].sum()
    assert found.taking_up_comparison == PEOPLE["referred"][below].sum()
    assert (found.lowest, found.highest) == (40, 44)


def test_a_result_gives_the_numbers_of_a_row_of_estimates():
    found = honest.estimate(PEOPLE, **SHARP, curvature=0.02)
    numbers = found.numbers(scale=100)
    kinds = {"statistic", "count"}
    assert set(numbers) == {column.name for column in ESTIMATES.columns if column.role in kinds}
    assert numbers["estimate"] == pytest.approx(100 * found.att)
    assert numbers["covariance"] == [pytest.approx(numbers["std_error"] ** 2)]
    names = ["att", "std_error", "ci_lower", "ci_upper", "maximum_bias", "n_treated", "n_comparison", "first_stage"]
    assert list(found.table()[names].columns) == names


@pytest.mark.parametrize("options", [{}, {"take_up": "referred", "take_up_curvature": 0.004}], ids=["sharp", "fuzzy"])
def test_a_path_has_each_outcomes_own_estimate_and_their_covariance(options):
    people = PEOPLE.assign(thrice=3 * PEOPLE["pay"], other=PEOPLE["pay"].sample(frac=1, random_state=1).to_numpy())
    at = {"running": "hba1c", "cutoff": 42, "covariates": ["age"], **options}
    found = path.estimate(people, curvature={"pay": 0.02, "thrice": 0.06, "other": 0.05}, **at)
    alone = honest.estimate(people, outcome="other", curvature=0.05, **at)
    for name in ("att", "std_error", "ci_lower", "ci_upper", "bandwidth"):
        assert getattr(found.estimates[2], name) == pytest.approx(getattr(alone, name), rel=1e-9), name
    errors = np.array([one.std_error for one in found.estimates])
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), errors, rtol=1e-9)
    assert found.covariance[0, 1] == pytest.approx(3 * errors[0] ** 2, rel=1e-9)
    assert abs(found.covariance[0, 2]) < 0.3 * errors[0] * errors[2]
    intervals = found.table()[["ci_lower", "ci_upper"]].to_numpy()
    assert (found.band_lower < intervals[:, 0]).all()
    assert (found.band_upper > intervals[:, 1]).all()


def test_a_path_gives_the_rows_of_estimates_in_published_units():
    found = path.estimate(PEOPLE, curvature={"pay": 0.02, "age": 0.1}, running="hba1c", cutoff=42)
    rows = found.numbers(scale=10)
    assert [row["estimate"] for row in rows] == [pytest.approx(10 * one.att) for one in found.estimates]
    np.testing.assert_allclose([row["covariance"] for row in rows], 100 * found.covariance)
    assert rows[0]["band_lower"] < rows[0]["ci_lower"]


def test_a_path_without_an_outcome_is_refused():
    with pytest.raises(RequestError, match="there is no outcome"):
        path.estimate(PEOPLE, curvature={}, running="hba1c", cutoff=42)


@pytest.mark.parametrize("left_out", [[41], [42], [41, 42, 43]])
def test_values_may_be_left_out_at_the_price_of_more_bias(left_out):
    donut = honest.estimate(PEOPLE[~PEOPLE["hba1c"].isin(left_out)], **SHARP, curvature=0.02, bandwidth=7)
    whole = honest.estimate(PEOPLE, **SHARP, curvature=0.02, bandwidth=7)
    assert donut.maximum_bias > whole.maximum_bias
    assert donut.std_error > whole.std_error


def test_columns_that_could_hold_nulls_and_booleans_are_numbers_too():
    types = {"hba1c": "Int64", "pay": "double[pyarrow]", "referred": "bool"}
    for method, options in ((honest, FUZZY | {"curvature": 0.02}), (local_randomisation, SHARP | {"window": (41, 42)})):
        plain, other = (method.estimate(frame, **options) for frame in (PEOPLE, PEOPLE.astype(types)))
        pd.testing.assert_frame_equal(other.table(), plain.table())


def test_the_same_people_in_another_order_give_the_same_lottery():
    options = {"window": (41, 42), "permutations": 200}
    one = local_randomisation.estimate(PEOPLE, **SHARP, **options)
    other = local_randomisation.estimate(PEOPLE.iloc[::-1], **SHARP, **options)
    assert one.p_value == other.p_value
    assert other.att == pytest.approx(one.att, abs=ROUNDING)


def test_people_moved_to_the_cutoff_are_a_heap_and_a_jump():
    people = drawn(2, people=20_000)
    moved = people["hba1c"].where((people["hba1c"] != 41) | (np.arange(len(people)) % 5 > 0), 42.0)
    plain = density.frandsen(people, running="hba1c", cutoff=42, k=0.03)
    heaped = density.frandsen(people.assign(hba1c=moved), running="hba1c", cutoff=42, k=0.03)
    assert plain.p_value > 0.05
    assert heaped.p_value < 0.001
    options = {"running": "hba1c", "cutoff": 42, "curvature": 0.08}
    assert density.density_jump(people, **options).p_value > 0.05
    assert density.density_jump(people.assign(hba1c=moved), **options).p_value < 0.05


def test_where_the_frequency_may_bend_more_the_same_heap_says_less():
    found = [density.frandsen(PEOPLE, running="hba1c", cutoff=40, k=k).p_value for k in (0.0, 0.05, 0.2, 0.6)]
    assert (np.diff(found) >= 0).all()


def test_values_beyond_a_gap_or_with_few_people_are_not_in_the_density_jump():
    people = pd.DataFrame({"hba1c": np.repeat([30, 39, 40, 41, 42, 43, 44, 45], [500, 90, 80, 70, 60, 50, 40, 9])})
    found = density.density_jump(people, running="hba1c", cutoff=42, curvature=0.05)
    inside = people[people["hba1c"].between(39, 44)]
    assert found == density.density_jump(inside, running="hba1c", cutoff=42, curvature=0.05)


def test_a_characteristic_that_jumps_is_found_and_one_that_does_not_is_not():
    people = PEOPLE.assign(older=PEOPLE["age"] + 8 * (PEOPLE["hba1c"] >= 42))
    found = continuity.covariates(people, running="hba1c", cutoff=42, curvature={"age": 0.1, "older": 0.1})
    table = found.table().set_index("covariate")
    assert table.loc["older", "adjusted_p_value"] < 0.001
    assert table.loc["age", "adjusted_p_value"] > 0.05
    assert found.p_value == table["adjusted_p_value"].min()


def test_a_placebo_cutoff_does_not_see_the_real_one():
    large = PEOPLE.assign(pay=PEOPLE["pay"] + 1_000 * (PEOPLE["hba1c"] >= 42))
    options = {**SHARP, "placebos": (39, 44), "curvature": 0.02}
    plain, jumped = continuity.placebo_cutoffs(PEOPLE, **options), continuity.placebo_cutoffs(large, **options)
    for one, other in zip(plain.jumps, jumped.jumps, strict=True):
        assert other.estimate == pytest.approx(one.estimate, abs=1e-6)  # rounding of a thousand
    assert list(plain.table()["cutoff"]) == ["39", "44"]


def with_one(column: str, value: float) -> pd.DataFrame:
    people = PEOPLE.copy()
    people.loc[people.index[7], column] = value
    return people


HALF = with_one("hba1c", 41.5)
LOTTERY = {"window": (41, 42)}
REFUSED = [
    (honest, PEOPLE[PEOPLE["hba1c"] < 42], {}, NotEstimable, r"nobody is at or above the cutoff \(0 people\)"),
    (honest, PEOPLE[PEOPLE["hba1c"] >= 42], {}, NotEstimable, r"nobody is below the cutoff \(0 people\)"),
    (honest, PEOPLE[PEOPLE["hba1c"] >= 41], {}, NotEstimable, r"fewer than 2 values below .* \(1 values\)"),
    (honest, with_one("pay", np.nan), {}, DataRefused, r"column pay: value is missing \(1 people\)"),
    (honest, with_one("hba1c", np.inf), {}, DataRefused, r"column hba1c: value is not finite \(1 people\)"),
    (honest, with_one("referred", 2), FUZZY, DataRefused, r"column referred: take-up is neither 0 nor 1 \(1 people\)"),
    (honest, PEOPLE.drop(columns="pay"), {}, RequestError, "column pay: column is missing"),
    (honest, PEOPLE.astype({"pay": str}), {}, RequestError, "column pay: column is not numeric"),
    (honest, PEOPLE.iloc[:0], {}, RequestError, "the table has no rows"),
    (honest, PEOPLE, {"covariates": ("pay",)}, RequestError, "column pay: column is named more than once"),
    (honest, PEOPLE, {"curvature": -1}, RequestError, "column pay: the curvature bound is not a finite number"),
    (honest, PEOPLE, {"curvature": True}, RequestError, "the curvature bound is not a finite number"),
    (honest, PEOPLE, {"take_up": "referred"}, RequestError, "there is no curvature bound for take-up"),
    (honest, PEOPLE, {"take_up_curvature": 1.0}, RequestError, "there is a curvature bound for take-up and no take-up"),
    (honest, PEOPLE, {"bandwidth": 2.0}, RequestError, "a side of the cutoff with fewer than two values"),
    (honest, PEOPLE, {"confidence": 1.0}, RequestError, "the confidence is not between 0 and 1"),
    (honest, PEOPLE.assign(pay=1.0), {}, NotEstimable, "the outcome does not vary among people at one value"),
    (honest, PEOPLE[PEOPLE["hba1c"].between(38, 45)], {"curvature": "rule_of_thumb"}, NotEstimable, r"needs 5 values"),
    (local_randomisation, HALF, LOTTERY, DataRefused, r"the running variable is not a whole number \(1 people\)"),
    (local_randomisation, PEOPLE, {"window": (42, 43)}, RequestError, "the window does not reach both sides"),
    (local_randomisation, PEOPLE[PEOPLE["hba1c"] != 42], LOTTERY, NotEstimable, r"fewer than two people at or above"),
    (local_randomisation, PEOPLE.assign(pay=1.0), LOTTERY, NotEstimable, "the outcome does not vary in the window"),
    (local_randomisation, PEOPLE, LOTTERY | {"permutations": 0}, RequestError, "no permutation"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "people", "options", "error", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_answered_is_refused_in_words(method, people, options, error, words):
    asked = SHARP | ({"curvature": 0.02} if method is honest else {}) | options
    with pytest.raises(error, match=words):
        method.estimate(people, **asked)


@pytest.mark.parametrize(
    ("people", "options", "words"),
    [
        (HALF, {"k": 0.1}, "not a whole number"),
        (PEOPLE, {"k": 1.0}, "k is not a number from 0 up to 1"),
        (PEOPLE[PEOPLE["hba1c"] < 38], {"k": 0.1}, "nobody is at the cutoff or next to it"),
    ],
)
def test_a_heap_that_cannot_be_judged_is_refused(people, options, words):
    with pytest.raises(CausewayError, match=words):
        density.frandsen(people, running="hba1c", cutoff=42, **options)


def test_a_density_without_enough_people_about_the_cutoff_is_refused():
    with pytest.raises(NotEstimable, match=r"fewer than 2 values at or above the cutoff"):
        density.density_jump(PEOPLE[PEOPLE["hba1c"] <= 42], running="hba1c", cutoff=42, curvature=0.05)
    with pytest.raises(RequestError, match="the curvature bound is not a finite number"):
        density.density_jump(PEOPLE, running="hba1c", cutoff=42, curvature=-1)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (lambda: continuity.covariates(PEOPLE, running="hba1c", cutoff=42, curvature={}), "no characteristic to check"),
        (lambda: continuity.placebo_cutoffs(PEOPLE, **SHARP, placebos=(), curvature=0.1), "there is no placebo cutoff"),
        (lambda: continuity.placebo_cutoffs(PEOPLE, **SHARP, placebos=(42,), curvature=0.1), "or one of them is"),
        (lambda: continuity.placebo_cutoffs(PEOPLE, **SHARP, placebos=(90,), curvature=0.1), "nobody is at or above"),
    ],
)  # fmt: skip
def test_checks_of_nothing_are_refused(check, words):
    with pytest.raises(CausewayError, match=words):
        check()


@pytest.mark.parametrize("column", ["hba1c", "referred", "pay", "age"])
def test_no_refusal_says_a_persons_value(column):
    people = pd.concat([with_one(column, MARK).iloc[:40], with_one(column, np.nan).iloc[:40]])
    said = []
    for method, options in ((honest, FUZZY | {"curvature": 0.1}), (local_randomisation, SHARP | LOTTERY)):
        try:
            method.estimate(people, **options, **({"covariates": ["age"]} if method is honest else {}))
        except CausewayError as refusal:
            said.append(str(refusal))
    assert said
    assert not re.search(r"736[,_]?451", " ".join(said))
