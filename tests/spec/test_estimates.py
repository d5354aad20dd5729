"""What the inference room returns for an evaluation: estimates, the pre-trend check, balance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import evaluations
from pipeline.engine.settings import read_settings
from pipeline.inference.designs import staggered_adoption
from pipeline.inference.designs.rows import period
from pipeline.inference.diagnostics import balance, pre_trend
from pipeline.vocabulary.errors import RequestError
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.schemas.results import BALANCE, DIAGNOSTICS, ESTIMATES

FIRST_MONTH, N_MONTHS = 24_172, 60
SETTINGS = read_settings().inference.model_copy(update={"band_draws": 1000})


class DrawnPanel:
    """Two shards of people with the three outcomes; ``slope`` bends treated people's path before the index."""

    first_month, n_months = FIRST_MONTH, N_MONTHS
    covariates = ()
    levels = {"sex": ("female", "male"), "age_band": ("25-34",), "region": ()}  # noqa: RUF012 - drawn, never changed

    def __init__(self, slope: float = 0.0) -> None:
        self.slope = slope

    def shards(self, outcome, characteristics=()):
        return iter([self._shard(seed, outcome) for seed in (1, 2)])

    def _shard(self, seed: int, outcome: str, n: int = 150) -> PanelShard:
        random = np.random.default_rng(seed)
        treatment_month = np.where(random.random(n) < 0.5, FIRST_MONTH + random.integers(10, 50, n), np.nan)
        event_time = FIRST_MONTH + np.arange(N_MONTHS) - treatment_month[:, None] + 1
        pay = 2000 + random.normal(0, 100, (n, N_MONTHS)) + np.nan_to_num(self.slope * event_time.clip(max=0))
        work = random.random((n, N_MONTHS)) < 0.6
        values = {"pay": pay * work, "employed": work.astype(float), "pay_in_work": np.where(work, pay, np.nan)}
        return PanelShard(
            first_month=FIRST_MONTH,
            outcome=values[outcome].astype(np.float32),
            treatment_month=treatment_month,
            birth_month=(FIRST_MONTH - random.integers(300, 700, n)).astype(float),
            levels={"sex": random.integers(0, 2, n), "age_band": np.zeros(n, dtype=np.int32)},
            person=np.array([f"{seed}-{place}" for place in range(n)], dtype=object),
            index_month=np.where(np.isnan(treatment_month), FIRST_MONTH + random.integers(10, 50, n), treatment_month),
            linkage_weight=np.full(n, 1.04),
        )


@pytest.fixture(scope="module")
def declared():
    loaded = evaluations.load("bariatric_surgery")
    of_pay = tuple(outcome for outcome in loaded.evaluation.outcomes if outcome.source == "paye_rti")
    return replace(loaded, evaluation=loaded.evaluation.model_copy(update={"outcomes": of_pay}))


@pytest.fixture(scope="module")
def protocol(declared):
    """The headline estimator alone, without robustness runs."""
    alone = {"estimators": ("ons_fixed_effects",), "subgroup_estimators": None, "robustness": ()}
    design = declared.evaluation.design.model_copy(update=alone)
    return replace(declared, evaluation=declared.evaluation.model_copy(update={"design": design}))


@pytest.fixture(scope="module")
def table(protocol) -> pa.Table:
    return staggered_adoption.estimates(DrawnPanel(), protocol, SETTINGS)


@pytest.fixture(scope="module")
def frame(table) -> pd.DataFrame:
    return table.to_pandas()


def test_the_table_is_its_schema(table):
    assert table.schema.equals(ESTIMATES.arrow)


def test_every_outcome_has_every_bin_but_the_reference(frame, protocol):
    headline = frame.query("role == 'headline'")
    bins = [part for part in protocol.evaluation.design.window.binned if not part.reference]
    assert headline.groupby("outcome").size().to_dict() == dict.fromkeys(("employed", "pay", "pay_in_work"), len(bins))
    assert set(headline["subgroup"]) == {"all"}
    assert set(headline["subgroup_value"]) == {""}


def test_subgroups_come_twice_once_sharing_months_and_once_not(frame):
    roles = frame.query("subgroup == 'sex'").groupby("role").size()
    assert roles.to_dict() == {"robustness": 3 * 24 * 2, "subgroup": 3 * 24 * 2}


def test_a_characteristic_without_levels_has_no_rows(frame):
    assert set(frame["subgroup"]) == {"all", "sex", "age_band"}


def test_one_level_alone_equals_everybody(frame):
    everybody = frame.query("role == 'headline'").set_index(["outcome", "months_from"])
    only_band = frame.query("subgroup == 'age_band' and role == 'robustness'").set_index(["outcome", "months_from"])
    columns = ["estimate", "std_error", "n_treated", "n_comparison"]
    pd.testing.assert_frame_equal(everybody[columns], only_band[columns])


def test_shares_are_published_in_percentage_points(frame):
    employed = frame.query("role == 'headline' and outcome == 'employed' and n_treated >= 10")
    assert set(employed["unit"]) == {"percentage points"}
    assert employed["std_error"].between(1, 20).all()
    places = employed["months_from"].map(sorted(frame["months_from"].unique()).index)
    variances = [row[place] for row, place in zip(employed["covariance"], places, strict=True)]
    np.testing.assert_allclose(employed["std_error"] ** 2, variances)


def test_money_has_a_price_base_and_shares_have_none(frame):
    bases = frame.groupby("outcome")["price_base"].unique().map(list).to_dict()
    assert bases == {"employed": [""], "pay": ["2023"], "pay_in_work": ["2023"]}


def test_a_bin_is_named_in_words(frame, protocol):
    words = frame.set_index("months_from")["period"].to_dict()
    assert (words[1], words[55], words[-59]) == ("month 1", "months 55 to 60", "months -59 to -54")
    assert period(evaluations.load("hospitalisation_and_earnings"), 1, 1) == "wave +1"


def test_a_bin_that_nobody_reaches_is_null(frame):
    unreached = frame.query("months_from == 55")
    assert unreached[["estimate", "std_error", "ci_lower", "band_upper"]].isna().all(axis=None)
    assert (unreached["n_treated"] == 0).all()


def test_everything_that_is_declared_has_its_rows(declared, protocol, table):
    everything = staggered_adoption.estimates(DrawnPanel(), declared, SETTINGS)
    assert everything.schema.equals(ESTIMATES.arrow)
    frame = everything.to_pandas()
    runs = [f"ons_fixed_effects:{run.name('month')}" for run in declared.evaluation.design.robustness]
    assert set(frame["estimator"]) == {*declared.evaluation.design.estimators, *runs}
    for outcome in ("pay", "pay_in_work", "employed"):
        month = frame.query(f"outcome == '{outcome}' and subgroup == 'all' and months_from == 1").set_index("estimator")
        assert month["estimate"].notna().all()
        assert month["role"].to_dict() == {
            name: "headline" if name == "ons_fixed_effects" else "robustness" for name in month.index
        }
    assert everything.filter(pa.compute.equal(everything["estimator"], "ons_fixed_effects")).equals(table)


def test_two_runs_give_the_same_table(table, protocol):
    assert staggered_adoption.estimates(DrawnPanel(), protocol, SETTINGS).equals(table)


def test_an_unknown_small_sample_factor_is_refused_by_name(protocol):
    settings = SETTINGS.model_copy(update={"small_sample": "stata"})
    with pytest.raises(RequestError, match=r"configs/inference.toml: small_sample"):
        staggered_adoption.estimates(DrawnPanel(), protocol, settings)


def test_parallel_paths_pass_the_pre_trend_check(table):
    rows = pre_trend.check(table, alpha=0.001)
    assert rows.schema.equals(DIAGNOSTICS.arrow)
    assert rows["outcome"].to_pylist() == ["employed", "pay", "pay_in_work"]
    assert set(rows["status"].to_pylist()) == {"pass"}


def test_diverging_paths_fail_the_pre_trend_check(protocol):
    rows = pre_trend.check(staggered_adoption.estimates(DrawnPanel(slope=15), protocol, SETTINGS), alpha=0.05)
    by_outcome = {row["outcome"]: row for row in rows.to_pylist()}
    assert by_outcome["pay_in_work"]["status"] == "fail"
    assert by_outcome["pay_in_work"]["figure"] < 0.05
    assert "paths of treated and comparison people differ" in by_outcome["pay_in_work"]["sentence"]


def test_a_joint_test_of_independent_effects_is_chi_squared():
    # Two effects, one and two standard errors from zero: 1 + 4 = 5 on two degrees of freedom, p = exp(-5 / 2).
    found = pre_trend.wald_p_value(np.array([3.0, -8.0]), np.diag([9.0, 16.0]))
    assert found == pytest.approx(np.exp(-2.5))


def test_months_of_anticipation_are_not_tested_for_earlier_differences(table):
    early = table.filter(pa.compute.less(table["months_from"], 0))
    assert set(pre_trend.check(early, alpha=0.05, anticipation=60)["status"].to_pylist()) == {"not evaluated"}


def test_without_earlier_bins_the_check_is_not_evaluated(table):
    later = table.filter(pa.compute.greater(table["months_from"], 0))
    assert set(pre_trend.check(later, alpha=0.05)["status"].to_pylist()) == {"not evaluated"}


def test_balance_counts_people_and_standardises_differences():
    cohort = pa.table(
        {
            "arm": ["treated"] * 4 + ["comparison"] * 8,
            "sex": ["female", "female", "female", "male"] + ["female", "male"] * 4,
            "imd_quintile": pa.array([1, 1, None, 2] + [1] * 8, pa.int32()),
        }
    )
    found = balance.table(cohort, ["sex", "imd_quintile"])
    assert found.schema.equals(BALANCE.arrow)
    rows = {(row["characteristic"], row["level"]): row for row in found.to_pylist()}
    assert list(rows) == [
        ("sex", "female"), ("sex", "male"), ("imd_quintile", "1"), ("imd_quintile", "2"), ("imd_quintile", "missing"),
    ]  # fmt: skip
    female = rows["sex", "female"]
    assert (female["n_treated"], female["n_comparison"]) == (3, 4)
    assert (female["share_treated"], female["share_comparison"]) == (0.75, 0.5)
    assert female["smd"] == pytest.approx(0.25 / np.sqrt((0.75 * 0.25 + 0.5 * 0.5) / 2))
    assert rows["imd_quintile", "missing"]["n_treated"] == 1


def test_a_characteristic_that_does_not_vary_has_no_standardised_difference():
    cohort = pa.table({"arm": ["treated", "comparison"], "sex": ["female", "female"]})
    assert balance.table(cohort, ["sex"])["smd"].to_pylist() == [None]
