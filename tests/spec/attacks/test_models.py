"""Attacks on models: dummies and cells of few people, saturated fits, weights, amounts that one person dominates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline.inference.estimators import callaway_santanna
from pipeline.vocabulary.schemas.results import CONTRIBUTIONS

SECRET = 8123.0
FEW_POUNDS = 1e-6
"""Sums of float64 of this size are good to 1e-9."""


@pytest.fixture(scope="module")
def pay():
    drawn = np.random.default_rng(21).normal(2000, 300, 40)
    drawn[-1] = SECRET
    return drawn


def test_a_dummy_of_one_person(pay, door):
    """A bin that one person is in: its effect and the mean of the others are that person's pay."""
    alone = (np.arange(40) == 39).astype(float)
    mean, effect = np.linalg.lstsq(np.column_stack([np.ones(40), alone]), pay, rcond=None)[0]
    assert mean + effect == pytest.approx(SECRET, abs=FEW_POUNDS)
    release = door.opens_for(estimates=door.estimates({"n_treated": 1, "estimate": effect}))
    assert release.estimates["estimate"].to_pylist() == [None]


def test_a_cell_of_fixed_effects_under_ten(pay, door):
    """Eight colleagues know their own pay; the effect of their cell of nine is its mean."""
    cell = pay[-9:]
    assert 9 * cell.mean() - cell[:-1].sum() == pytest.approx(SECRET, abs=FEW_POUNDS)
    few = {"role": "subgroup", "subgroup": "region", "subgroup_value": "North East", "n_treated": 9}
    release = door.opens_for(estimates=door.estimates({}, few | {"estimate": cell.mean()}))
    assert release.estimates["estimate"].to_pylist() == [1.0, None]


def test_a_saturated_model(pay, door):
    """As many coefficients as records: what is fitted is what was observed."""
    design = np.random.default_rng(22).normal(size=(40, 40))
    fit = np.linalg.solve(design, pay)
    assert design[-1] @ fit == pytest.approx(SECRET, abs=FEW_POUNDS)
    release = door.opens_for(estimates=door.estimates({"residual_df": 0, "n_treated": 40, "estimate": fit[-1]}))
    assert release.estimates["estimate"].to_pylist() == [None]


def test_contributors_under_weights(door):
    """Three people with weights of five are fifteen by weight and three by count: it is people that are counted."""
    months = range(12)
    people = [(n, 6 if n < 3 else None, 5.0 if n < 3 else 1.0) for n in range(60)]
    drawn = np.random.default_rng(23)
    frame = pd.DataFrame(
        [
            {"person": n, "month": month, "first": first, "weight": weight, "pay": drawn.normal(2000, 100)}
            for n, first, weight in people
            for month in months
        ]
    )
    assert frame[frame["first"].notna()].groupby("person")["weight"].first().sum() > 10
    found = callaway_santanna.estimate(
        frame, outcome="pay", person="person", month="month", treatment_month="first", weights="weight"
    ).event_study()
    assert set(found.loc[found["event_time"] >= 1, "n_treated"]) == {3}
    release = door.opens_for(estimates=door.estimates({"n_treated": 3, "estimate": float(found["att"].iloc[-1])}))
    assert release.estimates["estimate"].to_pylist() == [None]


def test_dominance_with_negatives(ons, door):
    """A loss hides a gain in a total, and the second largest can tell the largest from it to a tenth."""
    amounts = np.array([9000.0, -8600.0, 60.0, 55.0, 50.0, 45.0, 40.0, 35.0, 30.0, 25.0, 20.0])
    total = amounts.sum()
    assert abs((total - amounts[1]) / amounts[0] - 1) < ons.dominance_p / 100
    signed = np.sort(amounts)[::-1]
    assert total - signed[:2].sum() < 0  # with signs: a rest that is no size at all
    rows = door.estimates({}, {"months_from": 49, "months_to": 54})
    release = door.opens_for(estimates=rows, contributions=largest(amounts))
    assert release.estimates["obs_status"].to_pylist() == ["c", ""]


@pytest.mark.parametrize(
    ("amounts", "status"),
    [([5000.0, 4900.0, *[40.0] * 20], "c"), ([2000.0] * 11, ""), ([0.0] * 11, "")],
    ids=["two of many", "all alike", "nothing"],
)
def test_dominance_by_two_and_by_nobody(door, amounts, status):
    release = door.opens_for(estimates=door.estimates({}), contributions=largest(np.array(amounts)))
    assert release.estimates["obs_status"].to_pylist() == [status]


def largest(amounts):
    """The contributions to pay of the treated in months 55 to 60."""
    sizes = np.sort(np.abs(amounts))[::-1]
    row = {"outcome": "pay", "subgroup": "all", "subgroup_value": "", "months_from": 55, "months_to": 60,
           "side": "n_treated", "largest": sizes[0], "second": sizes[1], "total": sizes.sum()}  # fmt: skip
    return CONTRIBUTIONS.conform(pa.Table.from_pylist([row], schema=CONTRIBUTIONS.arrow))
