"""Why the estimators differ, in words, tables and one chart."""

from __future__ import annotations

import pytest

from pipeline.release.publication.pages.charts.gap import described, gap_chart
from pipeline.release.publication.pages.decomposition import Gap, OutcomeGaps, Part, gap_table, sentences, timing_table
from pipeline.release.publication.pages.words import MINUS
from pipeline.vocabulary.outcomes import PAY


def part(name: str, value: float | None = None, **changes) -> Part:
    known = {"treated_in": "", "above": 1.1, "below": -0.1, "n_treated": 950, "n_comparison": 1205}
    withheld = value is None
    fields = dict.fromkeys(known) | {"treated_in": ""} if withheld else known
    return Part(name=name, value=value, suppressed=withheld, **fields | changes)


def gap(fixed: float | None = 84.0, other: float | None = 79.0, *, weights=4.0, after=1.5, before=-0.5, **years) -> Gap:
    return Gap(
        first=55,
        last=60,
        fixed_effects=part("fixed_effects", fixed),
        sun_abraham=part("sun_abraham", other),
        parts=(
            part("timing_group_weights", weights),
            part("other_months_after", after, above=0.2, below=-0.2),
            part("months_before", before, above=0.05, below=-0.05),
        ),
        timing=tuple(part("timing_group", value, treated_in=name.removeprefix("y")) for name, value in years.items()),
        std_error=10.0,
    )


def gaps(*found: Gap, static: Part | None = None, comparisons: tuple[Part, ...] = ()) -> OutcomeGaps:
    return OutcomeGaps(
        outcome=PAY,
        price_base="2023",
        period_unit="month",
        gaps=found,
        static=static,
        comparisons=comparisons,
    )


def test_a_gap_is_said_with_its_parts_and_beside_its_error():
    assert sentences(gaps(gap(weights=4.0, after=2.0, before=-1.0)))[0] == (
        "In months 55 to 60 fixed effects say £84 a month, £5 more than the £79 of Sun and Abraham (the difference is "
        "0.5 times the estimate's standard error). Weighting timing groups otherwise than by their people adds £4, "
        "mixing in effects of other months after the index adds £2 and mixing in differences in months before the "
        "index takes off £1."
    )


def test_a_lower_estimate_is_said_to_be_less():
    said = sentences(gaps(gap(fixed=-20.0, other=-12.5, weights=-7.5, after=0.0, before=0.0)))[0]
    assert f"fixed effects say {MINUS}£20 a month, £8 less than the {MINUS}£12 of Sun and Abraham" in said
    assert said.endswith("Weighting timing groups otherwise than by their people takes off £8.")


def test_estimates_that_agree_are_said_to():
    said = sentences(gaps(gap(fixed=84.0, other=84.0, weights=0.0, after=0.0, before=0.0)))[0]
    assert said.endswith("fixed effects say £84.00 a month, and so does Sun and Abraham. Nothing pulls them apart.")


def test_weights_and_who_pulls_most_are_said():
    said = sentences(gaps(gap(y2015=-1.0, y2016=7.0, y2017=None)))[1]
    assert f"Among the timing groups of that period, weights below zero come to {MINUS}0.10 of a total of 1." in said
    assert "weights that come to 0.25 above and as much below zero" in said
    assert said.endswith("People treated in 2016 pull most of those shown (+£7).")


def test_what_a_static_regression_compares_is_said_in_hundredths():
    kinds = ("treated_versus_never_treated", "earlier_versus_later_treated", "later_versus_earlier_treated")
    shares = zip(kinds, (0.25, 0.36, 0.39), strict=True)
    compared = tuple(part(kind, 1.0, above=share, below=None) for kind, share in shares)
    said = sentences(gaps(gap(), static=part("static", 61.0), comparisons=compared))[-1]
    assert f"would say £61 a month; its weights below zero come to {MINUS}0.10, of a total of 1." in said
    assert "25% treated with never treated people, 36% people treated earlier" in said
    assert "months not observed" not in said
    left = part("not_by_pairs", 3.8, above=None, below=None)
    said = sentences(gaps(gap(), static=part("static", 61.0), comparisons=(*compared, left)))[-1]
    assert said.endswith("£4 of it comes from months not observed or from age, which no such comparison has.")


@pytest.mark.parametrize("withheld", [{"fixed": None}, {"other": None}])
def test_a_withheld_estimate_has_no_parts_in_words(withheld):
    (said,) = sentences(gaps(gap(weights=None, after=None, before=None, **withheld)))
    assert "withheld to protect confidentiality [c]" in said
    assert "£" not in said


def test_withheld_parts_are_drawn_as_a_symbol_and_said():
    hidden = gap(weights=None, after=None, before=None)
    said = sentences(gaps(hidden))
    assert said[0].endswith("What lies between them is withheld to protect confidentiality [c].")
    assert len(said) == 1
    assert gap_chart(gaps(hidden), key="pay-gap") == ()
    wide = gap_chart(gaps(gap(), hidden), key="pay-gap")[0].svg
    assert ">[c]</text>" in wide
    assert "1 more are not shown" in wide
    assert gap_table(gaps(hidden), key="k").rows[0][1:] == (
        "79.00",
        "[c]",
        "[c]",
        "[c]",
        "84.00",
        "[c]",
        "[c]",
        "950",
        "1,205",
    )


def test_the_chart_says_its_numbers_to_those_who_do_not_see_it():
    said = described(gaps(gap()))
    assert "The last and widest, months 55 to 60: £5.00 a month, of which weights on timing groups £4.00" in said
    wide, narrow = gap_chart(gaps(gap()), key="pay-gap")
    for drawn in (wide, narrow):
        assert said in drawn.svg
        assert 'role="img"' in drawn.svg


def test_hatching_refers_to_a_pattern_of_its_own_chart():
    for drawn in gap_chart(gaps(gap()), key="pay-gap"):
        assert f"fill: url(#pay-gap-{drawn.size}-" in drawn.svg
        assert f'<pattern id="pay-gap-{drawn.size}-' in drawn.svg


def test_periods_of_treatment_stand_in_order():
    table = timing_table(gaps(gap(y2015=1.0, y2016=None)), key="k")
    assert table.rows == (("2015", "1.00", "950", "1,205"), ("2016", "[c]", "[c]", "[c]"))
