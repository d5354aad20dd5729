"""No hidden level may be had by subtraction."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.attrition import with_differences
from pipeline.release.disclosure.complement import with_complement
from pipeline.release.disclosure.counts import unsafe

QUICK = settings(max_examples=60, deadline=None)
PROFILES = st.builds(
    DisclosureProfile,
    threshold=st.integers(1, 30),
    suppress_zero=st.booleans(),
    round_to=st.integers(1, 25),
    minimum_residual_df=st.just(10),
)
LEVELS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=9)
EXCLUDED = st.lists(st.integers(0, 40), min_size=1, max_size=12)
ONS = DisclosureProfile(threshold=10, suppress_zero=False, round_to=5, minimum_residual_df=10)


def table(levels):
    return pd.DataFrame(levels, columns=["n_treated", "n_comparison"])


def primary(counts, rules):
    return counts.apply(unsafe, rules=rules).any(axis=1)


@QUICK
@given(levels=LEVELS, rules=PROFILES, unrecorded=st.integers(0, 40))
def test_hidden_levels_together_are_nobody_or_enough_people(levels, rules, unrecorded):
    counts = table(levels)
    total = counts.sum() + unrecorded
    hidden = with_complement(counts, primary(counts, rules), rules=rules, total=total)
    if not hidden.all():
        remainder = total - counts[~hidden].sum()
        assert not remainder.between(1, rules.threshold - 1).any()


@QUICK
@given(levels=LEVELS, rules=PROFILES)
def test_what_must_be_hidden_stays_hidden(levels, rules):
    counts = table(levels)
    must = primary(counts, rules)
    assert with_complement(counts, must, rules=rules)[must].all()


@QUICK
@given(levels=LEVELS, rules=PROFILES)
def test_one_small_level_is_never_hidden_alone_among_others(levels, rules):
    counts = table(levels)
    must = primary(counts, rules)
    hidden = with_complement(counts, must, rules=rules)
    if must.sum() == 1 and len(counts) > 1 and counts[must].to_numpy().min() > 0:
        assert hidden.sum() > 1


def test_nothing_is_hidden_without_need():
    counts = table([(40, 40), (30, 50), (20, 60)])
    assert not with_complement(counts, primary(counts, ONS), rules=ONS, total=counts.sum()).any()


def test_the_next_smallest_level_goes_with_the_small_one():
    counts = table([(400, 400), (5, 50), (30, 500), (20, 600)])
    assert with_complement(counts, primary(counts, ONS), rules=ONS).tolist() == [False, True, False, True]


def test_two_small_levels_that_come_to_the_threshold_protect_each_other():
    counts = table([(400, 400), (5, 50), (6, 500), (20, 600)])
    assert with_complement(counts, primary(counts, ONS), rules=ONS).tolist() == [False, True, True, False]


def test_a_few_people_of_no_level_are_protected_by_the_smallest_level():
    counts = table([(400, 400), (30, 500)])
    total = counts.sum().add(pd.Series({"n_treated": 3, "n_comparison": 0}))
    assert with_complement(counts, primary(counts, ONS), rules=ONS, total=total).tolist() == [False, True]


def test_the_arguments_are_not_changed():
    counts = table([(400, 400), (5, 50), (30, 500)])
    must = primary(counts, ONS)
    with_complement(counts, must, rules=ONS)
    assert must.tolist() == [False, True, False]


@QUICK
@given(excluded=EXCLUDED, start=st.integers(0, 60), rules=PROFILES)
def test_no_difference_of_boxes_shown_is_a_small_exclusion(excluded, start, rules):
    excluded = [0, *excluded]
    remaining = [start + sum(excluded) - sum(excluded[: place + 1]) for place in range(len(excluded))]
    flow = pd.DataFrame({"excluded": excluded, "remaining": remaining}, dtype="Int64")
    hidden = with_differences(flow["excluded"], flow.apply(unsafe, rules=rules), rules=rules)
    boxes = flow.loc[~hidden["remaining"], "remaining"].tolist()
    left = [before - after for before, after in pairwise(boxes)]
    assert not [gap for gap in left if 0 < gap < rules.threshold]


@QUICK
@given(excluded=EXCLUDED, start=st.integers(0, 60), rules=PROFILES)
def test_small_exclusions_stay_hidden_in_a_flow(excluded, start, rules):
    excluded = [0, *excluded]
    remaining = [start + sum(excluded) - sum(excluded[: place + 1]) for place in range(len(excluded))]
    small = pd.DataFrame({"excluded": excluded, "remaining": remaining}, dtype="Int64").apply(unsafe, rules=rules)
    hidden = with_differences(pd.Series(excluded, dtype="Int64"), small, rules=rules)
    assert hidden[small].fillna(value=True).all(axis=None)


def test_under_the_ons_profile_a_difference_leaves_at_least_four_possible_exclusions():
    left = []
    for apart in (0, 5, 10):
        widest = range(apart - (ONS.round_to - 1), apart + ONS.round_to)
        left.append([people for people in widest if 1 <= people < ONS.threshold])
    assert [len(possible) for possible in left] == [4, 9, 4]
