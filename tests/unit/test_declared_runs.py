"""Robustness runs as declared: their names and words, their windows, and everything that is refused at load."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

import evaluations
from pipeline.vocabulary.declared import request_error
from pipeline.vocabulary.errors import RequestError
from pipeline.vocabulary.protocol import Evaluation, Protocol
from pipeline.vocabulary.robustness import (
    HalfComparisonPlacebo,
    LinkageWeighted,
    LongerReference,
    MovedIndexPlacebo,
    MovedReference,
    ReferenceBeforeIndex,
    StoppedBefore,
)
from pipeline.vocabulary.windows import Window

ONS = Window(before=59, after=60, reference=(-5, 0))
WAVES = Window(before=2, after=3, reference=(0, 0), bins="single")


def declared(name: str, **design: object) -> Evaluation:
    """An evaluation with some of its design declared otherwise."""
    whole = evaluations.load(name).evaluation.model_dump()
    return Evaluation.model_validate(whole | {"design": whole["design"] | design})


def faults(name: str, **design: object) -> str:
    """What the declaration is refused for."""
    with pytest.raises(ValidationError) as refused:
        declared(name, **design)
    error = request_error(refused.value, where="here")
    assert isinstance(error, RequestError)
    return str(error)


@pytest.mark.parametrize(
    ("run", "unit", "name", "title"),
    [
        (LongerReference(months=12), "month", "reference_12_months", "Reference of 12 months"),
        (MovedReference(months=1), "wave", "reference_1_wave_earlier", "Reference 1 wave earlier"),
        (
            ReferenceBeforeIndex(months=12),
            "month",
            "reference_12_months_before_index",
            "Reference of the 12 months before the index",
        ),
        (StoppedBefore(month="2020-03"), "month", "stopped_before_2020_03", "Without March 2020 on"),
        (StoppedBefore(month=10), "wave", "stopped_before_wave_10", "Without wave 10 on"),
        (MovedIndexPlacebo(months=24), "month", "placebo_index_24_months_earlier", "Index 24 months earlier"),
        (HalfComparisonPlacebo(), "month", "placebo_half_comparison", "Half of the comparison people"),
        (LinkageWeighted(), "month", "linkage_weighted", "Weighted by linkage"),
    ],
)
def test_a_run_is_named_in_the_panels_own_unit(run, unit: str, name: str, title: str):
    assert (run.name(unit), run.title(unit)) == (name, title)
    assert run.words(unit).startswith("placebo: ") == run.placebo


def test_a_longer_reference_ends_where_the_declared_one_ends():
    assert LongerReference(months=12).window(ONS).reference == (-11, 0)
    assert [part.number for part in LongerReference(months=24).window(ONS).binned if part.reference] == [-3, -2, -1, 0]


def test_a_moved_reference_is_as_long_as_the_declared_one():
    moved = MovedReference(months=6).window(ONS)
    assert moved.reference == (-11, -6)
    assert [part.number for part in moved.binned if part.reference] == [-1]
    assert next(part for part in moved.binned if part.number == 0).reference is False


def test_a_reference_before_the_index_is_so_whatever_is_anticipated():
    late = ReferenceBeforeIndex(months=12).window(Window(before=59, after=84, reference=(-23, -12)), anticipation=12)
    assert late.reference == (-11, 0)
    assert [part.number for part in late.binned if part.reference] == [-1, 0]


def test_a_moved_index_is_studied_up_to_the_last_month_before_the_true_one():
    moved = MovedIndexPlacebo(months=24).window(ONS)
    assert (moved.before, moved.after, moved.reference) == (35, 24, (-5, 0))
    assert moved.binned[-1].first == 19


def test_months_of_anticipation_are_no_part_of_a_moved_indexs_window():
    assert MovedIndexPlacebo(months=24).window(ONS, anticipation=6).after == 18


def test_every_fault_of_every_run_is_reported_at_once():
    said = faults(
        "bariatric_surgery",
        robustness=(
            LongerReference(months=6),
            LongerReference(months=10),
            MovedReference(months=60),
            MovedReference(months=3),
            StoppedBefore(month="2014-04"),
            StoppedBefore(month="2023-01"),
            StoppedBefore(month=10),
            MovedIndexPlacebo(months=55),
            HalfComparisonPlacebo(),
            HalfComparisonPlacebo(seed="another"),
        ),
        covariates=("sex", "shoe_size"),
        subgroup_estimators=("callaway_santanna", "guesswork"),
    )
    for fault in (
        "reference_6_months: the reference is not longer than the declared one",
        "reference_10_months: the reference must be made of whole bins",
        "reference_60_months_earlier: the reference must lie inside the window",
        "reference_3_months_earlier: the reference must be made of whole bins",
        "stopped_before_2014_04: it must lie after 2014-04 and not after 2022-12",
        "stopped_before_2023_01: it must lie after 2014-04 and not after 2022-12",
        "stopped_before_month_10: it is a month written YYYY-MM",
        "placebo_index_55_months_earlier: the reference must lie inside the window",
        "placebo_half_comparison is declared twice",
        "the panel has no covariate shoe_size",
        "guesswork, to estimate by subgroup, is not among the estimators",
        "the headline estimator must also estimate by subgroup",
    ):
        assert fault in said
    assert "no covariate sex" not in said


def test_a_linked_panels_runs_count_its_periods():
    said = faults(
        "hospitalisation_and_earnings",
        robustness=(
            StoppedBefore(month="2020-03"),
            StoppedBefore(month=7),
            MovedReference(months=3),
            LinkageWeighted(),
        ),
    )
    assert "linkage_weighted: people in a linked panel were linked by its owner" in said
    assert "stopped_before_2020_03: it is the number of a wave" in said
    assert "stopped_before_wave_7: it must lie after 7 and not after 10" in said
    assert "reference_3_waves_earlier: the reference must lie inside the window" in said
    assert declared("hospitalisation_and_earnings", robustness=(StoppedBefore(month=8),)).design.robustness


def test_a_reference_that_may_be_affected_already_is_refused():
    assert "the reference must end before anticipation may begin" in faults("bariatric_surgery", anticipation=6)
    window = {"before": 59, "after": 60, "reference": (-11, -6)}
    said = faults("bariatric_surgery", anticipation=6, window=window, robustness=(MovedIndexPlacebo(months=6),))
    assert "it must be moved by more than the 6 months of anticipation" in said


@pytest.mark.parametrize("run", [{"kind": "moved_reference", "months": 0}, {"kind": "no_such_run"}])
def test_a_run_that_is_none_is_refused(run: dict[str, object]):
    assert "design.staggered_adoption.robustness.0" in faults("bariatric_surgery", robustness=(run,))


def test_a_run_more_is_another_protocol():
    protocol = evaluations.load("bariatric_surgery")
    fewer = declared("bariatric_surgery", robustness=protocol.evaluation.design.robustness[:-1])
    another = Protocol(name=protocol.name, evaluation=fewer, codelists=protocol.codelists)
    assert another.digest != protocol.digest
    same = Protocol(name=protocol.name, evaluation=declared("bariatric_surgery"), codelists=protocol.codelists)
    assert same.digest == protocol.digest


def test_bariatric_surgery_declares_every_published_variant_and_placebo():
    design = evaluations.load("bariatric_surgery").evaluation.design
    assert [run.name("month") for run in design.robustness] == [
        "reference_12_months",
        "reference_24_months",
        "reference_6_months_earlier",
        "reference_12_months_earlier",
        "reference_24_months_earlier",
        "stopped_before_2020_03",
        "placebo_index_24_months_earlier",
        "placebo_half_comparison",
        "linkage_weighted",
    ]
    assert len(design.estimators) == 4
