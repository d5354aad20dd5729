"""Attacks on kinds of output that Causeway does not publish: the door has no rule for them, so it does not open."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipeline.release.disclosure.inputs import PUBLISHED, RULED, refuse_unruled
from pipeline.vocabulary.errors import DisclosureError
from pipeline.vocabulary.schemas.schema import Column, Schema

SECRET = 8123.0


def refused(door, column, value):
    """A table of estimates with one column more is refused, and so is a published schema with it."""
    table = door.estimates({}).append_column(column, pa.array([value], pa.float64()))
    with pytest.raises(DisclosureError, match=f"source estimates, column {column}: column is not declared"):
        door.opens_for(estimates=table)
    published = PUBLISHED["estimates"]
    grown = Schema(
        name=published.name,
        grain=published.grain,
        key=published.key,
        columns=(*published.columns, Column(name=column, type=pa.float64(), role="statistic")),
    )
    with pytest.raises(DisclosureError, match=f"column {column}: column has no disclosure rule"):
        refuse_unruled("estimates", grown, ruled=RULED["estimates"])
    return True


def test_a_survival_curve_steps_where_one_person_left_work(door):
    left_work = np.array([3.0, 7.0, 7.0, 11.0, *[np.inf] * 36])
    curve = {month: float((left_work > month).mean()) for month in range(1, 13)}
    steps = {month: round(40 * (curve[month - 1] - curve[month])) for month in range(2, 13)}
    assert [month for month, people in steps.items() if people == 1] == [3, 11]
    assert refused(door, "survival", curve[3])


@pytest.mark.parametrize("name", ["maximum", "percentile_99", "minimum"])
def test_an_extreme_quantile_is_a_record(door, name):
    pay = np.append(np.random.default_rng(31).normal(2000, 300, 40), SECRET)
    assert np.quantile(pay, 1.0, method="higher") == SECRET
    assert refused(door, name, float(pay.max()))


def test_a_residual_beside_its_fitted_value_is_a_record(door):
    pay = np.append(np.random.default_rng(32).normal(2000, 300, 40), SECRET)
    design = np.column_stack([np.ones(41), np.arange(41.0)])
    fitted = design @ np.linalg.lstsq(design, pay, rcond=None)[0]
    residuals = pay - fitted
    assert fitted[-1] + residuals[-1] == pytest.approx(SECRET, abs=1e-6)  # float64, as above
    assert refused(door, "residual", float(residuals[-1]))


def test_a_coefficient_of_a_covariate_would_be_a_cell_of_its_own(door):
    """Effects of single levels, months and people stay: the door knows no column for them."""
    assert refused(door, "covariate_coefficient", 1.0)
