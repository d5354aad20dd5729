"""What the evaluations of endometriosis declare, and what a declaration of people not yet treated must."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

import evaluations
from pipeline.release.publication.pages.protocol import items
from pipeline.vocabulary.designs import NotYetTreated
from pipeline.vocabulary.protocol import Evaluation

DIAGNOSES = ("endometriosis_diagnosis", "endometriosis_diagnosis_without_adenomyosis")


@pytest.mark.parametrize("name", DIAGNOSES)
def test_a_diagnosis_is_called_no_treatment_effect_wherever_its_title_stands(name):
    declared = evaluations.load(name).evaluation
    assert declared.title.endswith("diagnosis, not treatment effect")
    assert any(limitation.startswith("Diagnosis, not treatment effect") for limitation in declared.limitations)


def test_the_two_evaluations_of_a_diagnosis_differ_by_adenomyosis():
    whole, narrower = (set(next(iter(evaluations.load(name).codelists.values())).codes) for name in DIAGNOSES)
    assert whole - narrower == {"N800"}
    assert narrower < whole


def test_people_not_yet_treated_need_an_index_event_that_says_of_what():
    declared = evaluations.load("bariatric_surgery").evaluation
    design = declared.design.model_copy(update={"comparison": NotYetTreated()})
    with pytest.raises(ValidationError, match="for an operation once diagnosed, or a practice"):
        Evaluation.model_validate(dict(declared) | {"design": design})


def test_a_protocol_says_whom_surgery_is_compared_with():
    words = {item.term: item.words for item in items(evaluations.load("endometriosis_surgery").evaluation)}
    assert words["Design"].endswith("with people not yet treated")
    assert words["Comparison people"].startswith("Everybody diagnosed or found eligible alike who did not have")
    assert words["Eligibility"].startswith("Women aged 25 to 54")


def test_a_protocol_read_back_from_its_record_is_the_same():
    declared = evaluations.load("endometriosis_surgery").evaluation
    assert Evaluation.model_validate(declared.model_dump(mode="json")) == declared
