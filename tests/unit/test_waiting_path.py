"""The path of waiting: months from treatment on are unobserved, and months' costs add up."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.inference.designs.waiting import path
from pipeline.inference.estimators import ons_fixed_effects
from pipeline.inference.moments.people.frames import FramePanel
from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.errors import DataRefused, NotEstimable, RequestError
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window

# Two ways to one number, in float64.
ROUNDING = 1e-9
FIRST = 24_000
WINDOW = Window(before=5, after=6, reference=(-2, 0), bins="single")


def panel(*, waits: np.ndarray | None = None, seed: int = 0, n: int = 120, n_months: int = 24) -> FramePanel:
    """Half join in months 8 to 12 and are treated after 2 to 9 months, each month of waiting costing its number."""
    random = np.random.default_rng(seed)
    joined = np.where(np.arange(n) % 2 == 0, FIRST + random.integers(8, 13, n), np.nan)
    waited = random.integers(2, 10, n).astype(float) if waits is None else waits
    since = FIRST + np.arange(n_months) - joined[:, None]
    cost = np.where((since >= 0) & (since < waited[:, None]), -(since + 1), 0.0)
    treated = np.where(since >= waited[:, None], 50.0, 0.0)
    pay = random.normal(0, 5, (n, 1)) + np.sin(np.arange(n_months)) + cost + treated + random.normal(0, 0.1, cost.shape)
    shard = PanelShard(first_month=FIRST, outcome=pay, treatment_month=joined, covariates={"waited": waited})
    return FramePanel(outcome="pay", shard=shard, levels={})


def test_a_month_from_treatment_on_is_not_observed_and_a_month_before_is():
    before, (after,) = panel().shard, path.waiting(panel(), waited="waited").shards("pay")
    since = FIRST + np.arange(24) - before.treatment_month[:, None]
    with np.errstate(invalid="ignore"):
        treated = since >= before.covariates["waited"][:, None]
    np.testing.assert_array_equal(np.isnan(after.outcome), treated)
    np.testing.assert_array_equal(after.outcome[~treated], before.outcome[~treated])
    assert not np.isnan(before.outcome).any()


def test_people_who_did_not_join_keep_every_month_whatever_their_wait():
    odd = np.where(np.arange(120) % 2 == 0, 3.0, -7.5)
    (shard,) = path.waiting(panel(waits=odd), waited="waited", at_least=3).shards("pay")
    assert not np.isnan(shard.outcome[np.isnan(shard.treatment_month)]).any()
    assert np.isnan(shard.treatment_month).sum() == 60


def test_whoever_waited_less_than_asked_is_left_out_and_then_every_month_has_the_same_people():
    specification = Specification(window=WINDOW, draws=1000)
    (fixed,) = path.fit(panel(), "pay", waited="waited", specification=specification, at_least=6)
    (anyone,) = path.fit(panel(), "pay", waited="waited", specification=specification)
    waiting = fixed.cost()["n_treated"].to_numpy()
    assert len(set(waiting)) == 1
    assert waiting[0] < anyone.cost()["n_treated"].to_numpy()[0]
    assert (np.diff(anyone.cost()["n_treated"]) <= 0).all()


@pytest.mark.parametrize("estimator", ["sun_abraham", "ons_fixed_effects", "callaway_santanna", "imputation"])
def test_each_estimator_finds_what_a_month_of_waiting_costs_and_nothing_of_treatment(estimator):
    specification = Specification(window=WINDOW, draws=1000)
    (found,) = path.fit(panel(), "pay", waited="waited", specification=specification, estimator=estimator)
    cost = found.cost()
    np.testing.assert_allclose(cost["att"], -np.arange(1.0, 7.0), atol=0.2)
    np.testing.assert_allclose(cost["cumulative"], np.cumsum(cost["att"]), atol=ROUNDING)


def test_what_months_cost_together_has_the_error_of_their_sum():
    specification = Specification(window=WINDOW, draws=1000)
    (found,) = path.fit(panel(), "pay", waited="waited", specification=specification)
    after = [place for place, part in enumerate(found.study.bins) if part.first >= 1]
    covariance = found.study.covariance[np.ix_(after, after)]
    expected = np.sqrt([covariance[:k, :k].sum() for k in range(1, 7)])
    np.testing.assert_allclose(found.cost()["cumulative_std_error"], expected, atol=ROUNDING)


def test_a_bin_of_several_months_costs_once_for_each():
    wide = Window(before=11, after=12, reference=(-5, 0))
    (found,) = path.fit(panel(), "pay", waited="waited", specification=Specification(window=wide, draws=1000))
    cost = found.cost()
    months = cost["months_to"] - cost["months_from"] + 1
    assert months.tolist() == [1, 1, 1, 1, 1, 1, 6]
    np.testing.assert_allclose(cost["cumulative"], (cost["att"] * months).cumsum(), atol=ROUNDING)


def test_where_nobody_waits_any_longer_there_is_no_cost_and_none_of_all_months():
    three = np.full(120, 3.0)
    specification = Specification(window=WINDOW, draws=1000)
    (found,) = path.fit(panel(waits=three), "pay", waited="waited", specification=specification)
    assert found.cost()["cumulative"].notna().tolist() == [True] * 3 + [False] * 3
    assert found.cost()["cumulative_std_error"].notna().tolist() == [True] * 3 + [False] * 3


def test_a_wait_longer_than_the_panel_leaves_the_event_study_as_it_is():
    forever = np.full(120, 999.0)
    specification = Specification(window=WINDOW, draws=1000)
    still = panel(waits=forever)
    (found,) = path.fit(still, "pay", waited="waited", specification=specification, estimator="ons_fixed_effects")
    (plain,) = ons_fixed_effects.fit(still, "pay", specification=specification)
    np.testing.assert_allclose(found.study.att, plain.att, rtol=ROUNDING)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"waited": "delay"}, RequestError, "the panel has no covariate 'delay'. It has waited"),
        ({"waited": "waited", "at_least": -1}, RequestError, "the shortest wait is negative"),
        ({"waited": "waited", "estimator": "ols"}, RequestError, "there is no estimator 'ols'"),
    ],
)
def test_what_cannot_be_asked_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        path.fit(panel(), "pay", specification=Specification(window=WINDOW), **options)


def test_waits_that_are_none_are_refused_with_their_number_and_nobody_left_is_said():
    odd = np.tile([-2.0, 0.0, 2.5, 0.0], 30)
    specification = Specification(window=WINDOW)
    with pytest.raises(DataRefused, match=r"negative \(30 people\).*not in whole months \(30 people\)"):
        path.fit(panel(waits=odd), "pay", waited="waited", specification=specification)
    with pytest.raises(NotEstimable):
        path.fit(panel(), "pay", waited="waited", specification=specification, at_least=100)
