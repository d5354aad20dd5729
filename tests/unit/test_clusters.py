"""Errors clustered on practices: what may be declared, who is counted, and that estimators are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pydantic import ValidationError

import evaluations
from pipeline.engine.settings import read_settings
from pipeline.inference import designs
from pipeline.inference.designs.clustered import Clustered, clustered
from pipeline.inference.diagnostics import clusters
from pipeline.inference.moments.people.frames import FrameColumns, FramePanel, frame_panel
from pipeline.release.disclosure.words import disclose_diagnostics
from pipeline.vocabulary.designs import GeneralPopulation, StaggeredAdoption
from pipeline.vocabulary.index_events import PracticeWave
from pipeline.vocabulary.protocol import Evaluation, Protocol

NAME = "diabetes_prevention_practice_waves"
EVALUATION = evaluations.load(NAME).evaluation
HEADLINE = pa.table(
    {"evaluation": [NAME], "estimator": ["callaway_santanna"], "outcome": ["employed"], "role": ["headline"],
     "subgroup": ["all"], "subgroup_value": [""], "months_to": [1], "estimate": [1.0], "obs_status": [""]}
)  # fmt: skip


def wave(**given: object) -> PracticeWave:
    return PracticeWave(**(EVALUATION.design.index_event.model_dump() | given))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"opened": ("2017-04", "2016-06")}, "must open one after the other"),
        ({"tested_between": ("2015-04", "2016-06")}, "tested before the first wave opens"),
        ({"tested_between": ("2016-04", "2015-06")}, "tested_between ends before it starts"),
        ({"opened": ("2016-06",)}, "at least 2 items"),
    ],
)
def test_waves_that_tell_nothing_are_refused(given, fault):
    with pytest.raises(ValidationError, match=fault):
        wave(**given)


def test_errors_are_clustered_on_what_the_index_event_tells_only():
    other = evaluations.load("bariatric_surgery").evaluation.model_dump()
    other["design"] |= {"cluster": "practice"}
    with pytest.raises(ValidationError, match="errors cannot be clustered on practice"):
        Evaluation(**other)
    assert isinstance(EVALUATION.design, StaggeredAdoption)
    declared = EVALUATION.model_dump()
    declared["design"] |= {"comparison": GeneralPopulation(n=10).model_dump()}
    assert Evaluation(**declared).design.cluster == "practice"


def people(seed: int = 0) -> pd.DataFrame:
    """Forty practices of ten people over forty-two months; employment has shocks by practice."""
    random = np.random.default_rng(seed)
    practice = np.repeat(np.arange(40), 10)
    opened = np.choose(practice % 3, [24198.0, 24208.0, np.nan])
    months = np.arange(24173, 24220)
    shocks = np.cumsum(random.normal(0, 0.3, (40, len(months))), axis=1)
    outcome = shocks[practice] + random.normal(0, 1, (len(practice), len(months)))
    return pd.DataFrame(
        {
            "person": np.repeat(np.arange(len(practice)), len(months)),
            "month": np.tile(months, len(practice)),
            "treated": np.repeat(opened, len(months)),
            "practice": np.repeat(practice, len(months)),
            "cluster": np.repeat(practice, len(months)),
            "employed": outcome.ravel(),
        }
    )


def panel(frame: pd.DataFrame, **more: object) -> FramePanel:
    columns = {"outcome": "employed", "person": "person", "month": "month", "treatment_month": "treated"}
    return frame_panel(frame, FrameColumns(**columns, **more))


def protocol() -> Protocol:
    employed = tuple(outcome for outcome in EVALUATION.outcomes if outcome.name == "employed")
    # Without ages: the panel of these tests has none.
    design = EVALUATION.design.model_copy(update={"age_spline": None})
    evaluation = EVALUATION.model_copy(update={"outcomes": employed, "design": design})
    return Protocol(name=NAME, evaluation=evaluation, codelists={})


def test_estimates_of_a_panel_that_keeps_clusters_are_those_of_estimators_told_of_them():
    settings, frame = read_settings().inference, people()
    found = designs.estimates(panel(frame, covariates=("cluster",)), protocol(), settings).to_pandas()
    alone = protocol()
    alone = replace(
        alone,
        evaluation=alone.evaluation.model_copy(
            update={"design": alone.evaluation.design.model_copy(update={"cluster": None})}
        ),
    )
    told = designs.estimates(panel(frame, cluster="practice"), alone, settings).to_pandas()
    apart = designs.estimates(panel(frame), alone, settings).to_pandas()
    assert set(found.estimator) == {"callaway_santanna", "imputation"}
    np.testing.assert_array_equal(found.estimate, told.estimate)
    np.testing.assert_array_equal(found.std_error, told.std_error)
    assert (found.std_error > 1.5 * apart.std_error).all(), "shocks by practice are not seen by errors by person"


def test_a_cluster_is_no_covariate_and_a_design_without_one_leaves_the_panel_as_it_is():
    stored = panel(people(), covariates=("cluster",))
    told = clustered(stored, protocol())
    assert isinstance(told, Clustered)
    assert told.covariates == ()
    assert all("cluster" not in shard.covariates for shard in told.shards("employed"))
    assert clustered(stored, evaluations.load("bariatric_surgery")) is stored


def test_practices_are_counted_on_both_sides_and_few_on_one_are_for_review():
    stored = panel(people(), covariates=("cluster",))
    assert clusters.counted(stored, "employed") == (27, 13)
    for fewest, status in ((13, "pass"), (14, "review")):
        (row,) = clusters.check(stored, HEADLINE, what="practices", threshold=fewest).to_pylist()
        assert (row["status"], row["figure"], row["threshold"]) == (status, 13, fewest)
        assert row["sentence"].startswith("Errors are clustered on practices: 27 have people treated")


@pytest.mark.parametrize(("found", "shown"), [(13.0, 15.0), (9.0, None)])
def test_a_number_of_practices_leaves_as_a_count_does(found, shown):
    row = clusters.check(panel(people(), covariates=("cluster",)), HEADLINE, what="practices", threshold=20)
    row = row.set_column(row.column_names.index("figure"), "figure", pa.array([found]))
    rules = read_settings().disclosure["ons_10_5"]
    declared = {"evaluation": EVALUATION.model_dump(mode="json")}
    (told,) = disclose_diagnostics(row, estimates=HEADLINE, protocol=declared, rules=rules).table.to_pylist()
    assert told["figure"] == shown
    assert "25 have people treated" in told["sentence"]
    assert "15 people compared with" in told["sentence"]
