"""Draws and allocations: exact, in proportion, and whole."""

from __future__ import annotations

from fractions import Fraction
from hashlib import md5

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.population.cohort.draws import DIGITS, draw_sql, intervals, smoothed
from pipeline.population.cohort.sampling import Stratum, allocation

ONE_PERSON = Fraction(1)
"""A share of a sample is rounded to whole people, so it is within one of the exact share."""

unhurried = settings(deadline=None)
"""How long an example takes depends on what else the machine does, and is not claimed here."""

strata = st.lists(st.builds(Stratum, treated=st.integers(1, 50), available=st.integers(0, 200)), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        yield opened


@unhurried
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_a_draw_in_sql_is_the_draw_in_python(connection, text):
    ((draw,),) = connection.execute(f"SELECT {draw_sql('?')}", [text]).fetchall()
    assert draw == md5(text.encode()).hexdigest()[:DIGITS]


def test_counts_are_smoothed_by_a_centred_three_month_mean_partial_at_the_ends():
    # Six times the means 1.5, 4, 6, 4.5 of the counts 3, 0, 9, … with one month outside the span.
    weights = smoothed({1: 3, 3: 9, 4: 9, 9: 100}, between=(1, 4))
    assert weights == {1: 9, 2: 24, 3: 36, 4: 54}


def test_a_span_of_one_month_is_its_own_mean():
    assert smoothed({5: 7}, between=(5, 5)) == {5: 42}


@unhurried
@given(
    weights=st.dictionaries(st.integers(1, 200), st.integers(0, 10**6), min_size=1).filter(lambda w: any(w.values()))
)
def test_intervals_cover_every_draw_once_in_proportion(weights):
    found = intervals(weights)
    assert [i.month for i in found] == [month for month, weight in weights.items() if weight]
    assert found[0].lower == "0" * DIGITS
    assert found[-1].upper > "f" * DIGITS
    assert [i.upper for i in found[:-1]] == [i.lower for i in found[1:]]
    total, end = sum(weights.values()), 0
    for interval in found[:-1]:
        end += weights[interval.month]
        # The first draw past the interval is the smallest whole one at or above the exact share.
        assert 0 <= int(interval.upper, 16) - Fraction(16**DIGITS * end, total) < 1


@unhurried
@given(strata=strata, at_most=st.integers(1, 100))
def test_a_sample_holds_the_proportions_and_no_more_than_there_is(strata, at_most):
    take = allocation(strata, at_most=at_most)
    total = sum(stratum.treated for stratum in strata)
    assert all(0 <= n <= stratum.available for n, stratum in zip(take, strata, strict=True))
    n = next(n for n in range(at_most, -1, -1) if _shares(strata, n=n) == take)
    assert all(
        abs(taken - Fraction(n * stratum.treated, total)) <= ONE_PERSON
        for taken, stratum in zip(take, strata, strict=True)
    )
    if n < at_most:
        larger = _shares(strata, n=n + 1)
        assert any(m > stratum.available for m, stratum in zip(larger, strata, strict=True))


def _shares(strata, *, n):
    """Shares of n people rounded half up, said another way."""
    total = sum(stratum.treated for stratum in strata)
    return [int(Fraction(n * stratum.treated, total) + Fraction(1, 2)) for stratum in strata]


@pytest.mark.parametrize(
    ("available", "taken"),
    [((1000, 1000), [75, 25]), ((1000, 10), [31, 10]), ((30, 1000), [30, 10]), ((1000, 0), [1, 0])],
)
def test_the_shortest_stratum_sets_the_size(available, taken):
    strata = [Stratum(treated=3, available=available[0]), Stratum(treated=1, available=available[1])]
    assert allocation(strata, at_most=100) == taken
