"""The congestion instrument gives the numbers of a package that holds every person in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyfixest
import pytest
from pyfixest.demeaners import MapDemeaner
from scipy.stats import ncx2

from pipeline.inference.designs.waiting import congestion, exclusion
from pipeline.inference.designs.waiting.cells import Referrals, cells_of
from pipeline.inference.designs.waiting.partialled import partialled
from pipeline.inference.designs.waiting.queues import queues_of

# pyfixest 0.60 uses a pandas argument that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")

# Asked of the project.
RELATIVE = 1e-7
DEMEANER = MapDemeaner(fixef_tol=1e-12, fixef_maxiter=100_000)
CLUSTERS = {"provider": "provider", "provider_month": "cell"}


def drawn(seed: int, *, people: int = 1500) -> pd.DataFrame:
    """People of 20 providers in 12 months, unevenly, whose wait depends on the queue and on what also moves pay."""
    random = np.random.default_rng(seed)
    provider = np.minimum(random.geometric(0.12, people), 20)
    month = random.integers(0, 12, people)
    shock = random.normal(0, 1.5, (21, 12))[provider, month]
    hidden = random.normal(size=people)
    age = random.normal(45, 10, people) + hidden
    wait = 6 + shock + hidden + 0.1 * provider + 0.02 * age + random.normal(size=people)
    pay = -10 * wait - 30 * hidden + age + 5 * provider + random.normal(0, 40, people)
    later = -20 * wait + 20 * hidden + random.normal(0, 40, people)
    frame = pd.DataFrame(
        {"provider": provider, "month": month, "age": age, "female": (hidden > 0.2) * 1.0, "wait": wait}
    ).assign(pay=pay, later=later, cell=provider * 100 + month)
    named = {"provider": "provider", "month": "month", "wait": "wait"}
    frame = frame.join(queues_of(frame, **named).others(frame, **named))
    return frame[frame["others"] > 0].reset_index(drop=True)


def referrals(queue: str, *, others: str | None = None, covariates: tuple[str, ...] = ("age", "female")) -> Referrals:
    return Referrals(provider="provider", month="month", wait="wait", queue=queue, others=others, covariates=covariates)


def feols(formula: str, frame: pd.DataFrame, *, cluster: str):
    return pyfixest.feols(formula, frame, vcov={"CRV1": CLUSTERS[cluster]}, demeaner=DEMEANER, fixef_rm="none")


@pytest.mark.parametrize("cluster", [*CLUSTERS])
@pytest.mark.parametrize("queue", ["others_mean_wait", "others"])
@pytest.mark.parametrize("covariates", [(), ("age", "female")])
@pytest.mark.parametrize("seed", [0, 1])
def test_effect_error_and_first_stage_are_those_of_pyfixest(cluster, queue, covariates, seed):
    frame = drawn(seed)
    columns = referrals(queue, covariates=covariates)
    found = congestion.estimate(
        frame, ["pay"], referrals=columns, cluster=cluster, errors="fixest", least_f=0.0
    ).estimates[0]
    expected = feols(
        f"pay ~ {' + '.join(covariates) or '1'} | provider + month | wait ~ {queue}", frame, cluster=cluster
    )
    expected.IV_Diag()
    assert found.att == pytest.approx(expected.coef()["wait"], rel=RELATIVE)
    assert found.std_error == pytest.approx(expected.se()["wait"], rel=RELATIVE)
    assert found.first_stage.statistic == pytest.approx(float(expected._eff_F), rel=RELATIVE)
    ends = expected.confint().loc["wait"].to_numpy(dtype=float)
    np.testing.assert_allclose([found.ci_lower, found.ci_upper], ends, rtol=RELATIVE)


@pytest.mark.parametrize("cluster", [*CLUSTERS])
def test_slopes_beside_it_are_those_of_ordinary_regressions(cluster):
    frame = drawn(2)
    columns = referrals("others_mean_wait")
    found = congestion.estimate(frame, ["pay"], referrals=columns, cluster=cluster, errors="fixest").estimates[0]
    controls = "age + female | provider + month"
    for slope, formula, name in (
        (found.reduced_form, f"pay ~ others_mean_wait + {controls}", "others_mean_wait"),
        (found.first_stage, f"wait ~ others_mean_wait + {controls}", "others_mean_wait"),
        (found.ordinary, f"pay ~ wait + {controls}", "wait"),
    ):
        expected = feols(formula, frame, cluster=cluster)
        assert slope.estimate == pytest.approx(expected.coef()[name], rel=RELATIVE)
        assert slope.std_error == pytest.approx(expected.se()[name], rel=RELATIVE)
        assert slope.p_value == pytest.approx(expected.pvalue()[name], rel=RELATIVE)


def test_with_the_own_wait_put_back_it_is_two_stage_least_squares_on_that_queue():
    frame = drawn(3)
    columns = referrals("others_mean_wait", others="others")
    share = partialled(cells_of(frame, ["pay"], referrals=columns), referrals=columns).own_wait
    put_back = frame.assign(queue=frame["others_mean_wait"] + share * frame["wait"])
    found = congestion.estimate(frame, ["pay"], referrals=columns, errors="fixest").estimates[0]
    expected = feols("pay ~ age + female | provider + month | wait ~ queue", put_back, cluster="provider")
    assert found.att == pytest.approx(expected.coef()["wait"], rel=RELATIVE)
    assert found.std_error == pytest.approx(expected.se()["wait"], rel=RELATIVE)


@pytest.mark.parametrize("cluster", [*CLUSTERS])
def test_at_an_end_of_anderson_and_rubins_set_the_reduced_form_of_what_is_left_is_at_its_critical_value(cluster):
    frame = drawn(4)
    columns = referrals("others_mean_wait")
    found = congestion.estimate(frame, ["pay"], referrals=columns, cluster=cluster, errors="fixest").estimates[0]
    assert found.anderson_rubin_lower < found.att < found.anderson_rubin_upper
    for end in (found.anderson_rubin_lower, found.anderson_rubin_upper):
        left = frame.assign(left=frame["pay"] - end * frame["wait"])
        expected = feols("left ~ others_mean_wait + age + female | provider + month", left, cluster=cluster)
        assert expected.pvalue()["others_mean_wait"] == pytest.approx(0.05, rel=RELATIVE)


def test_effects_on_several_outcomes_have_the_covariance_of_their_difference():
    frame = drawn(5).assign(change=lambda one: one["later"] - one["pay"])
    columns = referrals("others_mean_wait", others="others")
    path = congestion.estimate(frame, ["pay", "later"], referrals=columns)
    (alone,) = congestion.estimate(frame, ["change"], referrals=columns).estimates
    contrast = np.array([-1.0, 1.0])
    assert contrast @ [one.att for one in path.estimates] == pytest.approx(alone.att, rel=RELATIVE)
    assert np.sqrt(contrast @ path.covariance @ contrast) == pytest.approx(alone.std_error, rel=RELATIVE)


def test_the_least_f_is_montiel_olea_and_pfluegers_for_a_tenth_of_the_worst_bias():
    assert pytest.approx(ncx2.ppf(0.95, 1, 10), abs=0.05) == congestion.LEAST_F


def test_the_joint_check_is_a_clustered_wald_test():
    frame = drawn(6)
    columns = referrals("others_mean_wait", covariates=())
    found = exclusion.related(frame, ["age", "female"], referrals=columns, errors="fixest")
    # As slopes of one stacked regression: each person twice, once for each column.
    stacked = pd.concat(
        [frame.assign(of=name, value=frame[name], copy=i) for i, name in enumerate(["age", "female"])],
        ignore_index=True,
    )
    for i in (0, 1):
        stacked[f"queue{i}"] = stacked["others_mean_wait"] * (stacked["copy"] == i)
    both = pyfixest.feols(
        "value ~ queue0 + queue1 | provider^copy + month^copy",
        stacked,
        vcov={"CRV1": "provider"},
        demeaner=DEMEANER,
        ssc=pyfixest.ssc(k_adj=False, G_adj=True),
        fixef_rm="none",
    )
    people, effects = len(frame), frame["provider"].nunique() + 12 - 1
    clusters = frame["provider"].nunique()
    factor = (people - 1) / (people - 1 - (effects - clusters + 1))
    statistic = both.coef().to_numpy() @ np.linalg.solve(both._vcov, both.coef().to_numpy()) / 2 / factor
    from scipy.stats import f

    assert found.joint_p_value == pytest.approx(f.sf(statistic, 2, clusters - 1), rel=RELATIVE)
