"""The age spline is R's ``ns``: its knots, its space, its straight tails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patsy import dmatrix

from pipeline.inference.moments.people.spline import AgeCounts, age_basis, natural_knots, nonlinear_part, quantiles
from pipeline.vocabulary.designs import AgeSpline

# Rounding of cubes of ages scaled to [0, 1].
ROUNDING = 1e-9


def counted(ages: np.ndarray) -> AgeCounts:
    return AgeCounts(first=int(ages.min()), counts=np.bincount(ages - ages.min()))


@given(st.lists(st.integers(300, 400), min_size=1, max_size=60), st.floats(0, 1))
def test_quantiles_of_counts_are_type_seven_quantiles(ages, share):
    ages = counted(np.array(ages))
    expected = np.quantile(np.repeat(ages.ages, ages.counts), share)
    assert quantiles(ages.ages, ages.counts, np.array([share]))[0] == pytest.approx(expected, abs=ROUNDING)


@given(st.lists(st.integers(200, 260), min_size=1), st.lists(st.integers(230, 300), min_size=1))
def test_counts_of_two_shards_add(one, other):
    added = counted(np.array(one)) + counted(np.array(other))
    both = counted(np.array(one + other))
    assert added.first == both.first
    assert added.counts.tolist() == both.counts.tolist()


def test_knots_are_those_of_ns():
    # By hand, in months 1..101 once each: the 10th and 90th percentiles are 11 and 91; between them lie 81 ages, whose
    # fifths are 11 + 80 * (0.2, 0.4, 0.6, 0.8).
    ages = counted(np.arange(1, 102))
    assert natural_knots(ages, AgeSpline()).tolist() == [11, 27, 43, 59, 75, 91]


def test_the_space_is_that_of_a_natural_cubic_spline():
    ages = np.arange(300.0, 800.0)
    knots = np.array([360.0, 420, 480, 560, 640, 700])
    other = np.asarray(
        dmatrix(
            "cr(ages, knots=inner, lower_bound=low, upper_bound=high) - 1",
            {"ages": ages, "inner": list(knots[1:-1]), "low": knots[0], "high": knots[-1]},
        )
    )
    scaled = (ages - 300) / 500
    ours = np.column_stack([np.ones_like(ages), scaled, nonlinear_part(scaled, (knots - 300) / 500)])
    left = other - ours @ np.linalg.lstsq(ours, other, rcond=None)[0]
    assert np.abs(left).max() < ROUNDING
    assert np.linalg.matrix_rank(other) == ours.shape[1] == 6


def test_outside_the_boundary_knots_it_is_a_straight_line():
    ages = np.concatenate([np.arange(0.0, 0.1, 0.01), np.arange(0.9, 1.0, 0.01)])
    columns = nonlinear_part(ages, np.array([0.1, 0.3, 0.5, 0.6, 0.9]))
    assert np.abs(np.diff(columns[:10], n=2, axis=0)).max() < ROUNDING
    assert np.abs(np.diff(columns[10:], n=2, axis=0)).max() < ROUNDING


def test_the_line_drops_out_and_the_rest_is_orthonormal_over_person_months():
    ages = counted(np.random.default_rng(0).integers(300, 780, 5_000))
    basis = age_basis(ages, AgeSpline())
    assert basis.n_columns == 4
    weighted = basis.table * ages.counts[:, None] / ages.counts.sum()
    np.testing.assert_allclose(weighted.T @ basis.table, np.eye(4), atol=ROUNDING)
    np.testing.assert_allclose(weighted.T @ np.column_stack([np.ones(480), ages.ages / 480]), 0, atol=ROUNDING)


@pytest.mark.parametrize(("ages", "columns"), [([300] * 9, 0), ([300, 301] * 9, 0), ([300, 301, 302] * 9, 1)])
def test_knots_that_coincide_count_once(ages, columns):
    assert age_basis(counted(np.array(ages)), AgeSpline()).n_columns == columns
