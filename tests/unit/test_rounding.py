"""Counts that may be shown, and what they become."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.counts import decimals, rounded, shown, unsafe

QUICK = settings(max_examples=60, deadline=None)
PROFILES = st.builds(
    DisclosureProfile,
    threshold=st.integers(1, 40),
    suppress_zero=st.booleans(),
    round_to=st.integers(1, 25),
    minimum_residual_df=st.just(10),
)
COUNTS = st.lists(st.integers(0, 10**9) | st.integers(0, 60) | st.none(), min_size=1, max_size=30)
ONS = DisclosureProfile(threshold=10, suppress_zero=False, round_to=5, minimum_residual_df=10)


def counts(values: list[int | None]) -> pd.Series:
    return pd.Series(values, dtype="Int64")


def published(values: list[int | None], rules: DisclosureProfile) -> list[int | None]:
    true = counts(values)
    return [None if pd.isna(count) else int(count) for count in shown(true, unsafe(true, rules), rules)]


@QUICK
@given(values=COUNTS, rules=PROFILES)
def test_no_count_below_the_threshold_is_shown(values, rules):
    smallest = 0 if rules.suppress_zero else 1
    assert not [
        count for count in published(values, rules) if count is not None and smallest <= count < rules.threshold
    ]


@QUICK
@given(values=COUNTS, rules=PROFILES)
def test_every_count_shown_is_a_multiple_of_the_base(values, rules):
    assert all(count % rules.round_to == 0 for count in published(values, rules) if count is not None)


@QUICK
@given(values=COUNTS, rules=PROFILES)
def test_a_count_shown_is_near_the_true_one(values, rules):
    for true, seen in zip(values, published(values, rules), strict=True):
        near_threshold = true is not None and true < rules.threshold + rules.round_to
        allowed = rules.round_to if near_threshold else rules.round_to / 2
        assert seen is None or abs(seen - true) <= allowed


@QUICK
@given(values=COUNTS, rules=PROFILES)
def test_exactly_the_small_counts_are_hidden(values, rules):
    smallest = 0 if rules.suppress_zero else 1
    expected = [true is None or smallest <= true < rules.threshold for true in values]
    assert [seen is None for seen in published(values, rules)] == expected


@QUICK
@given(values=st.lists(st.integers(0, 10**6), min_size=2, max_size=30), rules=PROFILES)
def test_rounding_keeps_the_order_of_counts(values, rules):
    assert rounded(counts(sorted(values)), rules).is_monotonic_increasing


@pytest.mark.parametrize(
    ("true", "seen"), [(0, 0), (1, None), (9, None), (10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (1002, 1000)]
)
def test_the_ons_profile_hides_1_to_9_and_rounds_the_rest_to_5(true, seen):
    assert published([true], ONS) == [seen]


def test_halves_are_rounded_upwards():
    tens = DisclosureProfile(threshold=10, suppress_zero=False, round_to=10, minimum_residual_df=10)
    assert published([15, 25, 35], tens) == [20, 30, 40]


def test_a_safe_count_is_never_rounded_to_an_unsafe_one():
    rules = DisclosureProfile(threshold=11, suppress_zero=False, round_to=5, minimum_residual_df=10)
    assert published([11, 12, 13], rules) == [15, 15, 15]


def test_a_profile_may_hide_zeros():
    rules = DisclosureProfile(threshold=10, suppress_zero=True, round_to=5, minimum_residual_df=10)
    assert published([0, 10], rules) == [None, 10]


@QUICK
@given(figure=st.floats(-1e6, 1e6), places=st.integers(0, 4))
def test_a_figure_printed_with_its_decimals_reads_back_as_itself(figure, places):
    seen = decimals(pd.Series([figure]), places)[0]
    assert float(f"{seen:.{places}f}") == seen


def test_a_rounded_figure_has_no_minus_zero():
    assert str(decimals(pd.Series([-0.0001]), 2)[0]) == "0.0"
