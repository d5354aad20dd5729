"""Causal models: what is refused on load, what DoWhy identifies from them, and how they are drawn and told."""

from __future__ import annotations

from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from pydantic import ValidationError

import evaluations
from pipeline.inference.identification import identification
from pipeline.release.publication.pages.causal import causal_section
from pipeline.release.publication.pages.charts.causal import causal_graph, described
from pipeline.vocabulary.causal_model import Absent, CausalModel, Variable

SEEN = {"confounder": ("sex",), "instrument": ("region",), "mediator": ("nssec",)}


def model(*arrows: tuple[str, str], absent: tuple[Absent, ...] = (), unseen: tuple[str, ...] = ()) -> CausalModel:
    names = dict.fromkeys(["treatment", "outcome", *(name for arrow in arrows for name in arrow)])
    names |= dict.fromkeys(name for one in absent for name in (one.cause, one.effect))
    variables = tuple(
        Variable(name=name, title=f"the {name}", measured_by=() if name in unseen else SEEN.get(name, ("age",)))
        for name in names
    )
    return CausalModel(treatment="treatment", outcome="outcome", variables=variables, arrows=arrows, absent=absent)


DIRECT = ("treatment", "outcome")
CONFOUNDED = (DIRECT, ("confounder", "treatment"), ("confounder", "outcome"))


def test_a_treatment_by_lot_needs_no_adjustment():
    found = identification(model(DIRECT))
    assert found.adjustment_sets == ((),)
    assert found.by_adjustment


def test_an_observed_confounder_is_adjusted_for():
    assert identification(model(*CONFOUNDED)).adjustment_sets == (("confounder",),)


def test_an_unobserved_confounder_leaves_nothing_to_adjust_for():
    found = identification(model(*CONFOUNDED, unseen=("confounder",)))
    assert (found.adjustment_sets, found.unobserved) == ((), ("confounder",))
    assert not found.by_adjustment


def test_only_the_smallest_sets_are_named_and_either_end_of_a_way_closes_it():
    arrows = (DIRECT, ("early", "treatment"), ("early", "late"), ("late", "outcome"))
    assert identification(model(*arrows)).adjustment_sets == (("early",), ("late",))


def test_what_lies_on_the_way_of_the_effect_is_not_adjusted_for():
    arrows = (*CONFOUNDED, ("treatment", "mediator"), ("mediator", "outcome"))
    assert identification(model(*arrows)).adjustment_sets == (("confounder",),)


def test_an_instrument_is_named_if_somebody_observed_it():
    arrows = (*CONFOUNDED, ("instrument", "treatment"))
    assert identification(model(*arrows, unseen=("confounder",))).instruments == ("instrument",)
    assert identification(model(*arrows, unseen=("confounder", "instrument"))).instruments == ()


def test_front_door_variables_are_named():
    arrows = (("treatment", "mediator"), ("mediator", "outcome"), *CONFOUNDED[1:])
    assert identification(model(*arrows, unseen=("confounder",))).mediators == ("mediator",)


def test_what_each_assumption_carries_is_told_by_drawing_its_arrow():
    absent = (
        Absent(cause="illness", effect="outcome", because="nobody thinks so"),
        Absent(cause="confounder", effect="mediator", because="nor that"),
    )
    arrows = (*CONFOUNDED, ("illness", "treatment"), ("treatment", "mediator"))
    found = identification(model(*arrows, absent=absent, unseen=("illness",)))
    assert [one.survives for one in found.assumptions] == [False, True]


@pytest.mark.parametrize(
    ("arrows", "absent", "said"),
    [
        ((DIRECT, ("outcome", "treatment")), (), "go in a circle"),
        ((DIRECT,), (Absent(cause="outcome", effect="treatment", because="-"),), "go in a circle"),
        ((("outcome", "treatment"),), (), "no arrows lead from the treatment to the outcome"),
        ((DIRECT,), (Absent(cause="treatment", effect="outcome", because="-"),), "both drawn and assumed away"),
    ],
)
def test_a_graph_that_says_nothing_or_two_things_is_refused(arrows, absent, said):
    with pytest.raises(ValidationError, match=said):
        model(*arrows, absent=absent)


def test_every_fault_of_a_graph_is_told_at_once():
    variable = Variable(name="treatment", title="treatment")
    with pytest.raises(ValidationError, match=r"treatment is declared 2 times.*no variable outcome.*no variable other"):
        CausalModel(
            treatment="treatment",
            outcome="outcome",
            variables=(variable, variable),
            arrows=(("treatment", "other"),),
        )


def test_an_observed_variable_must_be_measured_by_something_that_the_panel_has():
    faults = list(model(*CONFOUNDED).unmeasured(["region"]))
    assert faults == ["the panel has no sex to measure confounder (there are: age, index_month, past_outcomes, region)"]
    assert not list(model(*CONFOUNDED).unmeasured(["sex"]))


@pytest.mark.parametrize("name", evaluations.names())
def test_every_evaluation_declares_a_model_and_another_model_is_another_protocol(name):
    protocol = evaluations.load(name)
    declared = protocol.evaluation.causal_model
    assert declared is not None
    changed = protocol.evaluation.model_copy(
        update={"causal_model": declared.model_copy(update={"arrows": declared.arrows[::-1]})}
    )
    assert type(protocol)(name=name, evaluation=changed, codelists=protocol.codelists).digest != protocol.digest


def test_surgery_for_endometriosis_is_adjusted_for_all_that_its_untreated_comparison_holds():
    evaluation = evaluations.load("endometriosis_surgery").evaluation
    (adjusted,) = identification(evaluation.causal_model).adjustment_sets
    measured = {v.name: v.measured_by for v in evaluation.causal_model.variables}
    by = {column for name in adjusted for column in measured[name]}
    assert by == {"age", "index_month", "past_outcomes", *evaluation.design.untreated.characteristics}


@pytest.mark.parametrize(
    ("name", "instrument"),
    [("diabetes_prevention_threshold", "side"), ("elective_waiting", "queue"), ("therapy_waiting", "queue")],
)
def test_where_adjustment_does_not_help_the_cutoff_or_the_queue_is_the_instrument(name, instrument):
    found = identification(evaluations.load(name).evaluation.causal_model)
    assert (found.adjustment_sets, found.instruments) == ((), (instrument,))
    assert not any(one.survives for one in found.assumptions), "each missing arrow is needed for an instrument"


def test_an_assumption_is_held_against_the_instrument_where_adjustment_does_not_help():
    hidden = (*CONFOUNDED, ("instrument", "treatment"))
    exclusion = Absent(cause="instrument", effect="outcome", because="-")
    harmless = Absent(cause="instrument", effect="confounder", because="-")
    onward = Absent(cause="treatment", effect="mediator", because="-")
    found = identification(model(*hidden, absent=(exclusion, harmless, onward), unseen=("confounder",)))
    assert [one.survives for one in found.assumptions] == [False, False, True]


def test_no_adjustment_parts_a_diagnosis_from_its_illness():
    assert not identification(evaluations.load("endometriosis_diagnosis").evaluation.causal_model).by_adjustment


def test_the_drawing_says_in_words_what_it_shows_and_holds_no_script():
    drawn = model(*CONFOUNDED, absent=(Absent(cause="illness", effect="outcome", because="-"),), unseen=("illness",))
    words = described(drawn)
    assert "Arrows from the confounder to the treatment and the outcome." in words
    assert "assumed not to be there: from the illness to the outcome" in words
    wide, narrow = causal_graph(drawn, key="model")
    for one in (wide, narrow):
        svg = ET.fromstring(one.svg)
        assert svg.attrib["role"] == "img"
        assert [svg[0].tag, svg[1].tag, svg[1].text] == ["title", "desc", words]
        assert "<script" not in one.svg
        shown = " ".join(text.text or "" for text in svg.iter("text"))
        assert "The confounder" in shown
        assert "(not observed)" in shown


def section(declared: CausalModel, **protocol: object):
    recorded = {"identification": identification(declared).record()} | protocol
    return causal_section(SimpleNamespace(protocol=recorded), SimpleNamespace(causal_model=declared))


def test_the_report_says_in_a_paragraph_what_identifies_the_effect():
    arrows = (DIRECT, ("early", "treatment"), ("early", "late"), ("late", "outcome"), ("instrument", "treatment"))
    absent = (Absent(cause="illness", effect="outcome", because="it passes"),)
    found = section(model(*arrows, ("illness", "treatment"), absent=absent, unseen=("illness",)))
    assert found.paragraph == (
        "If this is how things are, the effect of the treatment on the outcome is found by adjusting for the early, or "
        "in its place for the late. The instrument could serve as an instrument. Nobody observed the illness."
    )
    assert found.assumptions == (
        (
            "That the illness does not itself move the outcome: it passes. "
            "If it did, adjustment would not give the effect."
        ),
    )


def test_the_report_names_an_instrument_in_its_own_letters_and_what_it_rests_on():
    absent = (Absent(cause="instrument", effect="outcome", because="it is far away"),)
    declared = model(*CONFOUNDED, ("instrument", "treatment"), absent=absent, unseen=("confounder",))
    named = tuple(
        v.model_copy(update={"title": "an HbA1c"}) if v.name == "instrument" else v for v in declared.variables
    )
    found = section(declared.model_copy(update={"variables": named}))
    assert "An HbA1c could serve as an instrument." in found.paragraph
    assert found.assumptions[0].endswith("If it did, the instrument would not give the effect.")


def test_the_report_says_so_where_adjustment_does_not_help_or_is_not_needed():
    assert "does not give the effect" in section(model(*CONFOUNDED, unseen=("confounder",))).paragraph
    assert "needs no adjustment" in section(model(DIRECT)).paragraph


def test_a_release_made_without_identification_has_no_section():
    assert section(model(DIRECT), identification={}) is None
