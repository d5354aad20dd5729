"""Charts draw what is published, nothing else, and say it in words."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from pipeline.release.publication.pages.charts.event_study import described, event_study
from pipeline.release.publication.pages.charts.forest import choices, forest
from pipeline.release.publication.pages.charts.sparkline import sparkline
from pipeline.release.publication.pages.effects import Effect, Estimate, Interval, OutcomeEffects, Series
from pipeline.vocabulary.outcomes import EMPLOYED
from pipeline.vocabulary.windows import Window

WINDOW = Window(before=59, after=60, reference=(-5, 0))
POINT = re.compile(r'<use [^>]*style="fill: #12436d; stroke: #12436d[;"]')
DIAMOND = re.compile(r'<use [^>]*style="fill: #ffffff; stroke: #12436d')


def effect(value: float | None, first: int, last: int, *, subgroup: str = "all", level: str = "") -> Effect:
    estimate = None
    if value is not None:
        near, far = Interval(lower=value - 1, upper=value + 1), Interval(lower=value - 2, upper=value + 2)
        estimate = Estimate(value=value, std_error=0.5, interval=near, band=far)
    return Effect(
        subgroup=subgroup,
        level=level,
        first=first,
        last=last,
        estimate=estimate,
        n_treated=None if value is None else 100,
        n_comparison=None if value is None else 100,
        suppressed=value is None,
    )


def outcome_effects(*withheld: int) -> OutcomeEffects:
    """An effect in every bin of the published window, but for those that begin at an event time ``withheld``."""
    bins = [bin_ for bin_ in WINDOW.binned if not bin_.reference]
    headline = [effect(None if b.first in withheld else b.number / 10, b.first, b.last) for b in bins]
    levels = [("female", 1.0), ("male", None), ("not stated", 3.0)]
    return OutcomeEffects(
        outcome=EMPLOYED,
        price_base="",
        period_unit="month",
        headline=tuple(headline),
        reference=tuple(bin_ for bin_ in WINDOW.binned if bin_.reference),
        subgroups=tuple(effect(value, 55, 60, subgroup="sex", level=level) for level, value in levels),
        interacted=(),
    )


def with_others(*, withheld: int | None = None) -> OutcomeEffects:
    """The same beside two estimators, one run and one placebo; an estimator's bin that begins at ``withheld`` is."""
    plain = outcome_effects()

    def moved(by: float) -> tuple[Effect, ...]:
        shown = ((e.estimate.value + by, e) for e in plain.headline if e.estimate)
        return tuple(effect(None if e.first == withheld else value, e.first, e.last) for value, e in shown)

    return replace(
        plain,
        estimator="ons_fixed_effects",
        others=(
            Series(name="callaway_santanna", title="Callaway and Sant'Anna", effects=moved(0.25)),
            Series(name="imputation", title="Imputation", effects=moved(-0.5)),
        ),
        runs=(
            Series(name="ons_fixed_effects:a", title="Reference of 12 months", effects=moved(0.1)),
            Series(name="ons_fixed_effects:b", title="Index 24 months earlier", effects=moved(-1.4), placebo=True),
        ),
    )


def test_other_estimators_are_lines_of_their_own_marks_dashes_and_names():
    for drawing in event_study(with_others(), key="k"):
        lines = re.findall(r'<path d="[^"]*" clip-path[^>]*stroke-dasharray: ([^;"]+)', drawing.svg)
        assert len(set(lines) - {""}) >= 2
        for name in ("ONS fixed effects (headline)", "Callaway and Sant'Anna", "Imputation"):
            assert f">{name}<" in drawing.svg
        # The headline's own points, and one in the legend.
        assert len(POINT.findall(drawing.svg)) == len(WINDOW.binned)


def test_a_withheld_bin_of_another_estimator_is_not_drawn():
    marks = re.compile(r'<use [^>]*style="fill: #ffffff; stroke: #801650')
    whole, gap = (event_study(with_others(withheld=first), key="k")[0].svg for first in (None, 55))
    assert len(marks.findall(whole)) - len(marks.findall(gap)) == 1


def test_the_text_alternative_tells_what_other_estimators_say():
    alternative = event_study(with_others(), key="k")[0].svg
    told = re.search(r"<desc [^>]*>(.*?)</desc>", alternative)
    assert told is not None
    assert "Callaway and Sant'Anna: 1.750 percentage points in months 55 to 60; furthest from ONS" in told[1]
    assert "by 0.500 percentage points." in told[1]


def test_a_chart_without_other_estimators_has_no_legend():
    for drawing in event_study(outcome_effects(), key="k"):
        assert "(headline)" not in drawing.svg


def test_choices_have_a_line_each_placebos_under_their_heading():
    for drawing in choices(with_others(), key="k"):
        assert len(POINT.findall(drawing.svg)) == 5
        assert ">Placebos, which should be zero<" in drawing.svg
        assert "Index 24 months earlier, 0.100 percentage points" in drawing.svg


def test_without_anything_beside_the_headline_there_are_no_choices():
    assert choices(outcome_effects(), key="k") == ()


def test_every_published_bin_is_a_point_and_the_reference_is_hollow():
    for drawing in event_study(outcome_effects(), key="k"):
        assert len(POINT.findall(drawing.svg)) == len(WINDOW.binned) - 1
        assert len(DIAMOND.findall(drawing.svg)) == 1


def test_a_withheld_bin_leaves_no_mark_but_its_symbol():
    for drawing in event_study(outcome_effects(1, 55), key="k"):
        assert len(POINT.findall(drawing.svg)) == len(WINDOW.binned) - 3
        assert drawing.svg.count(">[c]<") == 2


def test_a_chart_of_withheld_bins_alone_can_be_drawn():
    nothing = outcome_effects(*range(-59, 61))
    assert described(nothing) == "No effect of this outcome may be shown."
    for drawing in event_study(nothing, key="k"):
        assert not POINT.findall(drawing.svg)


def test_a_description_tells_the_ends_and_the_extremes():
    told = described(outcome_effects(1))
    assert told.startswith("23 effects with 95% intervals.")
    assert "last, months 55 to 60: 1.500 percentage points" in told
    assert told.endswith("1 more are not shown.")


def test_a_forest_has_a_line_for_everybody_and_each_level():
    drawings = forest(outcome_effects(), key="k")
    assert [drawing.size for drawing in drawings] == ["wide", "narrow"]
    for drawing in drawings:
        assert len(POINT.findall(drawing.svg)) == 3
        assert drawing.svg.count(">[c]<") == 1


def test_without_subgroups_there_is_no_forest():
    plain = outcome_effects()
    assert forest(OutcomeEffects(**{**vars(plain), "subgroups": ()}), key="k") == ()


def test_a_sparkline_draws_every_published_bin():
    assert len(POINT.findall(sparkline(outcome_effects(1), key="k").svg)) == len(WINDOW.binned) - 2


@pytest.mark.parametrize("draw", [event_study, forest, choices])
def test_the_same_effects_are_the_same_bytes(draw):
    assert draw(with_others(), key="k") == draw(with_others(), key="k")


def test_charts_of_one_page_share_no_id():
    drawings = [*event_study(outcome_effects(), key="a"), *event_study(outcome_effects(), key="b")]
    ids = [name for drawing in drawings for name in re.findall(r'\sid="([^"]+)"', drawing.svg)]
    assert len(ids) == len(set(ids))


def test_a_drawing_is_one_named_element_without_date_or_maker():
    for drawing in event_study(outcome_effects(), key="k"):
        svg = ET.fromstring(drawing.svg)
        assert svg.tag == "svg"
        assert svg.get("role") == "img"
        assert {"width", "height"}.isdisjoint(svg.attrib)
        assert "matplotlib" not in drawing.svg.lower()
        assert "metadata" not in drawing.svg
        assert svg[0].tag == "title"
        assert svg[0].text == "Effect on the share who are paid employees, by month"
