"""Effects that differ by timing group: Sun-Abraham and imputation hold the truth, fixed effects do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from claims import reached
from pipeline.inference.estimators import imputation, ons_fixed_effects, sun_abraham
from pipeline.vocabulary.windows import Window

REPLICATIONS = 200
# Asked of the project: 93 to 97% of intervals.
COVERAGE = 0.02
# A band covers or does not: over 200 replications that share has a standard error of 0.015; three of them.
BANDS = 0.045
# Asked of the project, in standard errors, of the mean over event times.
BIAS = 0.1
WINDOW = Window(before=5, after=5, reference=(0, 0), bins="single")
TREATED = {
    5: 1.0,
    7: 4.0,
}  # the effect in the month of treatment, by treatment month; twice that in the next, and so on


def drawn(seed: int, *, n: int = 300, n_months: int = 11) -> pd.DataFrame:
    """Person and month effects, serially correlated noise, effects that grow at a rate of the timing group's own."""
    random = np.random.default_rng(seed)
    person, month = np.repeat(np.arange(n), n_months), np.tile(np.arange(n_months), n)
    treated = np.array([5.0, 7.0, np.nan])[np.arange(n) % 3]
    rate = pd.Series(treated).map(TREATED).fillna(0.0).to_numpy()
    elapsed = np.nan_to_num((month - treated[person] + 1).clip(0))
    shocks = random.normal(size=(n, n_months)) + 0.7 * random.normal(size=(n, 1)) * np.linspace(-1, 1, n_months)
    pay = random.normal(0, 3, n)[person] + np.sin(month) + rate[person] * elapsed + shocks.ravel()
    columns = {"person": person, "month": month, "treated": treated[person], "pay": pay}
    return pd.DataFrame(columns)[random.random(n * n_months) < 0.9]


def studies(estimator, count: int = REPLICATIONS):
    names = {"outcome": "pay", "person": "person", "month": "month", "treatment_month": "treated"}
    return [estimator.estimate(drawn(seed), **names, window=WINDOW, draws=1000) for seed in range(count)]


def truth_of(frame: pd.DataFrame) -> pd.Series:
    """The effect of each event time among the people of that event time, by their shares in the data."""
    treated = frame.dropna(subset="treated")
    event_time = (treated["month"] - treated["treated"] + 1).astype(int)
    effects = treated["treated"].map(TREATED) * event_time.clip(lower=0)
    return effects.groupby(event_time).mean()


@pytest.mark.validates(
    truth="effects of each timing group put in, 200 panels",
    absolute={"coverage": COVERAGE, "bands": BANDS, "bias in errors": BIAS},
)
@pytest.mark.slow
@pytest.mark.parametrize("estimator", [sun_abraham, imputation], ids=["sun_abraham", "imputation"])
def test_intervals_cover_and_estimates_are_unbiased_where_effects_differ(estimator):
    covered, banded, missed = [], [], []
    for seed, study in enumerate(studies(estimator)):
        frame = study.event_study().set_index("event_time")
        truth = truth_of(drawn(seed))[frame.index]
        inside = frame["ci_lower"].le(truth) & frame["ci_upper"].ge(truth)
        covered.append(inside.mean())
        banded.append((frame["band_lower"].le(truth) & frame["band_upper"].ge(truth)).all())
        missed.append(((frame["att"] - truth) / frame["std_error"]).to_numpy())
    reached("coverage", np.mean(covered), 0.95)
    reached("bands", np.mean(banded), 0.95)
    reached("bias in errors", np.mean(missed), 0.0)


@pytest.mark.validates(
    "ons_fixed_effects", truth="effects that differ by timing group: a bias of more than one standard error"
)
def test_fixed_effects_are_biased_where_effects_differ():
    found = studies(ons_fixed_effects, 20)
    frames = [study.event_study().set_index("event_time") for study in found]
    missed = [
        (frame["att"] - truth_of(drawn(seed))[frame.index]) / frame["std_error"] for seed, frame in enumerate(frames)
    ]
    assert np.abs(np.mean(missed, axis=0)).max() > 1.0


@pytest.mark.parametrize("estimator", [sun_abraham, imputation], ids=["sun_abraham", "imputation"])
def test_a_pre_trend_is_found_about_as_rarely_as_its_level_says_where_there_is_none(estimator):
    # 100 draws of a test at 5%: a mean of 5 with a standard error of 2.2; more than 14 has a chance of 1 in 10,000.
    assert sum(study.pre_test().p_value < 0.05 for study in studies(estimator, 100)) <= 14
