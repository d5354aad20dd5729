"""What a design of waiting may declare: everything that is wrong with it is told at once."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

import evaluations
from pipeline.vocabulary.protocol import Evaluation
from pipeline.vocabulary.waiting import Standard, Waiting

EVALUATION = evaluations.load("elective_waiting").evaluation
DESIGN = EVALUATION.design


def _design(**changed):
    return Waiting.model_validate({**DESIGN.model_dump(), **changed})


def _evaluation(**changed):
    return Evaluation.model_validate({**EVALUATION.model_dump(), **changed})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"longest": 12}, "asks for waits that are longer than the longest studied"),
        ({"standards": [{"name": "26 weeks", "days": 1000}]}, "standard of 26 weeks is not shorter than the longest"),
        ({"standards": [{"name": "2 weeks", "days": 14}]}, "standard of 2 weeks lies outside the dose-response"),
        ({"standards": [{"name": "18 weeks", "days": 126}, {"name": "18 weeks", "days": 130}]}, "have one name"),
        ({"standards": []}, "at least 1 item"),
        ({"estimators": ("congestion", "dose_responce")}, "did you mean dose_response"),
        ({"least_f": -1.0}, "greater than or equal to 0"),
        ({"longer_by": 0}, "greater than 0"),
        ({"headline": "dose_response"}, "congestion"),
        (
            {"window": {"before": 11, "after": 36, "reference": (-11, 0)}},
            "the window must begin before the reference",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(changed, said):
    with pytest.raises(ValidationError, match=said):
        _design(**changed)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"treated_between": ("2016-04", "2020-06")}, "those who join last are not observed to the end"),
        ({"treated_between": ("2016-03", "2020-01")}, "those who join first are not observed from the beginning"),
        ({"subgroups": ("sex",)}, "a design of waiting has no effects by subgroup"),
        ({"prices": None}, "prices is needed for a waiting"),
        ({"sources": ("paye_rti", "dwp_benefits")}, "the index event needs source hes_apc"),
        ({"design": {**DESIGN.model_dump(), "specialty": "operations"}}, "did you mean operation"),
    ],
)
def test_what_does_not_fit_the_evaluation_is_refused(changed, said):
    with pytest.raises(ValidationError, match=said):
        _evaluation(**changed)


def test_all_faults_are_told_at_once():
    with pytest.raises(ValidationError) as refused:
        _design(longest=10, standards=[{"name": "a year", "days": 365}, {"name": "a year", "days": 365}])
    said = str(refused.value)
    assert "longer than the longest studied" in said
    assert "not shorter than the longest wait studied" in said
    assert "two standards have one name" in said


def test_a_path_by_an_estimator_that_nobody_has_written_is_told_on_load():
    path = DESIGN.path.model_copy(update={"estimator": "ons_fixed_effect"})
    evaluation = EVALUATION.model_copy(update={"design": DESIGN.model_copy(update={"path": path})})
    (fault,) = evaluations._unknown_estimators(evaluation)
    assert "did you mean ons_fixed_effects" in fault


def test_standards_are_in_months_of_a_year_and_named_for_files():
    standard = Standard(name="18 weeks", days=126)
    assert standard.months == pytest.approx(4.14, abs=0.005)
    assert standard.label == "within_18_weeks"


def test_the_standards_of_the_nhs_stand_in_the_evaluations():
    therapy = evaluations.load("therapy_waiting").evaluation.design
    assert {s.name: s.days for s in therapy.standards} == {"6 weeks": 42, "18 weeks": 126}
    assert {s.name: s.days for s in DESIGN.standards} == {"18 weeks": 126}
