"""A known cost of waiting in, and out again where the sicker are taken sooner: by the queue, not by comparing waits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.inference.designs.waiting import congestion, dose_response, exclusion, path
from pipeline.inference.designs.waiting.cells import Referrals
from pipeline.inference.designs.waiting.dose_response import Waits
from pipeline.inference.designs.waiting.queues import queues_of
from pipeline.inference.moments.people.frames import FramePanel
from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window

REPLICATIONS = 200
# A share of 95% has a standard error of 0.015 over 200 replications; three of them.
COVERAGE = 0.046
# The mean of 200 standard normals has a standard error of 0.07; three of them.
BIAS = 0.21
EFFECT = -15.0
NAMED = {"provider": "provider", "month": "month", "wait": "wait"}
REFERRALS = Referrals(**NAMED, queue="others_mean_wait", others="others", covariates=("age",))


def drawn(seed: int, *, sooner: float = 1.0, queue: float = 1.5, sick: float = 0.0, people: int = 2000) -> pd.DataFrame:
    """Referrals to 40 providers in 12 months; ``sooner`` months for a deviation of severity, which costs pay itself."""
    random = np.random.default_rng(seed)
    provider, month = random.integers(0, 40, people), random.integers(0, 12, people)
    shock = queue * random.normal(size=(40, 12))[provider, month]
    severity, age = random.normal(size=people) + sick * shock, random.normal(45, 10, people)
    usual = random.normal(size=40)[provider] + 0.1 * month
    wait = np.maximum(7 + usual + shock - sooner * severity + random.normal(0, 1.2, people), 0.1)
    own = 20 * random.normal(size=40)[provider] - 2 * month + age
    pay = EFFECT * wait - 100 * severity + own + random.normal(0, 150, people)
    frame = pd.DataFrame(
        {"provider": provider, "month": month, "age": age, "severity": severity, "wait": wait, "pay": pay}
    )
    frame = frame.join(queues_of(frame, **NAMED).others(frame, **NAMED))
    return frame[frame["others"] > 0].reset_index(drop=True)


@pytest.mark.parametrize("cluster", ["provider", "provider_month"])
def test_the_queue_recovers_the_effect_where_the_sicker_are_taken_sooner(cluster):
    options = {"referrals": REFERRALS, "cluster": cluster}
    found = [congestion.estimate(drawn(seed), ["pay"], **options).estimates[0] for seed in range(REPLICATIONS)]
    held = np.mean([one.ci_lower <= EFFECT <= one.ci_upper for one in found])
    weakly = np.mean([one.anderson_rubin_lower <= EFFECT <= one.anderson_rubin_upper for one in found])
    assert abs(held - 0.95) <= COVERAGE
    assert abs(weakly - 0.95) <= COVERAGE
    assert abs(np.mean([(one.att - EFFECT) / one.std_error for one in found])) <= BIAS
    # What comparing waits would say, with the same effects taken off: that waiting pays.
    assert min(one.ordinary.ci_lower for one in found) > EFFECT


def test_without_the_own_wait_put_back_many_effects_pull_the_instrument_to_what_it_should_escape():
    def pull(others: str | None) -> float:
        referrals = Referrals(**NAMED, queue="others_mean_wait", others=others, covariates=("age",))
        options = {"referrals": referrals, "least_f": 0.0}
        found = [congestion.estimate(drawn(s, queue=0.7), ["pay"], **options).estimates[0] for s in range(REPLICATIONS)]
        return float(np.mean([(one.att - EFFECT) / one.std_error for one in found]))

    assert abs(pull("others")) <= BIAS
    assert pull(None) < -BIAS


def test_a_queue_that_does_not_move_the_wait_is_refused_with_its_f():
    for seed in range(REPLICATIONS):
        weak = drawn(seed, queue=0.0)
        statistic = congestion.first_stage(weak, referrals=REFERRALS).statistic
        with pytest.raises(NotEstimable, match=f"weak: its first-stage F is {statistic:.1f}, declared was 23.1"):
            congestion.estimate(weak, ["pay"], referrals=REFERRALS)


def test_anderson_and_rubins_set_holds_the_effect_also_where_the_queue_hardly_moves_the_wait():
    found = [
        congestion.estimate(drawn(seed, queue=0.15), ["pay"], referrals=REFERRALS, least_f=0.0).estimates[0]
        for seed in range(REPLICATIONS)
    ]
    held = np.mean([one.anderson_rubin_lower <= EFFECT <= one.anderson_rubin_upper for one in found])
    assert np.median([one.first_stage.statistic for one in found]) < 10
    assert abs(held - 0.95) <= COVERAGE


@pytest.mark.parametrize(("sick", "least", "most"), [(0.0, 0.0, 0.05 + COVERAGE), (0.2, 0.9, 1.0)])
def test_severity_that_moves_with_the_queue_is_seen_and_severity_that_does_not_is_not(sick, least, most):
    referrals = Referrals(**NAMED, queue="others_mean_wait", others="others")
    p_values = [
        exclusion.related(drawn(seed, sick=sick), ["severity", "age"], referrals=referrals).p_value
        for seed in range(REPLICATIONS)
    ]
    assert least <= np.mean(np.array(p_values) <= 0.05) <= most


def test_dose_response_is_right_where_severity_is_measured_and_wrong_where_it_is_not():
    """Of ten months and not four: the mean over ten draws of distances from the truth, in standard errors."""

    def away(covariates: tuple[str, ...]) -> np.ndarray:
        waits = Waits(wait="wait", covariates=covariates, cluster="provider")
        options = {"waits": waits, "months": [4.0, 7.0, 10.0], "longer": [10.0], "standards": [], "bandwidth": 1.5}
        found = [dose_response.estimate(drawn(seed), "pay", **options).contrasts[0] for seed in range(10)]
        return np.array([(one.estimate - 6 * EFFECT) / one.std_error for one in found])

    # The mean of ten has a standard error of 0.32; three of them, and one more for smoothing.
    assert abs(away(("age", "month", "severity")).mean()) <= 1.3
    assert away(("age", "month")).mean() > 3


def test_the_path_finds_what_months_of_waiting_cost_and_stops_at_treatment():
    """A wait's months cost more and more; treatment brings £80 back, which is none of the path's business."""
    random = np.random.default_rng(0)
    n, months = 3000, 36
    joined = np.where(random.random(n) < 0.5, 24_000 + random.integers(13, 20, n), np.nan)
    waited = random.integers(3, 15, n).astype(float)
    since = 24_000 + np.arange(months) - joined[:, None]
    with np.errstate(invalid="ignore"):
        waiting = (since >= 0) & (since < waited[:, None])
        treated = since >= waited[:, None]
    pay = random.normal(0, 100, (n, 1)) + 3 * np.arange(months) + random.normal(0, 60, (n, months))
    pay = pay - np.where(waiting, 4.0 * (since + 1), 0) + 80.0 * treated
    shard = PanelShard(first_month=24_000, outcome=pay, treatment_month=joined, covariates={"waited": waited})
    window = Window(before=11, after=12, reference=(-5, 0), bins="single")
    (found,) = path.fit(
        FramePanel(outcome="pay", shard=shard, levels={}),
        "pay",
        waited="waited",
        specification=Specification(window=window, draws=1000),
    )
    cost = found.cost()
    truth = -4.0 * np.arange(1, 13)
    # Of twelve estimates of one draw, all lie within three and a half of their errors in 99% of draws.
    assert (np.abs(cost["att"] - truth) <= 3.5 * cost["std_error"]).all()
    assert (np.abs(cost["cumulative"] - truth.cumsum()) <= 3.5 * cost["cumulative_std_error"]).all()
    before = found.study.event_study().query("months_from < -5")
    assert (np.abs(before["att"]) <= 3.5 * before["std_error"]).all()
