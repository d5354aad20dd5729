"""Numbers, units and effects in words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.release.publication.pages.effects import Effect, Estimate, Interval, OutcomeEffects, Series
from pipeline.release.publication.pages.headlines import headlines, sentence
from pipeline.release.publication.pages.robustness import estimators_table, robustness_table
from pipeline.release.publication.pages.tables import effect_table, subgroup_table
from pipeline.release.publication.pages.words import (
    MINUS,
    amount,
    count,
    listed,
    number,
    readable_decimals,
    span,
    statistic,
    unit_of,
)
from pipeline.vocabulary.outcomes import EMPLOYED, PAY, Outcome
from pipeline.vocabulary.windows import Bin

OPERATION = "a first bariatric operation"


def effect(value: float | None, half_width: float = 1.0, *, first: int = 55, last: int = 60, **where: str) -> Effect:
    estimate = None
    if value is not None:
        interval = Interval(lower=value - half_width, upper=value + half_width)
        estimate = Estimate(value=value, std_error=half_width / 1.96, interval=interval, band=interval)
    people = None if value is None else 40_660
    return Effect(
        subgroup=where.get("subgroup", "all"),
        level=where.get("level", ""),
        first=first,
        last=last,
        estimate=estimate,
        n_treated=people,
        n_comparison=people,
        suppressed=value is None,
    )


def effects(*headline: Effect, outcome: Outcome = PAY, **others: tuple[Effect, ...]) -> OutcomeEffects:
    return OutcomeEffects(
        outcome=outcome,
        price_base="2023" if outcome.prices else "",
        period_unit="month",
        headline=headline,
        reference=(Bin(number=0, first=-5, last=0, reference=True),),
        subgroups=others.get("subgroups", ()),
        interacted=others.get("interacted", ()),
    )


def said(value: float | None, half_width: float = 1.0, *, outcome: Outcome = PAY) -> str:
    one = effect(value, half_width)
    return sentence(one, effects(one, outcome=outcome), OPERATION)


def test_a_gain_reads_as_the_published_headline_does():
    assert said(84.3, 21.5) == (
        "In months 55 to 60 after a first bariatric operation, monthly employee pay, £0 in months without pay, was "
        "£84 a month higher (95% interval £63 to £106; 2023 prices) than it would have been on this comparison."
    )


def test_a_loss_is_lower_at_both_ends_from_small_to_large():
    assert "was £117 a month lower (95% interval £104 to £130 lower; 2023 prices) than" in said(-117, 13)


def test_an_interval_over_zero_says_so():
    assert "£17 a month higher (95% interval £5 lower to £39 higher; 2023 prices)" in said(17, 22)
    assert said(17, 22).endswith("The interval includes no difference.")


def test_percentage_points_keep_the_decimal_that_their_interval_supports():
    assert "was 4.3 percentage points higher (95% interval 3.7 to 4.9) than" in said(4.31, 0.6, outcome=EMPLOYED)


def test_an_effect_that_rounds_to_nothing_is_neither_higher_nor_lower():
    assert "differed by 0.0 percentage points (95% interval" in said(-0.02, 0.6, outcome=EMPLOYED)


def test_a_withheld_effect_says_why_there_is_no_number():
    assert said(None).endswith("the effect is withheld to protect confidentiality [c].")


def test_headlines_are_the_last_bin_and_the_index_month_whatever_the_numbers():
    told = headlines(effects(effect(1, first=1, last=1), effect(900, first=2, last=2), effect(3)), OPERATION)
    assert [one.split(",")[0] for one in told] == [
        "In months 55 to 60 after a first bariatric operation",
        "In the month of a first bariatric operation",
    ]


def test_no_headline_without_an_effect_after_the_index():
    assert headlines(effects(effect(1, first=-11, last=-6)), OPERATION) == ()


def test_the_reference_stands_in_the_table_as_zero_in_its_place():
    shown = effect_table(effects(effect(1, first=-11, last=-6), effect(2, first=1, last=1)), key="k")
    assert [row[0] for row in shown.rows] == [f"months {MINUS}11 to {MINUS}6", f"months {MINUS}5 to 0", "month 1"]
    assert shown.rows[1][1] == "0 (reference)"


def test_a_withheld_row_holds_symbols_only():
    (_, row) = effect_table(effects(effect(None, first=1, last=1)), key="k").rows
    assert set(row[1:]) == {"[c]"}


def test_every_row_of_a_table_is_as_wide_as_its_headings():
    level = effect(1.0, subgroup="sex", level="female")
    withheld = effect(None, subgroup="sex", level="male")
    for interacted in ((), (level,), (level, withheld)):
        shown = subgroup_table(effects(level, subgroups=(level, withheld), interacted=interacted), key="k")
        assert {len(row) for row in shown.rows} == {len(shown.headings)}


def test_the_robustness_table_says_what_each_line_should_be():
    headline = effects(effect(84.0, 21.5))
    series = {
        "imputation": (effect(90.0, 21.5), False),
        "ons_fixed_effects:reference_12_months": (effect(None), False),
        "ons_fixed_effects:placebo_one": (effect(-3.0, 4.0, first=19, last=24), True),
        "ons_fixed_effects:placebo_two": (effect(9.0, 4.0, first=19, last=24), True),
        "ons_fixed_effects:placebo_three": (effect(None, first=19, last=24), True),
    }
    beside = [Series(name=n, title=n, effects=(one,), placebo=placebo) for n, (one, placebo) in series.items()]
    shown = robustness_table(
        replace(headline, estimator="ons_fixed_effects", others=tuple(beside[:1]), runs=tuple(beside[1:])), key="k"
    )
    assert {len(row) for row in shown.rows} == {len(shown.headings)}
    assert [row[2] for row in shown.rows] == [
        "[z]",
        "close to the headline",
        "close to the headline",
        "zero, which the interval includes",
        "zero, which the interval does not include",
        "zero",
    ]
    assert [row[1] for row in shown.rows][-1] == "months 19 to 24"
    assert set(shown.rows[2][3:]) == {"[c]"}


def test_numbers_by_estimator_stand_side_by_side_by_bin():
    headline = effects(effect(1.0, first=1, last=1), effect(2.0))
    other = Series(name="sun_abraham", title="Sun and Abraham", effects=(effect(3.0, first=1, last=1),))
    shown = estimators_table(replace(headline, estimator="ons_fixed_effects", others=(other,)), key="k")
    assert shown.headings == ("Month", "ONS fixed effects", "Sun and Abraham")
    assert [row[2] for row in shown.rows] == ["3.00 (2.00 to 4.00)", "[x]"]
    assert estimators_table(headline, key="k").rows == ()


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [(1234.5, 2, "1,234.50"), (-0.004, 2, "0.00"), (-117, 0, f"{MINUS}117"), (0, 1, "0.0")],
)
def test_a_number_has_separators_a_true_minus_and_no_negative_zero(value: float, decimals: int, expected: str):
    assert number(value, decimals) == expected


@given(st.floats(min_value=-1e9, max_value=1e9), st.integers(min_value=0, max_value=4))
def test_a_number_reads_back_as_itself(value: float, decimals: int):
    read = float(number(value, decimals).replace(",", "").replace(MINUS, "-"))
    assert read == pytest.approx(round(value, decimals), abs=10.0**-decimals / 2 + 1e-6)


def test_the_minus_sign_stands_before_the_pound():
    assert amount(-117, unit_of("pounds a month"), decimals=0) == f"{MINUS}£117"
    assert amount(-117, unit_of("US dollars a year"), decimals=0) == f"{MINUS}117"


@given(st.floats(min_value=1e-9, max_value=1e9), st.integers(min_value=0, max_value=4))
def test_no_more_decimals_than_published_and_no_fewer_than_none(half_width: float, published: int):
    assert 0 <= readable_decimals(half_width, published) <= published


def test_decimals_follow_the_interval():
    assert [readable_decimals(width, 3) for width in (21.5, 1.0, 0.6, 0.05, 0.0)] == [0, 0, 1, 2, 3]


def test_counts_and_statistics_say_why_they_are_missing():
    assert count(None, suppressed=True) == statistic(None, 2, suppressed=True) == "[c]"
    assert count(None, suppressed=False) == statistic(None, 2, suppressed=False) == "[x]"
    assert count(0, suppressed=False) == "0"
    assert statistic(math.pi, 2, suppressed=False) == "3.14"


def test_spans_and_lists_read_as_english():
    assert span(1, 1, unit="month") == "month 1"
    assert span(-5, 0, unit="wave") == f"waves {MINUS}5 to 0"
    assert [listed(words) for words in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == ["", "a", "a and b", "a, b and c"]
