"""What splits people after treatment is called descriptive in every row of the estimates."""

from __future__ import annotations

import pytest

import evaluations
from pipeline.inference.designs.answers import unanswered
from pipeline.inference.designs.rows import Context, rows
from pipeline.vocabulary.effects import Model, Specification
from pipeline.vocabulary.schemas.people import AFTER_TREATMENT, AT_INDEX


class Levels:
    """A panel that is asked for its levels alone."""

    levels = dict.fromkeys(AT_INDEX, ("one", "other"))


def evidence_of(subgroup):
    """What the rows of a split say of their evidence."""
    protocol = evaluations.load("talking_therapies")
    model = Model() if subgroup == "all" else Model(subgroup=subgroup)
    specification = Specification(window=protocol.evaluation.design.window)
    study = unanswered(Levels(), "pay", model, specification=specification)
    context = Context(protocol=protocol, estimator="ons_fixed_effects", outcome=protocol.evaluation.outcomes[0])
    return {row["evidence"] for row in rows(study, context, role="subgroup")}


@pytest.mark.parametrize("subgroup", ["employment_adviser", "result_after_treatment"])
def test_a_split_by_what_came_after_treatment_is_descriptive(subgroup):
    assert evidence_of(subgroup) == {"descriptive, split after treatment; not assessed"}


@pytest.mark.parametrize("subgroup", ["all", "employment_at_referral", "problem", "operation"])
def test_a_split_by_what_was_there_before_is_not(subgroup):
    assert evidence_of(subgroup) == {"not assessed"}


def test_only_what_an_index_event_tells_can_come_after_it():
    assert set(AFTER_TREATMENT) < set(AT_INDEX)
