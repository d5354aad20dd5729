"""A threshold's declaration and its people as changes: what is refused, what a change is, and the words on the page."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

import evaluations
from pipeline.engine.settings import read_settings
from pipeline.inference.designs import staggered_adoption
from pipeline.inference.designs.threshold.changes import changes, column, design_of
from pipeline.release.publication.pages import protocol as words
from pipeline.vocabulary.errors import RequestError
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.protocol import Evaluation

EVALUATION = evaluations.load("diabetes_prevention_threshold").evaluation


def _with(design: dict[str, object] | None = None, **changed: object) -> Evaluation:
    declared = EVALUATION.model_dump() | changed
    declared["design"] = declared["design"] | (design or {})
    return Evaluation.model_validate(declared)


@pytest.mark.parametrize(
    ("design", "fault"),
    [
        ({"values": (42, 47)}, "values must hold the cutoff and a value below it"),
        ({"lottery": (40, 41)}, "lottery must hold the cutoff and a value below it"),
        ({"curvature": {"pay": 5.0}}, "outcome employed needs a bound on its curvature"),
        ({"curvature": {"pay": -5.0, "employed": 1.0, "benefits": 1.0}}, "greater than or equal to 0"),
        ({"estimators": ("local_randomisation",)}, "the headline estimator honest_local_linear is not among"),
        ({"estimators": ("honest_local_linear", "sun_abraham")}, "a threshold has no estimator sun_abraham"),
        ({"smooth": {}}, "at least 1 item"),
    ],
)
def test_a_threshold_that_cannot_be_estimated_is_refused_on_load(design, fault):
    with pytest.raises(ValidationError, match=fault):
        _with(design)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"subgroups": ("sex",)}, "a threshold has no effects by subgroup"),
        ({"prices": None}, "prices is needed for a threshold"),
        ({"sources": ("ndpp", "ndpp/tests", "paye_rti")}, "outcome benefits needs source dwp_benefits"),
    ],
)
def test_an_evaluation_around_it_that_lacks_something_is_refused_on_load(changed, fault):
    with pytest.raises(ValidationError, match=fault):
        _with(**changed)


def test_a_declaration_survives_the_protocol_of_its_release():
    assert Evaluation.model_validate(EVALUATION.model_dump(mode="json")) == EVALUATION


class _Panel:
    """Two people measured in month 130, the second not observed in the month after."""

    def __init__(self) -> None:
        outcome = np.tile(np.arange(200, dtype=np.float32), (2, 1))
        outcome[1, 31] = np.nan
        self.shard = PanelShard(
            first_month=100,
            outcome=outcome,
            treatment_month=np.array([130.0, np.nan]),
            covariates={"running": np.array([42.0, 41.0]), "took_up": np.array([1.0, 0.0])},
            index_month=np.array([130.0, 130.0]),
        )

    def shards(self, outcome: str, names: tuple[str, ...] = ()):
        yield self.shard


def test_a_change_is_a_bins_mean_less_the_references_and_unknown_where_a_month_is():
    design = design_of(evaluations.load("diabetes_prevention_threshold"))
    frame = changes(_Panel(), "pay", design=design)
    # Event times -11 to 0 are columns 18 to 29 of an outcome that is its column's number: a mean of 23.5.
    expected = {b: np.mean([29 + e for e in range(b.first, b.last + 1)]) - 23.5 for b in design.window.binned}
    for studied, change in expected.items():
        if not studied.reference:
            assert frame[column(studied)][0] == change
            assert frame[column(studied)].isna()[1] == (studied.first <= 2 <= studied.last)


def test_other_designs_and_this_one_refuse_each_other():
    settings = read_settings().inference
    with pytest.raises(RequestError, match="of a threshold, not of a staggered adoption"):
        staggered_adoption.estimates(_Panel(), evaluations.load("diabetes_prevention_threshold"), settings)
    with pytest.raises(RequestError, match="not of a threshold"):
        design_of(evaluations.load("diabetes_prevention"))


def test_the_protocol_on_the_page_says_who_is_compared_and_every_bound():
    lines = {item.term: item.words for item in words.items(EVALUATION)}
    assert "HbA1c in mmol/mol at 42 or above compared with people below it" in lines["Design"]
    assert lines["Comparison people"].startswith("People with HbA1c in mmol/mol below 42")
    assert "pay by 5" in lines["Bounds declared"]
    assert "within 6 months" in lines["Index event"]
    assert "Group-time effects" not in lines
