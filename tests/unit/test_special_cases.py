"""Where the answer is known without an estimator, and where there is none: all four say the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims import reached
from pipeline.inference.estimators import callaway_santanna, imputation, ons_fixed_effects, sun_abraham
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.windows import Window

# Rounding of effects of a few units recovered from data without noise, and of a solved two-by-two table.
EXACT, ROUNDING = 1e-8, 1e-10
FOUR = [ons_fixed_effects, callaway_santanna, imputation, sun_abraham]
ALL = pytest.mark.parametrize("estimator", FOUR, ids=lambda module: module.__name__.rpartition(".")[2])
WINDOW = Window(before=11, after=12, reference=(-5, 0))
SINGLE = Window(before=11, after=12, reference=(0, 0), bins="single")
NEVER = {"comparison": "never_treated"}


def estimated(estimator, frame: pd.DataFrame, **options):
    names = {"outcome": "pay", "person": "person", "month": "month", "treatment_month": "treated", "draws": 1000}
    return estimator.estimate(frame, **names | options)


def answered(estimator, frame: pd.DataFrame):
    """The result, or the refusal."""
    try:
        return estimated(estimator, frame)
    except NotEstimable as refused:
        return refused


def drawn_frame(*, n: int = 90, n_months: int = 30, noise: float = 1.0, observed: float = 0.9) -> pd.DataFrame:
    """People of five timing groups and people never treated, with an effect of 3 from the index month on."""
    random = np.random.default_rng(5)
    person, month = np.repeat(np.arange(n), n_months), np.tile(np.arange(n_months), n)
    treated = np.where(random.random(n) < 0.6, random.integers(12, 17, n), np.nan)[person]
    pay = random.normal(0, 5, n)[person] + np.sin(month / 3) + 3.0 * (month >= treated)
    frame = pd.DataFrame({"person": person, "month": month, "treated": treated})
    frame = frame.assign(
        pay=pay + noise * random.normal(size=len(frame)),
        sex=random.choice(["female", "male"], n)[person],
        weight=random.uniform(0.5, 2, n)[person],
    )
    return frame[random.random(len(frame)) < observed].reset_index(drop=True)


def two_by_two(*, treated: int = 6, never: int = 5) -> pd.DataFrame:
    n = treated + never
    frame = pd.DataFrame({"person": np.repeat(np.arange(n), 2), "month": np.tile([10, 11], n)})
    frame["treated"] = np.where(frame["person"] < treated, 11.0, np.nan)
    return frame.assign(pay=np.random.default_rng(2).normal(100, 10, len(frame)))


# Fixed effects' factor: 11 people, 22 person-months, an effect and two months. The other two have none.
FACTOR = {ons_fixed_effects: 11 / 10 * 21 / 19, sun_abraham: 11 / 10 * 21 / 19, imputation: 1, callaway_santanna: 1}
VARIANTS = [{}, NEVER, {"base": "varying"}, {"method": "regression"}, {"method": "weighting"}]


@pytest.mark.validates(
    case="a difference of two mean changes, and its error", absolute={"effects": ROUNDING, "errors": ROUNDING}
)
@pytest.mark.parametrize(
    ("estimator", "options"), [*((one, {}) for one in FOUR), *((callaway_santanna, given) for given in VARIANTS[1:])]
)
def test_one_group_and_two_periods_is_the_difference_in_differences(estimator, options):
    frame = two_by_two()
    change = frame.pivot_table(index="person", columns="month", values="pay").diff(axis=1)[11]
    mine, others = change[:6], change[6:]
    variance = mine.var(ddof=0) / 6 + others.var(ddof=0) / 5
    study = estimated(estimator, frame, **options)
    shown = [study.event_study().query("event_time == 1"), study.overall()]
    if estimator is not ons_fixed_effects:
        shown.append(study.group_time().query("treatment_month == 11 and month == 11"))
    for (row,) in (part.to_dict("records") for part in shown):
        reached("effects", row["att"], mine.mean() - others.mean())
        reached("errors", row["std_error"], np.sqrt(FACTOR[estimator] * variance))
        assert (row["n_treated"], row["n_comparison"], row["event_time"]) == (6, 5, 1)


@pytest.mark.validates(case="one effect in every group, no noise: the effect put in", absolute={"effects": EXACT})
@ALL
@pytest.mark.parametrize("window", [WINDOW, SINGLE], ids=["half years", "single"])
@pytest.mark.parametrize("options", [{}, {"weights": "weight"}, {"subgroup": "sex"}], ids=["plain", "weights", "sex"])
def test_the_same_effect_in_every_group_makes_all_four_agree(estimator, window, options):
    found = estimated(estimator, drawn_frame(noise=0.0), window=window, **options).event_study()
    reached("effects", found["att"], 3.0 * (found["event_time"] >= 1))
    fixed = estimated(ons_fixed_effects, drawn_frame(noise=0.0), window=window, **options).event_study()
    assert found["event_time"].tolist() == fixed["event_time"].tolist()
    if estimator is not callaway_santanna:  # which counts people seen in both months of a comparison
        assert found["n_treated"].tolist() == fixed["n_treated"].tolist()


@pytest.mark.validates(
    case="one timing group, nobody unobserved: fixed effects, noise and all", absolute={"effects": ROUNDING}
)
@pytest.mark.parametrize(("estimator", "options"), [(sun_abraham, {}), (callaway_santanna, NEVER)])
def test_one_timing_group_in_a_balanced_panel_has_the_effects_of_the_regression(estimator, options):
    frame = drawn_frame(observed=1.0)
    frame = frame[frame["treated"].isna() | (frame["treated"] == 14)]
    study, fixed = estimated(estimator, frame, **options), estimated(ons_fixed_effects, frame)
    assert len(fixed.event_study()) == 29
    reached("effects", study.att, fixed.att)


ONE_TREATED = {
    ons_fixed_effects: "no event-time bin has two treated people and two to compare them with",
    callaway_santanna: r"fewer than two treated people have a base month in the panel \(1 found\)",
    imputation: "in no month are two people or more treated and two or more untreated",
    sun_abraham: "no effect is of two treated people or more",
}
ONE_UNTREATED = ONE_TREATED | {
    callaway_santanna: "no event-time bin has two treated people and two to compare them with",
    sun_abraham: r"fewer than two people are never treated \(1 found\)",
}
NONE_NEVER = "nobody is never treated: there is nobody to compare with. Add people never treated"
ALL_AT_ONCE = {
    ons_fixed_effects: NONE_NEVER,
    callaway_santanna: "everybody is treated in the same month.*Add people who are treated later or never",
    imputation: "in no month are .* two or more untreated.*people who are treated later or never",
    sun_abraham: NONE_NEVER,
}
NONE_BEFORE = {
    ons_fixed_effects: "no treated person is observed in the reference, event times 0 to 0. Choose another reference",
    callaway_santanna: "no event-time bin has two treated people and two to compare them with, observed in both months",
    imputation: "nobody treated is observed both before and after. Choose a longer panel",
    sun_abraham: "no treated person is observed in the reference, event times 0 to 0. Choose another reference",
}


@pytest.mark.validates(case="refused, with what to do")
@ALL
def test_nobody_treated_is_refused(estimator):
    for frame in (two_by_two(treated=0), drawn_frame().assign(treated=np.nan)):
        with pytest.raises(NotEstimable, match=r"nobody is treated\. Check the cohort"):
            estimated(estimator, frame)


@pytest.mark.validates(case="refused, with what to do")
@ALL
def test_one_person_treated_is_refused(estimator):
    frame = drawn_frame()
    many = frame[frame["treated"].isna() | (frame["person"] == frame.loc[frame["treated"] == 12, "person"].min())]
    for one in (two_by_two(treated=1), many):
        with pytest.raises(NotEstimable, match=ONE_TREATED[estimator]):
            estimated(estimator, one)


@pytest.mark.validates(case="refused, with what to do")
@ALL
def test_one_person_to_compare_with_is_refused(estimator):
    with pytest.raises(NotEstimable, match=ONE_UNTREATED[estimator]):
        estimated(estimator, two_by_two(never=1))


@pytest.mark.validates(case="refused, with what to do")
@ALL
def test_everybody_treated_at_once_is_refused(estimator):
    for frame in (two_by_two(never=0), drawn_frame().query("treated == 14")):
        with pytest.raises(NotEstimable, match=ALL_AT_ONCE[estimator]):
            estimated(estimator, frame)


@pytest.mark.validates(case="refused, with what to do")
@ALL
def test_nobody_treated_observed_before_is_refused(estimator):
    frame = drawn_frame()
    with pytest.raises(NotEstimable, match=NONE_BEFORE[estimator]):
        estimated(estimator, frame[frame["treated"].isna() | (frame["month"] >= frame["treated"])])


@pytest.mark.validates(case="refused, with what to do")
@pytest.mark.parametrize(
    ("estimator", "options"), [(ons_fixed_effects, {}), (sun_abraham, {}), (callaway_santanna, NEVER)]
)
def test_everybody_treated_is_refused_where_only_people_never_treated_are_compared(estimator, options):
    with pytest.raises(NotEstimable, match=r"nobody is never treated: there is nobody to compare with\. "):
        estimated(estimator, drawn_frame().dropna(subset="treated"), **options)


@pytest.mark.validates(case="null from the last group's index month on", absolute={"effects": EXACT})
@pytest.mark.parametrize("estimator", [callaway_santanna, imputation])
def test_everybody_treated_can_be_compared_until_the_last_are(estimator):
    cells = estimated(estimator, drawn_frame(noise=0.0).dropna(subset="treated")).group_time()
    after = cells[cells["event_time"] >= 1]
    assert after["month"].max() == 29
    assert after["att"].notna().tolist() == (after["month"] < 16).tolist()
    known = after.dropna(subset="att")
    reached("effects", known["att"], np.full(len(known), 3.0))


@pytest.mark.validates(case="null in its rows, others as they are")
@ALL
def test_a_level_without_people_to_compare_has_no_effects_where_levels_share_nothing(estimator):
    frame = drawn_frame()
    alone = frame[(frame["sex"] == "male") | (frame["treated"] == 14)]
    found = estimated(estimator, alone, window=WINDOW, subgroup="sex", interact="all").event_study()
    after = found[found["event_time"] >= 1].set_index("subgroup_value")["att"]
    assert after.loc["female"].isna().all()
    assert after.loc["male"].notna().all()


@pytest.mark.validates(case="null")
@ALL
@pytest.mark.parametrize("left", [0, 1])
def test_months_with_at_most_one_person_to_compare_with_have_no_effects(estimator, left):
    frame = drawn_frame(observed=1.0)
    stays = frame["person"].isin(frame.loc[frame["treated"].isna(), "person"].unique()[:left])
    few = frame[frame["treated"].notna() | stays | (frame["month"] < 16)]
    study = estimated(estimator, few)
    # The last are treated in month 16, the first in 12: from event time 5 on nobody else is untreated.
    late = study.event_study().query("event_time >= 5")
    assert len(late) == 14
    assert late[["att", "std_error", "ci_lower", "band_upper"]].isna().all(axis=None)
    if estimator is not ons_fixed_effects:
        assert study.group_time().query("month >= 16 and event_time >= 1")["att"].isna().all()


@pytest.mark.validates(case="null wherever fewer than two people are on a side")
@ALL
@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n=st.integers(3, 14), observed=st.sampled_from([0.5, 0.8, 1.0]))
def test_no_number_is_of_one_person(estimator, seed, n, observed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"person": np.repeat(np.arange(n), 6), "month": np.tile(np.arange(6), n)})
    frame["treated"] = random.choice([2.0, 3.0, 4.0, np.nan], n)[frame["person"]]
    frame = frame.assign(pay=random.normal(size=len(frame)))[random.random(len(frame)) < observed]
    study = answered(estimator, frame)
    if isinstance(study, NotEstimable):
        assert all(fault.remedy for fault in study.faults)
        return
    shown = [study.event_study()] if estimator is ons_fixed_effects else [study.event_study(), study.group_time()]
    for rows in shown:
        alone = rows[rows[["n_treated", "n_comparison"]].min(axis=1) < 2]
        assert alone[["att", "std_error", "ci_lower", "ci_upper", "band_lower", "band_upper"]].isna().all(axis=None)
    assert np.isfinite(study.att).any()
