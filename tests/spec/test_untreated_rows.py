"""What an evaluation's comparison with untreated people leaves in its tables of estimates and checks."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import evaluations
from pipeline.engine.settings import read_settings
from pipeline.inference.designs.staggered_adoption import _specification
from pipeline.inference.designs.untreated_comparison import untreated_rows
from pipeline.inference.diagnostics import untreated
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.schemas.results import DIAGNOSTICS, ESTIMATES

PROTOCOL, SETTINGS = evaluations.load("endometriosis_surgery"), read_settings().inference
SPECIFICATION = _specification(PROTOCOL, SETTINGS)
FIRST, MONTHS, EFFECT = 24_172, 105, 100.0
LEVELS = {"year_of_diagnosis": ("2014", "2015"), "imd_quintile": ("1", "2"), "qualification": ("None", "Some")}


class Operated:
    """People of whom ``treated`` in 100 are operated; every month of pay from the operation on is £100 higher."""

    first_month, n_months, levels, covariates = FIRST, MONTHS, LEVELS, ()

    def __init__(self, *, people: int = 400, treated: int = 40) -> None:
        random = np.random.default_rng(8)
        self.n, self.index = people, FIRST + random.integers(36, 57, people)
        self.operated = np.arange(people) % 100 < treated
        self.codes = {name: random.integers(0, 2, people).astype(np.int32) for name in LEVELS}
        self.usual, self.noise = random.normal(1500, 300, people), random.normal(0, 60, (people, MONTHS))

    def shards(self, outcome, names=()):
        del names
        after = FIRST + np.arange(MONTHS) >= self.index[:, None]
        moved = EFFECT * (self.operated[:, None] & after) if outcome == "pay" else 0.0
        yield PanelShard(
            first_month=FIRST,
            outcome=self.usual[:, None] + self.noise + moved,
            treatment_month=np.where(self.operated, self.index, np.nan),
            birth_month=FIRST - 400.0 - np.arange(self.n) % 200,
            levels=self.codes,
            person=np.array([f"p{k}" for k in range(self.n)], dtype=object),
            index_month=self.index.astype(float),
        )


@pytest.fixture(scope="module")
def estimates() -> list[dict[str, object]]:
    return list(untreated_rows(Operated(), PROTOCOL, specification=SPECIFICATION))


def test_rows_are_of_every_outcome_and_bin_after_the_index_and_keep_to_the_schema(estimates):
    bins = [part for part in PROTOCOL.evaluation.design.window.binned if part.first >= 1]
    table = ESTIMATES.conform(
        pa.Table.from_pylist(estimates, schema=pa.schema([(c.name, c.type) for c in ESTIMATES.columns]))
    )
    frame = table.to_pandas()
    assert len(frame) == len(bins) * len(PROTOCOL.evaluation.outcomes)
    assert set(frame["estimator"]) == {"aipw"}
    assert set(frame["role"]) == {"robustness"}
    assert [len(row) for row in frame["covariance"]] == [len(bins)] * len(frame)


def test_the_effect_that_was_put_in_is_within_the_band_of_every_bin_and_counts_are_those_observed(estimates):
    pay = [row for row in estimates if row["outcome"] == "pay"]
    assert all(row["band_lower"] < EFFECT < row["band_upper"] for row in pay)
    assert max(row["std_error"] for row in pay) < EFFECT / 5
    assert {row["n_treated"] + row["n_comparison"] for row in pay} == {400}
    in_points = [row for row in estimates if row["outcome"] == "employed"]
    assert all(row["band_lower"] < 0 < row["band_upper"] for row in in_points)


def test_too_few_people_leave_rows_without_a_number_and_every_check_not_evaluated():
    few, many = Operated(people=100, treated=10), Operated()
    rows = ESTIMATES.of_rows(untreated_rows(few, PROTOCOL, specification=SPECIFICATION))
    keys = ["outcome", "months_from", "months_to"]
    of_many = ESTIMATES.of_rows(untreated_rows(many, PROTOCOL, specification=SPECIFICATION))
    assert rows.select(keys).equals(of_many.select(keys))
    assert rows["estimate"].null_count == rows["n_treated"].null_count == rows.num_rows > 0
    checks = untreated.checks(few, PROTOCOL, SETTINGS)
    asked = ["check", "outcome"]
    assert sorted(map(tuple, checks.select(asked).to_pandas().to_numpy())) == sorted(
        map(tuple, untreated.checks(many, PROTOCOL, SETTINGS).select(asked).to_pandas().to_numpy())
    )
    assert set(checks["status"].to_pylist()) == {"not evaluated"}
    assert "fewer people than two for each of" in checks["sentence"][0].as_py()


def test_an_evaluation_that_declares_no_such_comparison_has_none():
    protocol = evaluations.load("bariatric_surgery")
    assert not list(untreated_rows(Operated(), protocol, specification=SPECIFICATION))
    assert untreated.checks(Operated(), protocol, SETTINGS).schema.equals(DIAGNOSTICS.arrow)


def test_checks_are_one_row_each_by_outcome_and_refuters_of_the_first_outcome_alone():
    rows = untreated.checks(Operated(), PROTOCOL, SETTINGS).to_pylist()
    by_outcome = {name: [row["check"] for row in rows if row["outcome"] == name] for name in ("pay", "benefits")}
    assert by_outcome["benefits"] == ["overlap", "weighted_balance", "unmeasured_confounding"]
    refuters = ["placebo_treatment", "dummy_outcome", "random_common_cause", "data_subset", "unobserved_confounder"]
    assert by_outcome["pay"] == [*by_outcome["benefits"], *refuters]
    assert {row["status"] for row in rows if row["check"] in refuters} == {"pass"}
