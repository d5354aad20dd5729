"""Published effects of quitting smoking and of training, and data on which no adjustment should be believed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from causaldata import cps_mixtape, nhefs, nsw_mixtape

from pipeline.inference.diagnostics.untreated import overlap_kept, weighted_balance
from pipeline.inference.doubly_robust.everybody import average_effect
from pipeline.inference.doubly_robust.nuisances import Learning
from pipeline.inference.doubly_robust.people import People, of_frame
from pipeline.inference.doubly_robust.treated import effects_on_treated

# Hernán and Robins, Causal Inference: What If, section 12.4: kilograms by inverse probability weighting.
PUBLISHED = {"estimate": 3.4, "ci_lower": 2.4, "ci_upper": 4.5}
# What the issue asks for; the published figures have one decimal.
KILOGRAMS = 0.1
# Dehejia and Wahba's sample of the National Supported Work experiment, in dollars.
EXPERIMENTAL, DOLLARS = 1794.34, 0.01
BEFORE = ("age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75")


@pytest.fixture(scope="module")
def smokers() -> People:
    """The 1,566 people weighed in 1982, with the covariates and squares of the book's models."""
    frame = nhefs.load_pandas().data
    frame = frame[frame["wt82"].notna()].copy()
    measured = ["age", "smokeintensity", "smokeyrs", "wt71"]
    frame[[f"{name} squared" for name in measured]] = frame[measured] ** 2
    return of_frame(
        frame,
        outcomes=["wt82_71"],
        treated="qsmk",
        numbers=[*measured, *(f"{name} squared" for name in measured)],
        levels=["sex", "race", "education", "exercise", "active"],
    )


@pytest.fixture(scope="module")
def trained() -> pd.DataFrame:
    return nsw_mixtape.load_pandas().data


@pytest.mark.parametrize("seed", range(3))
def test_quitting_smoking_adds_the_published_weight_whatever_folds_are_drawn(smokers, seed):
    assert (len(smokers.treated), int(smokers.treated.sum())) == (1566, 403)
    found = average_effect(smokers, learning=Learning(seed=seed))
    for name, value in PUBLISHED.items():
        assert getattr(found, name) == pytest.approx(value, abs=KILOGRAMS), name


def test_ten_folds_move_the_estimate_less_with_their_draw_than_five(smokers):
    def spread(folds: int) -> float:
        drawn = [average_effect(smokers, learning=Learning(seed=seed, folds=folds)) for seed in range(5)]
        return float(np.ptp([one.estimate for one in drawn]))

    assert spread(10) < KILOGRAMS < spread(5)


def test_quitters_and_others_can_be_made_alike(smokers):
    found = effects_on_treated(smokers, learning=Learning(), trim=0.1)
    assert found.att[0] == pytest.approx(PUBLISHED["estimate"], abs=KILOGRAMS)
    assert found.balance().worst(after=False)[1] > 0.1
    assert found.balance().worst(after=True)[1] < 0.1


def test_without_covariates_the_experiment_gives_its_published_difference(trained):
    people = of_frame(trained, outcomes=["re78"], treated="treat", numbers=[])
    found = effects_on_treated(people, learning=Learning(), trim=0.1)
    assert found.att[0] == pytest.approx(EXPERIMENTAL, abs=DOLLARS)


def test_adjusting_an_experiment_changes_little(trained):
    people = of_frame(trained, outcomes=["re78"], treated="treat", numbers=list(BEFORE))
    found = effects_on_treated(people, learning=Learning(), trim=0.1)
    assert abs(found.att[0] - EXPERIMENTAL) < found.std_error[0]
    assert found.overlap.share_treated == 1


def test_trainees_beside_people_of_the_population_survey_fail_overlap_and_balance(trained):
    survey = pd.concat([trained[trained["treat"] == 1], cps_mixtape.load_pandas().data], ignore_index=True)
    people = of_frame(survey, outcomes=["re78"], treated="treat", numbers=list(BEFORE))
    assert np.bincount(people.treated.astype(int)).tolist() == [15_992, 185]
    found = effects_on_treated(people, learning=Learning(), trim=0.1)
    rows = np.ones(len(people.treated), dtype=bool)
    assert overlap_kept.verdict(found, rows, most=0.05, fail=0.2).status == "fail"
    assert weighted_balance.verdict(found, rows, most=0.1, fail=0.25).status == "fail"
