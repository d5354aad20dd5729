"""A known effect in, the effect out; intervals that cover it as often as they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from claims import reached
from pipeline.inference.estimators import ons_fixed_effects
from pipeline.vocabulary.windows import Window

WINDOW = Window(before=11, after=12, reference=(-5, 0))
# Rounding of effects of a few hundred pounds recovered from data without noise.
EXACT = 1e-7
REPLICATIONS = 150
# 150 replications of eight correlated bins: the share covered has a standard error of about 0.01; three of them.
COVERAGE = 0.03
# A mean over 150 replications of estimates with a standard error of 1 has one of 0.08; four of them.
BIAS = 0.33


def drawn(seed: int, *, n: int = 120, n_months: int = 30, noise: float = 1.0) -> pd.DataFrame:
    """Person and month effects, a curve in age, serially correlated noise, and an effect of 3 a bin from the index."""
    random = np.random.default_rng(seed)
    person, month = np.repeat(np.arange(n), n_months), np.tile(np.arange(n_months), n)
    treatment_month = np.where(random.random(n) < 0.5, random.integers(12, 19, n), np.nan)[person]
    born = -random.integers(300, 720, n)[person]
    shocks = random.normal(size=(n, n_months)) + 0.7 * random.normal(size=(n, 1)) * np.linspace(-1, 1, n_months)
    event_time = month - treatment_month + 1
    pay = (
        random.normal(0, 5, n)[person]
        + np.sin(month / 3)
        + 0.02 * (month - born)
        + 3 * (event_time >= 1)
        + noise * shocks.ravel()
    )
    columns = {"person": person, "month": month, "treated": treatment_month, "born": born, "pay": pay}
    return pd.DataFrame(columns)[random.random(n * n_months) < 0.9]


def estimated(frame: pd.DataFrame):
    return ons_fixed_effects.estimate(
        frame,
        outcome="pay",
        person="person",
        month="month",
        treatment_month="treated",
        birth_month="born",
        window=WINDOW,
        draws=1000,
    )


@pytest.mark.validates("ons_fixed_effects", truth="an effect put in without noise", absolute={"effects": EXACT})
def test_an_effect_without_noise_is_recovered_exactly():
    frame = estimated(drawn(0, noise=0.0)).event_study()
    reached("effects", frame["att"], 3.0 * (frame["event_time"] >= 1))


@pytest.mark.validates(
    "ons_fixed_effects",
    truth="an effect put in, 150 panels",
    absolute={"coverage": COVERAGE, "bands": 2 * COVERAGE, "bias in errors": BIAS},
)
@pytest.mark.slow
def test_intervals_cover_and_estimates_are_unbiased():
    truth = np.array([0.0, *[3.0] * 7])
    studies = [estimated(drawn(seed)) for seed in range(REPLICATIONS)]
    att, error = (np.array([getattr(study, name)[0] for study in studies]) for name in ("att", "std_error"))
    frames = [study.event_study() for study in studies]
    assert att.shape == (REPLICATIONS, len(truth))
    covered = np.mean([frame["ci_lower"].le(truth) & frame["ci_upper"].ge(truth) for frame in frames])
    banded = np.mean([(frame["band_lower"].le(truth) & frame["band_upper"].ge(truth)).all() for frame in frames])
    reached("coverage", covered, 0.95)
    reached("bands", banded, 0.95)
    reached("bias in errors", (att - truth).mean(axis=0) / error.mean(axis=0), np.zeros(len(truth)))
