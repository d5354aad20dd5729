"""The breakdown value of a headline: how far trends may depart before the finding is lost."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipeline.inference.diagnostics import relative_magnitude
from pipeline.inference.diagnostics.honest_did import Coefficients, breakdown
from pipeline.vocabulary.schemas.results import DIAGNOSTICS

# Half-years before, the reference -5..0, months 1 and 2, and the next ten months.
SPANS = ((-17, -12), (-11, -6), (1, 1), (2, 2), (3, 12))
COVARIANCE = 4 * (np.eye(5) + 0.5)


def headline(effects: list[float], *, spans=SPANS, role: str = "headline") -> pa.Table:
    labels = {
        "evaluation": "drawn",
        "estimator": "ons_fixed_effects",
        "outcome": "pay",
        "role": role,
        "subgroup": "all",
    }
    covariance = COVARIANCE.copy()
    unknown = np.isnan(effects)
    covariance[unknown] = covariance[:, unknown] = np.nan
    rows = [
        labels | {"months_from": first, "months_to": last, "estimate": effect, "covariance": list(row)}
        for (first, last), effect, row in zip(spans, effects, covariance, strict=True)
    ]
    return pa.Table.from_pylist(rows)


def test_a_finding_larger_than_its_pre_trend_passes_with_its_breakdown_value():
    rows = relative_magnitude.check(headline([1.0, -2.0, 20.0, 22.0, 30.0]), threshold=1.0, alpha=0.05)
    assert rows.schema.equals(DIAGNOSTICS.arrow)
    (row,) = rows.to_pylist()
    study = Coefficients(
        estimates=[1.0, -2.0, 20.0, 22.0, 30.0], covariance=COVARIANCE, n_before=2, gaps=[6, 6, 3.5, 1, 5.5]
    )
    expected = breakdown(study, restriction="relative_magnitude", weights=np.array([1, 1, 10]) / 12)
    assert (row["check"], row["status"], row["threshold"]) == ("relative_magnitude", "pass", 1.0)
    assert row["figure"] == pytest.approx(expected)
    assert f"more than {expected:.2f} times as much" in row["sentence"]


def test_a_finding_no_larger_than_its_pre_trend_is_for_review():
    (row,) = relative_magnitude.check(headline([25.0, -8.0, 20.0, 22.0, 30.0]), threshold=1.0, alpha=0.05).to_pylist()
    assert row["status"] == "review"
    assert 0 < row["figure"] < 1


def test_rows_may_come_in_any_order_and_only_the_headline_counts():
    table = headline([1.0, -2.0, 20.0, 22.0, 30.0])
    other = headline([9.0, 9.0, 0.0, 0.0, 0.0], role="robustness")
    # A covariance row is in order of months_from whatever the order of rows.
    mixed = pa.concat_tables([other, table.take([3, 0, 4, 2, 1])])
    assert relative_magnitude.check(mixed, threshold=1.0, alpha=0.05).equals(
        relative_magnitude.check(table, threshold=1.0, alpha=0.05)
    )


def test_a_bin_without_an_estimate_is_left_out():
    (row,) = relative_magnitude.check(
        headline([np.nan, -2.0, 20.0, 22.0, np.nan]), threshold=1.0, alpha=0.05
    ).to_pylist()
    study = Coefficients(estimates=[-2.0, 20.0, 22.0], covariance=COVARIANCE[1:4, 1:4], n_before=1, gaps=[6, 3.5, 1])
    expected = breakdown(study, restriction="relative_magnitude", weights=[0.5, 0.5])
    assert row["figure"] == pytest.approx(expected)


def test_months_of_anticipation_are_neither_steps_before_the_reference_nor_part_of_the_effect():
    spans = ((-29, -24), (-23, -18), (-5, 0), (1, 1), (2, 2))
    effects = [1.0, -2.0, 5.0, 20.0, 22.0]
    (row,) = relative_magnitude.check(
        headline(effects, spans=spans), threshold=1.0, alpha=0.05, anticipation=6
    ).to_pylist()
    study = Coefficients(estimates=effects, covariance=COVARIANCE, n_before=2, gaps=[6, 9, 9, 3.5, 1])
    expected = breakdown(study, restriction="relative_magnitude", weights=[0.0, 0.5, 0.5])
    assert row["figure"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("effects", "spans", "said"),
    [
        ([1.0, -2.0, 0.1, 0.2, 0.1], SPANS, "cannot be told from zero"),
        ([1.0, 20.0, 22.0, 30.0, 31.0], ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5)), "no bin before its reference"),
        ([1.0, 2.0, 20.0, 21.0, 22.0], ((-23, -18), (-5, 0), (1, 1), (2, 2), (3, 3)), "not the last bin before"),
        ([1.0, 2.0, np.nan, np.nan, np.nan], SPANS, "at least one bin before the reference and one after"),
    ],
)
def test_where_there_is_no_finding_or_no_step_the_check_is_not_evaluated(effects, spans, said):
    (row,) = relative_magnitude.check(headline(effects, spans=spans), threshold=1.0, alpha=0.05).to_pylist()
    assert (row["status"], row["figure"]) == ("not evaluated", None)
    assert said in row["sentence"]
