"""Medicaid and health insurance, the vignette of R's HonestDiD: published numbers, and what a shortcut would say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyfixest
import pytest

from claims import reached
from pipeline.inference.diagnostics.honest_did import Coefficients, bounds, breakdown
from pipeline.inference.estimators import ons_fixed_effects

# pyfixest 0.60 uses a pandas argument that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")

# R tests a grid of step 0.0004 and simulates its critical value 1,000 times; both ends lie inside by up to a step.
CONDITIONAL = 1e-3
# R simulates the folded normal's quantile: a relative error of about 0.001 on half-lengths up to 0.07.
FIXED_LENGTH = 2e-4
# Half a unit of the last digit printed.
PRINTED = 5e-6
VIGNETTE = "R HonestDiD, vignette on Medicaid"
FIRST_YEAR = {0.5: (0.0241, 0.0673), 1.0: (0.0171, 0.0720), 1.5: (0.00859, 0.0796), 2.0: (-0.00107, 0.0883)}
# The same with the digits of the results stored with the vignette.
STORED = {
    0.5: (0.024130, 0.067263), 1.0: (0.017094, 0.071963), 1.5: (0.008587, 0.079599), 2.0: (-0.001067, 0.088347),
}  # fmt: skip
# Six decimals are half a unit of the last from the number stored, in steps of R's grid.
DIGITS = 2e-3
# The vignette's average of both years, from the results stored with it.
AVERAGE = {
    0.0: (0.040530, 0.075123), 0.5: (0.032142, 0.079816), 1.0: (0.019384, 0.090149),
    1.5: (0.005824, 0.103501), 2.0: (-0.008538, 0.117249),
}  # fmt: skip
# The vignette's, with the digits of the results stored with it: print rounds the last three upper ends to 0.001.
SMOOTH = {
    0.00: (0.025941, 0.060726), 0.01: (0.013197, 0.078671), 0.02: (0.002857, 0.090716),
    0.03: (-0.007143, 0.100716), 0.04: (-0.017143, 0.110716), 0.05: (-0.027143, 0.120716),
}  # fmt: skip


@pytest.fixture(scope="module")
def states(reference_data) -> pd.DataFrame:
    """States that expanded in 2014, and those that had not by 2015."""
    return pd.read_csv(reference_data / "ehec.csv").query("year < 2016 and yexp2 != 2015")


@pytest.fixture(scope="module")
def medicaid(states) -> Coefficients:
    """Their event study; 2013 is the reference."""
    frame = states.assign(expanded=(states["yexp2"] == 2014).astype(int), cluster=states["stfips"])
    found = pyfixest.feols("dins ~ i(year, expanded, ref=2013) | stfips + year", frame, vcov={"CRV1": "cluster"})
    return Coefficients(estimates=found.coef().to_numpy(), covariance=found._vcov, n_before=5)


def ends(found) -> np.ndarray:
    return np.stack([found.lower, found.upper], axis=1)


def test_the_event_study_is_the_published_one(medicaid):
    np.testing.assert_allclose(medicaid.estimates[5:], [0.04645, 0.06921], atol=PRINTED)
    np.testing.assert_allclose(np.sqrt(np.diag(medicaid.covariance)[5:]), [0.00915, 0.01035], atol=PRINTED)


@pytest.mark.validates("ons_fixed_effects", published=VIGNETTE, absolute={"effects": PRINTED, "errors": PRINTED})
def test_fixed_effects_are_the_published_event_study(states):
    early = states["yexp2"].where(states["yexp2"] == 2014)
    study = ons_fixed_effects.estimate(
        states.assign(early=early), outcome="dins", person="stfips", month="year", treatment_month="early"
    )
    after = study.event_study().query("event_time >= 1")
    reached("effects", after["att"], [0.04645, 0.06921])
    reached("errors", after["std_error"], [0.00915, 0.01035])
    own = bounds(study, restriction="relative_magnitude", magnitudes=list(FIRST_YEAR))
    np.testing.assert_allclose(ends(own), list(FIRST_YEAR.values()), rtol=0, atol=CONDITIONAL)


@pytest.mark.validates("honest_did", published=VIGNETTE, absolute={"ends": CONDITIONAL})
def test_relative_magnitudes_of_the_first_year_equal_the_published_intervals(medicaid):
    found = bounds(medicaid, restriction="relative_magnitude", magnitudes=list(FIRST_YEAR))
    reached("ends", ends(found), list(FIRST_YEAR.values()))


@pytest.mark.validates("honest_did", published=VIGNETTE, absolute={"ends": CONDITIONAL})
def test_relative_magnitudes_of_the_average_equal_the_published_intervals(medicaid):
    found = bounds(medicaid, restriction="relative_magnitude", magnitudes=list(AVERAGE), weights=[0.5, 0.5])
    reached("ends", ends(found), list(AVERAGE.values()))


def test_on_the_grid_of_r_the_same_points_are_kept(medicaid):
    """R tests 1,000 points over the estimated identified set and 20 standard errors on both sides of it."""
    largest = np.abs(np.diff(np.append(medicaid.estimates[:5], 0.0))).max()
    apart = []
    for published, weights in ((STORED, [1.0, 0.0]), (AVERAGE, [0.5, 0.5])):
        found = bounds(medicaid, restriction="relative_magnitude", magnitudes=list(published), weights=weights)
        for magnitude, lower, upper in zip(published, found.lower, found.upper, strict=True):
            half = magnitude * largest * (weights[0] + 2 * weights[1]) + 20 * found.std_error
            grid = found.estimate + np.linspace(-half, half, 1000)
            kept = grid[(grid >= lower) & (grid <= upper)]
            apart += list((kept[[0, -1]] - published[magnitude]) / (grid[1] - grid[0]))
    # Its critical value, simulated, has an error of about 5%: a point next to an end may fall on the other side.
    assert np.abs(apart).max() < 1 + DIGITS
    assert (np.abs(apart) < DIGITS).sum() >= 14
    assert len(apart) == 18


@pytest.mark.validates("honest_did", published=VIGNETTE, absolute={"ends": FIXED_LENGTH})
def test_smoothness_of_the_first_year_equals_the_published_intervals(medicaid):
    found = bounds(medicaid, restriction="smoothness", magnitudes=list(SMOOTH))
    reached("ends", ends(found), list(SMOOTH.values()))


@pytest.mark.validates("honest_did", published=VIGNETTE)
def test_the_conclusion_breaks_down_where_the_published_intervals_meet_zero(medicaid):
    relative = breakdown(medicaid, restriction="relative_magnitude")
    assert 1.5 < relative < 2
    assert 0.02 < breakdown(medicaid, restriction="smoothness") < 0.03
    around = bounds(medicaid, restriction="relative_magnitude", magnitudes=[relative * 0.999, relative * 1.001])
    assert around.table()["excludes_zero"].tolist() == [True, False]


def test_the_naive_shortcut_would_give_another_verdict_at_twice_the_largest_step(medicaid):
    """The identified set at the estimated steps, widened by 1.96 standard errors of the effect alone."""
    largest = np.abs(np.diff(np.append(medicaid.estimates[:5], 0.0))).max()
    std_error = np.sqrt(medicaid.covariance[5, 5])
    naive_lower = medicaid.estimates[5] - 2 * largest - 1.96 * std_error
    honest = bounds(medicaid, restriction="relative_magnitude", magnitudes=[2.0])
    assert naive_lower > 0
    assert honest.lower[0] < 0 < honest.upper[0]
