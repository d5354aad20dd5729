"""The congestion instrument at its edges: sums add, the own wait stays out, and what cannot be answered is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.inference.designs.waiting import congestion, exclusion
from pipeline.inference.designs.waiting.cells import Referrals, cells_of
from pipeline.inference.designs.waiting.partialled import partialled
from pipeline.inference.designs.waiting.queues import queues_of
from pipeline.vocabulary.errors import DataRefused, NotEstimable, RequestError

# Two ways to one number, in float64.
ROUNDING = 1e-9
NAMED = {"provider": "provider", "month": "month", "wait": "wait"}
REFERRALS = Referrals(**NAMED, queue="others_mean_wait", others="others", covariates=("age",))


def drawn(seed: int = 0, *, people: int = 1200, shocks: float = 2.0) -> pd.DataFrame:
    """People of 12 providers in 10 months; a month of waiting costs 10."""
    random = np.random.default_rng(seed)
    provider, month = random.integers(0, 12, people), random.integers(24_000, 24_010, people)
    shock = random.normal(0, shocks, (12, 10))[provider, month - 24_000]
    hidden = random.normal(size=people)
    wait = 8 + shock + hidden + random.normal(size=people)
    frame = pd.DataFrame({"provider": [f"R{p:02}" for p in provider], "month": month, "wait": wait})
    frame = frame.assign(
        age=random.normal(45, 10, people),
        before=random.normal(size=people),
        pay=-10 * wait + 15 * hidden + random.normal(0, 20, people),
    ).assign(later=lambda one: 2 * one["pay"])
    frame = frame.join(queues_of(frame, **NAMED).others(frame, **NAMED))
    return frame[frame["others"] > 0].reset_index(drop=True)


PEOPLE = drawn()


def test_a_queue_is_of_the_others_of_ones_provider_and_month():
    frame = pd.DataFrame(
        {"provider": ["a", "a", "a", "b", "a"], "month": [1, 1, 1, 1, 2], "wait": [1.0, 2.0, 6.0, 9.0, 5.0]}
    )
    others = queues_of(frame, **NAMED).others(frame, **NAMED)
    np.testing.assert_array_equal(others["others_mean_wait"], [4.0, 3.5, 1.5, np.nan, np.nan])
    assert others["others"].tolist() == [2, 2, 2, 0, 0]


def test_queues_of_parts_add_and_hold_people_who_are_not_studied():
    whole = queues_of(PEOPLE, **NAMED)
    added = queues_of(PEOPLE.iloc[900:], **NAMED) + queues_of(PEOPLE.iloc[:900], **NAMED)
    pd.testing.assert_frame_equal(added.sums, whole.sums)
    studied = PEOPLE[PEOPLE["age"] > 40].sample(frac=1, random_state=1)
    others = added.others(studied, **NAMED)
    expected = PEOPLE.loc[studied.index, ["others_mean_wait", "others"]]
    pd.testing.assert_frame_equal(others, expected, rtol=ROUNDING)


def test_cells_of_parts_add_up_to_those_of_all_people():
    whole = cells_of(PEOPLE, ["pay"], referrals=REFERRALS)
    parts = [cells_of(part, ["pay"], referrals=REFERRALS) for part in (PEOPLE[:5], PEOPLE[5:700], PEOPLE[700:])]
    added = parts[2] + parts[0] + parts[1]
    assert added.keys.tolist() == whole.keys.tolist()
    for name in ("people", "mean", "products"):
        np.testing.assert_allclose(getattr(added, name), getattr(whole, name), rtol=ROUNDING, atol=ROUNDING)
    one, other = (congestion.of_cells(cells, referrals=REFERRALS).table() for cells in (whole, added))
    pd.testing.assert_frame_equal(one, other, rtol=ROUNDING)


def test_as_much_of_the_own_wait_is_put_back_as_effects_take_off():
    """The trace of HL by whole matrices, of people whom some that are not studied wait with."""
    frame = PEOPLE[PEOPLE["age"] > 45].reset_index(drop=True)
    columns = replace(REFERRALS, covariates=())
    found = partialled(cells_of(frame, ["pay"], referrals=columns), referrals=columns)
    effects = pd.get_dummies(frame[["provider", "month"]].astype(str)).to_numpy(dtype=float)
    projection = effects @ np.linalg.pinv(effects)
    cell = frame["provider"] + frame["month"].astype(str)
    together = (cell.to_numpy()[:, None] == cell.to_numpy()) & ~np.eye(len(frame), dtype=bool)
    trace = np.trace(projection @ (together / frame["others"].to_numpy()[:, None]))
    assert found.effects == np.linalg.matrix_rank(effects)
    assert found.own_wait == pytest.approx(trace / (len(frame) - found.effects), rel=ROUNDING)


def test_where_everybody_in_a_queue_is_studied_effects_take_off_as_much_as_there_are_effects():
    columns = replace(REFERRALS, covariates=())
    found = partialled(cells_of(PEOPLE, [], referrals=columns), referrals=columns)
    assert found.effects == 12 + 10 - 1
    assert found.own_wait == pytest.approx(21 / (len(PEOPLE) - 21), rel=ROUNDING)


def test_a_weak_instrument_is_refused_with_its_f_and_what_was_declared():
    weak = drawn(3, shocks=0.0)
    f_statistic = congestion.first_stage(weak, referrals=REFERRALS).statistic
    assert f_statistic < congestion.LEAST_F
    with pytest.raises(NotEstimable, match=rf"weak: its first-stage F is {f_statistic:.1f}, declared was 23\.1"):
        congestion.estimate(weak, ["pay"], referrals=REFERRALS)


def test_the_first_stage_is_the_same_whether_an_outcome_is_looked_at_or_not():
    (found,) = congestion.estimate(PEOPLE, ["pay"], referrals=REFERRALS).estimates
    alone = congestion.first_stage(PEOPLE, referrals=REFERRALS)
    assert found.first_stage.estimate == pytest.approx(alone.estimate, rel=ROUNDING)
    assert found.first_stage.statistic == pytest.approx(alone.statistic, rel=ROUNDING)


def test_a_first_stage_that_is_not_told_from_zero_excludes_no_effect():
    weak = drawn(4, shocks=0.0)
    (found,) = congestion.estimate(weak, ["pay"], referrals=REFERRALS, least_f=0.0).estimates
    assert found.first_stage.p_value > 0.05
    assert (found.anderson_rubin_lower, found.anderson_rubin_upper) == (-np.inf, np.inf)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 500), scale=st.sampled_from([-3.0, 0.01, 40.0]), months=st.sampled_from([-1.0, 0.5, 12.0]))
def test_published_numbers_are_those_of_the_outcome_and_wait_in_their_units(seed, scale, months):
    frame = drawn(seed, people=400, shocks=4.0)
    (found,) = congestion.estimate(frame, ["pay"], referrals=REFERRALS, least_f=0.0).estimates
    waits = frame[["wait", "others_mean_wait"]] / months
    scaled = frame.assign(pay=frame["pay"] * scale, **waits)
    (other,) = congestion.estimate(scaled, ["pay"], referrals=REFERRALS, least_f=0.0).estimates
    numbers = found.numbers(scale=scale, months=months)
    assert numbers["estimate"] == pytest.approx(other.att, rel=ROUNDING)
    assert numbers["std_error"] == pytest.approx(other.std_error, rel=ROUNDING)
    assert numbers["ci_lower"] <= numbers["estimate"] <= numbers["ci_upper"]
    assert numbers["covariance"] == [pytest.approx(numbers["std_error"] ** 2)]
    assert numbers["n_treated"] + numbers["n_comparison"] == len(frame)


def test_rows_of_a_path_have_the_covariance_of_all_its_outcomes_and_wider_bands_than_intervals():
    path = congestion.estimate(PEOPLE, ["pay", "later"], referrals=REFERRALS)
    rows = path.numbers(scale=2.0, months=12)
    assert rows[1]["estimate"] == pytest.approx(2 * rows[0]["estimate"])
    assert rows[0]["covariance"] == pytest.approx([rows[0]["std_error"] ** 2, 2 * rows[0]["std_error"] ** 2])
    for row in rows:
        assert row["band_lower"] < row["ci_lower"] < row["estimate"] < row["ci_upper"] < row["band_upper"]
    assert path.table()["outcome"].tolist() == ["pay", "later"]


def test_a_sick_month_is_seen_by_the_exclusion_check_and_a_usual_one_is_not():
    shock = PEOPLE.groupby(["provider", "month"])["wait"].transform("mean")
    sick = PEOPLE.assign(severity=PEOPLE["before"] + 0.5 * shock)
    found = exclusion.related(sick, ["severity", "before"], referrals=replace(REFERRALS, covariates=()))
    severity, before = found.slopes
    assert severity.p_value < 0.001
    assert before.p_value > 0.05
    assert found.p_value == found.adjusted[0] == pytest.approx(2 * severity.p_value)
    assert found.joint_p_value < 0.001
    assert found.table()["column"].tolist() == ["severity", "before"]
    assert abs(found.standardised[0]) > 0.5
    assert abs(found.standardised[1]) < 0.1


REFUSED = [
    ({"frame": PEOPLE.drop(columns="age")}, RequestError, "column age: column is missing"),
    ({"frame": PEOPLE.assign(pay="high")}, RequestError, "column pay: column is not numeric"),
    ({"outcomes": ["wait"]}, RequestError, "column wait: column is named more than once"),
    ({"outcomes": []}, RequestError, "there is no outcome"),
    ({"frame": PEOPLE[:0]}, RequestError, "the table has no rows"),
    ({"least_f": float("nan")}, RequestError, "the least F is not a number from 0 up"),
    ({"confidence": 1.0}, RequestError, "the confidence is not between 0 and 1"),
    (
        {"frame": PEOPLE.assign(age=PEOPLE["age"].where(PEOPLE.index > 2))},
        DataRefused,
        r"age: value is missing \(3 peo",
    ),
    ({"frame": PEOPLE.assign(pay=np.inf)}, DataRefused, r"pay: value is not finite \(\d.* people\)"),
    ({"frame": PEOPLE.assign(provider=None)}, DataRefused, "column provider: value is missing"),
    ({"frame": PEOPLE.assign(age=PEOPLE["month"])}, NotEstimable, "age: the covariate says nothing"),
    ({"frame": PEOPLE.assign(others_mean_wait=3.0)}, NotEstimable, "others_mean_wait: nothing is left to compare"),
    ({"frame": PEOPLE.assign(wait=PEOPLE["month"] * 1.0)}, NotEstimable, "column wait: nothing is left to compare"),
    ({"frame": PEOPLE.drop_duplicates("provider")}, NotEstimable, "no more people than provider and month effects"),
    ({"frame": PEOPLE[PEOPLE["provider"] == "R03"]}, NotEstimable, "too few clusters"),
]


@pytest.mark.parametrize(("changed", "error", "message"), REFUSED)
def test_what_cannot_be_answered_is_refused(changed, error, message):
    asked = {"frame": PEOPLE, "outcomes": ["pay"], **changed}
    with pytest.raises(error, match=message):
        congestion.estimate(asked.pop("frame"), asked.pop("outcomes"), referrals=REFERRALS, **asked)


def test_every_fault_of_a_frame_is_said_at_once_without_a_value():
    frame = PEOPLE.assign(wait=PEOPLE["wait"].where(PEOPLE.index > 4), age=PEOPLE["age"].where(PEOPLE.index > 6))
    with pytest.raises(DataRefused) as refused:
        congestion.estimate(frame, ["pay"], referrals=REFERRALS)
    assert [fault.count for fault in refused.value.faults] == [5, 7]


def test_no_column_to_check_is_refused_and_a_covariate_is_not_checked_against_itself():
    with pytest.raises(RequestError, match="there is no column to check"):
        exclusion.related(PEOPLE, [], referrals=REFERRALS)
    with pytest.raises(RequestError, match="column age: column is named more than once"):
        exclusion.related(PEOPLE, ["age"], referrals=REFERRALS)
