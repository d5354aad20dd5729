"""Empirical calibration beside OHDSI's published example and its Python port, sensitivity beside DoWhy."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from empiricalcalibration import calibrateConfidenceInterval, calibrateP, convertNullToErrorModel, datasets, fitNull

from pipeline.inference.diagnostics.calibration import fit_null
from pipeline.inference.diagnostics.untreated.omitted_variable import benchmarks, coefficient

# OHDSI's vignette on its self-controlled case series: the null of 45 drugs that cannot cause what was looked for.
PUBLISHED = {"mean": 0.792158, "sd": 0.283436}
# OHDSI's search stops there: the likelihood is no higher at its numbers than at ours.
SEARCH = 1e-4
# Of p values and interval ends, which move as the null does.
ENDS = 3e-4
SAME = 1e-9


@pytest.fixture(scope="module")
def controls() -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the port reads its files with an argument that pandas 3 gives up
        frame = datasets.sccs() if callable(datasets.sccs) else datasets.sccs
    return frame[frame["groundTruth"] == 0]


def test_the_null_of_the_published_example(controls):
    found = fit_null(controls["logRr"], controls["seLogRr"])
    assert found.mean == pytest.approx(PUBLISHED["mean"], abs=SEARCH)
    assert found.sd == pytest.approx(PUBLISHED["sd"], abs=SEARCH)

    def surprise(mean: float, sd: float) -> float:
        variance = sd**2 + controls["seLogRr"] ** 2
        return float((np.log(variance) + (controls["logRr"] - mean) ** 2 / variance).sum())

    assert surprise(found.mean, found.sd) <= surprise(**PUBLISHED)


def test_calibrated_p_values_and_intervals_are_those_of_the_port(controls):
    found = fit_null(controls["logRr"], controls["seLogRr"])
    other = fitNull(controls["logRr"].to_numpy(), controls["seLogRr"].to_numpy())
    model = convertNullToErrorModel(other)
    for estimate, error in ((1.2, 0.1), (0.2, 0.5), (-0.3, 0.05)):
        expected = np.asarray(calibrateP(other, np.array([estimate]), np.array([error]))).ravel()[0]
        assert found.p_value(estimate, error) == pytest.approx(expected, abs=ENDS)
        interval = calibrateConfidenceInterval(np.array([estimate]), np.array([error]), model)
        ends = interval[["logLb95Rr", "logUb95Rr"]].to_numpy().ravel()
        assert found.interval(estimate, error) == pytest.approx(ends, abs=ENDS)


def test_sensitivity_to_an_omitted_variable_is_that_of_dowhy():
    random = np.random.default_rng(3)
    known = random.normal(size=(400, 3))
    treated = (0.4 * known[:, 0] + random.normal(size=400) > 0).astype(float)
    outcome = 0.5 * treated + known @ [0.6, 0.2, 0.0] + random.normal(size=400)
    found = coefficient(outcome, treated, known)
    (bound,) = benchmarks(outcome, treated, known, groups={"x0": [0]})
    expected = dowhys(pd.DataFrame(known, columns=["x0", "x1", "x2"]).assign(t=treated, y=outcome))
    assert found.robustness_value() == pytest.approx(expected.stats["robustness_value"], abs=SAME)
    assert found.robustness_value(alpha=0.05) == pytest.approx(
        expected.stats["robustness_value_statistical_significance"]
        if "robustness_value_statistical_significance" in expected.stats
        else expected.stats["robustness_value_alpha"],
        abs=SAME,
    )
    row = expected.benchmarking_results
    assert bound.treatment == pytest.approx(float(row["r2tu_w"].iloc[0]), abs=SAME)
    assert bound.outcome == pytest.approx(float(row["r2yu_tw"].iloc[0]), abs=SAME)
    left = found.with_confounder(treatment=bound.treatment, outcome=bound.outcome)
    assert left.estimate == pytest.approx(float(row["bias_adjusted_estimate"].iloc[0]), abs=SAME)
    assert left.std_error == pytest.approx(float(row["bias_adjusted_se"].iloc[0]), abs=SAME)


def dowhys(frame: pd.DataFrame):
    """DoWhy's linear sensitivity analysis, benchmarked by x0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dowhy import CausalModel

        model = CausalModel(frame, treatment="t", outcome="y", common_causes=["x0", "x1", "x2"])
        estimand = model.identify_effect(proceed_when_unidentifiable=True)
        estimate = model.estimate_effect(estimand, method_name="backdoor.linear_regression")
        return model.refute_estimate(
            estimand,
            estimate,
            method_name="add_unobserved_common_cause",
            simulation_method="linear-partial-R2",
            benchmark_common_causes=["x0"],
            effect_fraction_on_treatment=[1],
            plot_estimate=False,
        )
