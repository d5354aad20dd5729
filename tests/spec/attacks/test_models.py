"""Attacks on models: dummies and cells of few people, saturated fits, weights, amounts that one person dominates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.inference.estimators import callaway_santanna
from pipeline.release.disclosure.dominance import dominated

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


def test_dominance_with_negatives(ons):
    """A loss hides a gain in a total, and the second largest can tell the largest from it to a tenth."""
    contributions = np.array([9000.0, -8600.0, 60.0, 55.0, 50.0, 45.0, 40.0, 35.0, 30.0, 25.0, 20.0])
    total = contributions.sum()
    known_to_second = total - contributions[1]
    assert abs(known_to_second / contributions[0] - 1) < 0.1
    signed = np.sort(contributions)[::-1]
    assert total - signed[0] - signed[1] < 0  # the p% rule with signs: no size at all
    assert dominated(contributions, ons)
    assert not dominated(np.full(11, 2000.0), ons)


def test_dominance_by_two_of_many(ons):
    two = np.array([5000.0, 4900.0, *[100.0] * 20])
    assert not two.sum() - two[:2].sum() < 0.1 * two[0]  # p% passes it
    assert dominated(two, ons)
    assert not dominated(np.zeros(11), ons)
