"""Imputation on the counties and minimum wages of R's ``did``, as two Stata commands have it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from claims import reached
from pipeline.inference.estimators import imputation

# Half a unit of the last digit printed.
PRINTED = 5e-8
# Stata's command demeans until steps are below 1e-8, which leaves 6e-8 of the effect; its error is tight to 1e-12.
EFFECT, ERROR = 1e-7, 1e-9


def imputed(reference_data, **options):
    frame = pd.read_csv(reference_data / "mpdta.csv")
    return imputation.estimate(
        frame.assign(treated=frame["first.treat"].where(frame["first.treat"] > 0)),
        outcome="lemp",
        person="countyreal",
        month="year",
        treatment_month="treated",
        **options,
    )


@pytest.fixture(scope="module")
def study(reference_data):
    return imputed(reference_data)


@pytest.fixture(scope="module")
def given_size(reference_data):
    return imputed(reference_data, covariates=["lpop"])


def shares(study) -> np.ndarray:
    """``(B,)`` treated county-years of each bin from the index on, as shares."""
    counties = study.n_treated[0] * [part.first >= 1 for part in study.bins]
    return counties / counties.sum()


@pytest.mark.validates(
    "imputation",
    published="Stata did_imputation (22 November 2023), mpdta",
    relative={"effect": EFFECT, "error": ERROR},
)
def test_the_mean_effect_and_its_error_equal_statas(study):
    """Printed to 15 digits with the parity tests of StatsPAI, option 84, commit f88b6be."""
    share = shares(study)
    reached("effect", share @ study.att[0], -0.047709915419267)
    reached("error", np.sqrt(share @ study.covariance @ share), 0.013222488649680)


@pytest.mark.validates(
    "imputation",
    published="Stata did_imputation (22 November 2023) with timecontrols(lpop), mpdta",
    relative={"effect": EFFECT, "error": ERROR},
)
def test_a_covariate_in_every_year_equals_statas_time_controls(given_size):
    """From the same printout."""
    share = shares(given_size)
    reached("effect", share @ given_size.att[0], -0.050627031482257)
    reached("error", np.sqrt(share @ given_size.covariance @ share), 0.012717372953115)


@pytest.mark.validates(
    "imputation", published="Stata jwdid, F. Rios-Avila's notes on it, mpdta", absolute={"effects": PRINTED}
)
def test_effects_equal_the_extended_two_way_regression(study):
    """In a balanced panel imputation has the effects of Wooldridge (2021); errors are of another kind."""
    events = study.event_study().query("event_time >= 1")["att"]
    reached("effects", events, [-0.0310669, -0.0522349, -0.1360781, -0.1047075])
    cells = study.group_time()["att"]
    reached("effects", cells, [-0.0193724, -0.0783191, -0.1360781, -0.1047075, 0.0025139, -0.0391927, -0.043106])
