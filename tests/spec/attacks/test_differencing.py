"""Attacks by subtraction: the same figure with a person and without them."""

from __future__ import annotations

import numpy as np
import pytest

SECRET = 8123.0
"""The planted person's pay in pounds a month."""

FEW_POUNDS = 1e-6
"""An attacker who comes this close has it: sums of float64 of this size are good to 1e-9."""

N = 60


@pytest.fixture(scope="module")
def pay():
    """Pay of sixty people; the last is the one who was planted."""
    drawn = np.random.default_rng(11).normal(2000, 300, N)
    drawn[-1] = SECRET
    return drawn


@pytest.fixture(scope="module")
def design():
    """What an attacker may know of people besides their pay: treated or not, and age."""
    treated = (np.arange(N) < N // 2).astype(float)
    treated[-1] = 1.0
    return np.column_stack([np.ones(N), treated, np.random.default_rng(12).uniform(25, 64, N)])


def test_a_mean_of_n_against_one_of_n_less_1(pay, door):
    everybody, without = pay.mean(), pay[:-1].mean()
    assert N * everybody - (N - 1) * without == pytest.approx(SECRET, abs=FEW_POUNDS)
    run = "ons_fixed_effects:stopped_before_2020_03"
    release = door.opens_for(
        estimates=door.estimates(
            {"n_treated": N, "estimate": everybody},
            {"estimator": run, "role": "robustness", "n_treated": N - 1, "estimate": without},
        )
    )
    assert release.estimates["estimate"].to_pylist() == [round(everybody, 2), None]


def test_a_regression_of_n_against_one_of_n_less_1(pay, design, door):
    fit = np.linalg.lstsq(design, pay, rcond=None)[0]
    fit_without = np.linalg.lstsq(design[:-1], pay[:-1], rcond=None)[0]
    person = design[-1]
    recovered = (design.T @ design @ fit - design[:-1].T @ design[:-1] @ fit_without) / person
    assert recovered == pytest.approx([SECRET] * 3, abs=FEW_POUNDS)
    release = door.opens_for(
        estimates=door.estimates(
            {"n_treated": 31, "n_comparison": 29, "estimate": fit[1]},
            {"estimator": "ons_fixed_effects:linkage_weighted", "role": "robustness", "n_treated": 30,
             "n_comparison": 29, "estimate": fit_without[1]},
        )
    )  # fmt: skip
    assert release.estimates["estimate"].to_pylist()[1] is None
    said = {row["rule"]: row["affected"] for row in release.log.to_pylist() if row["table"] == "estimates"}
    assert said["samples that differ by few"] == 8


def test_a_subgroup_against_everybody_gives_its_complement(pay, door):
    everybody, women = pay.mean(), pay[:-1].mean()
    assert N * everybody - (N - 1) * women == pytest.approx(SECRET, abs=FEW_POUNDS)
    levels = {"role": "subgroup", "subgroup": "sex", "n_comparison": 1000}
    release = door.opens_for(
        estimates=door.estimates(
            {"n_treated": N, "estimate": everybody},
            levels | {"subgroup_value": "female", "n_treated": N - 1, "estimate": women},
            levels | {"subgroup_value": "male", "n_treated": 1, "estimate": SECRET},
        )
    )
    assert release.estimates["estimate"].to_pylist() == [round(everybody, 2), None, None]


def test_a_subgroup_whose_complement_has_no_row_is_no_safer(pay, door):
    """The planted person's sex is not recorded: no level is theirs, and yet one row less another is they."""
    release = door.opens_for(
        estimates=door.estimates(
            {"n_treated": N, "estimate": pay.mean()},
            {"role": "subgroup", "subgroup": "sex", "subgroup_value": "female", "n_treated": N - 1,
             "estimate": pay[:-1].mean()},
        )
    )  # fmt: skip
    assert release.estimates["estimate"].to_pylist()[1] is None


def test_a_revision_that_drops_one_person(pay, door):
    first = {"estimates": door.estimates({"n_treated": N, "estimate": pay.mean()})}
    second = {"estimates": door.estimates({"n_treated": N - 1, "estimate": pay[:-1].mean()})}
    out, revised = door.opens_for(**first), door.opens_for(**second)
    shown = [release.estimates["estimate"].to_pylist()[0] for release in (out, revised)]
    half_a_penny = 0.005
    assert N * shown[0] - (N - 1) * shown[1] == pytest.approx(SECRET, abs=2 * N * half_a_penny)
    held = door.opens_for(earlier=door.ledger_of(out, **first), **second)
    assert held.estimates["estimate"].to_pylist() == [None]


def test_a_revision_of_the_same_people_leaves(pay, door):
    first = {"estimates": door.estimates({"n_treated": N, "estimate": pay.mean()})}
    ledger = door.ledger_of(door.opens_for(**first), **first)
    assert door.opens_for(earlier=ledger, **first).estimates["estimate"].to_pylist() == [round(pay.mean(), 2)]


def test_a_sample_that_is_larger_by_ten_leaves(door):
    run = {"estimator": "ons_fixed_effects:stopped_before_2020_03", "role": "robustness", "n_treated": 50}
    release = door.opens_for(estimates=door.estimates({"n_treated": 60}, run))
    assert release.estimates["obs_status"].to_pylist() == ["", ""]
