"""Known effects go in that differ by timing group; group-time effects find them, and their intervals cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from claims import reached
from pipeline.inference.estimators import callaway_santanna, ons_fixed_effects

FIRST, N_MONTHS, PEOPLE, REPLICATIONS = 100, 10, 300, 120
# Rounding of outcomes of a few hundred.
EXACT = 1e-9
# 95% intervals over 120 drawn panels: three binomial standard errors are 0.06.
COVERAGE = 0.06
# The mean of 120 estimates is within three of its own standard errors, 3 / sqrt(120) = 0.27 of one estimate's.
BIAS = 0.27
NEAR = {"coverage": COVERAGE, "bias in errors": BIAS}


def drawn(random: np.random.Generator, *, selective: bool) -> pd.DataFrame:
    """Effects of 2 a month in early groups and 1 in late ones; if selective, a covariate moves trend and treatment."""
    x = random.normal(size=PEOPLE)
    chance = 1 / (1 + np.exp(-x)) if selective else np.full(PEOPLE, 0.6)
    group = np.where(random.random(PEOPLE) < chance, FIRST + random.choice([4, 7], PEOPLE), np.nan)
    person, month = np.repeat(np.arange(PEOPLE), N_MONTHS), np.tile(FIRST + np.arange(N_MONTHS), PEOPLE)
    since = np.nan_to_num(np.clip(month - group[person] + 1, 0, None))
    slope = np.where(group[person] == FIRST + 4, 2.0, 1.0)
    trend = 0.5 * selective * x[person] * (month - FIRST)
    pay = 3 * random.normal(size=PEOPLE)[person] + trend + slope * since + random.normal(size=len(person))
    frame = pd.DataFrame({"person": person, "month": month, "treated": group[person], "x": x[person], "pay": pay})
    return frame[random.random(len(frame)) < 0.9]


def replicated(*, selective: bool, **options) -> pd.DataFrame:
    """One row a panel: the effect three months in, and its truth given who was treated when."""
    rows = []
    for seed in range(REPLICATIONS):
        frame = drawn(np.random.default_rng(seed), selective=selective)
        groups = frame.drop_duplicates("person")["treated"].value_counts()
        truth = 3 * (2 * groups[FIRST + 4] + groups[FIRST + 7]) / groups.sum()
        study = callaway_santanna.estimate(
            frame, outcome="pay", person="person", month="month", treatment_month="treated", draws=1000, **options
        )
        rows.append(study.event_study().set_index("event_time").loc[3].to_dict() | {"truth": truth})
    return pd.DataFrame(rows)


def assert_right(found: pd.DataFrame) -> None:
    error = found["att"] - found["truth"]
    reached("bias in errors", error.mean() / found["std_error"].mean(), 0.0)
    covered = (found["ci_lower"] <= found["truth"]) & (found["truth"] <= found["ci_upper"])
    reached("coverage", covered.mean(), 0.95)


@pytest.mark.validates("callaway_santanna", truth="effects of each timing group put in, 120 panels", absolute=NEAR)
def test_effects_that_differ_by_group_are_found_without_bias():
    assert_right(replicated(selective=False))


@pytest.mark.validates(
    "callaway_santanna", truth="the same, where trends are parallel given a covariate", absolute=NEAR
)
def test_a_covariate_behind_trend_and_treatment_is_adjusted_for():
    assert_right(replicated(selective=True, covariates=["x"]))


def test_without_the_covariate_the_same_panels_mislead():
    found = replicated(selective=True)
    assert (found["att"] - found["truth"]).mean() > 2 * found["std_error"].mean()


@pytest.mark.validates(
    "callaway_santanna", truth="an effect put in without noise, and fixed effects", absolute={"effects": EXACT}
)
def test_an_effect_without_noise_is_recovered_exactly():
    frame = drawn(np.random.default_rng(1), selective=False)
    event_time = frame["month"] - frame["treated"] + 1
    calm = frame.assign(pay=frame["person"] + np.sin(frame["month"]) + 3.0 * (event_time >= 1))
    columns = {"outcome": "pay", "person": "person", "month": "month", "treatment_month": "treated"}
    for comparison in ("never_treated", "not_yet_treated"):
        found = callaway_santanna.estimate(calm, comparison=comparison, **columns).event_study()
        reached("effects", found["att"], 3.0 * (found["event_time"] >= 1))
    regression = ons_fixed_effects.estimate(calm, **columns).event_study()
    merged = found.merge(regression, on="event_time", suffixes=("", "_regression"))
    reached("effects", merged["att"], merged["att_regression"])
