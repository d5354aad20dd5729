"""Sums over shards: additive, indifferent to order, right for any mask."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.inference.estimators import ons_fixed_effects
from pipeline.inference.moments.people.blocks import Group, observed_months
from pipeline.inference.moments.regression.scores import cluster_sums
from pipeline.inference.moments.regression.solve import inverse
from pipeline.inference.moments.regression.within import within
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import Model, Specification
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window

# Required of sums whose order may differ between engines.
ORDER = 1e-9
WINDOW = Window(before=11, after=12, reference=(-5, 0))
SPECIFICATION = Specification(window=WINDOW, age_spline=AgeSpline(), draws=1000)
FIRST_MONTH, N_MONTHS = 24_000, 30


class Shards:
    """A panel of given shards."""

    first_month, n_months = FIRST_MONTH, N_MONTHS
    levels = {"sex": ("female", "male")}  # noqa: RUF012 - a drawn panel, never changed

    def __init__(self, *shards: PanelShard) -> None:
        self.held = shards

    def shards(self, outcome, characteristics=()):
        return iter(self.held)


def drawn_shard(seed: int = 3, n: int = 240) -> PanelShard:
    random = np.random.default_rng(seed)
    outcome = random.normal(0, 1, (n, N_MONTHS)) + random.normal(0, 2, (n, 1))
    outcome[random.random(outcome.shape) < 0.15] = np.nan
    treatment_month = np.where(random.random(n) < 0.5, FIRST_MONTH + random.integers(7, 25, n), np.nan)
    return PanelShard(
        first_month=FIRST_MONTH,
        outcome=outcome,
        treatment_month=treatment_month,
        birth_month=(FIRST_MONTH - random.integers(300, 700, n)).astype(float),
        cluster=random.integers(0, 25, n),
        weights=random.uniform(0.5, 2, n),
        levels={"sex": random.integers(0, 2, n).astype(np.int32)},
    )


def rows_of(shard: PanelShard, rows) -> PanelShard:
    return replace(
        shard,
        outcome=shard.outcome[rows],
        treatment_month=shard.treatment_month[rows],
        birth_month=shard.birth_month[rows],
        cluster=None if shard.cluster is None else shard.cluster[rows],
        weights=shard.weights[rows],
        levels={name: codes[rows] for name, codes in shard.levels.items()},
    )


def assert_same(one, other) -> None:
    np.testing.assert_allclose(one.att, other.att, rtol=ORDER)
    np.testing.assert_allclose(one.std_error, other.std_error, rtol=ORDER)
    np.testing.assert_array_equal(one.n_treated, other.n_treated)
    np.testing.assert_array_equal(one.n_comparison, other.n_comparison)


@pytest.mark.parametrize("clustered", [True, False])
@pytest.mark.parametrize("model", [Model(), Model(subgroup="sex"), Model(subgroup="sex", interact="all")])
def test_shards_and_their_order_do_not_show(model, clustered):
    shard = drawn_shard() if clustered else replace(drawn_shard(), cluster=None)
    (whole,) = ons_fixed_effects.fit(Shards(shard), "pay", specification=SPECIFICATION, models=[model])
    shuffled = np.random.default_rng(0).permutation(len(shard.outcome))
    parts = [rows_of(shard, rows) for rows in np.array_split(shuffled, 5)]
    (split,) = ons_fixed_effects.fit(Shards(*parts), "pay", specification=SPECIFICATION, models=[model])
    assert_same(whole, split)
    assert whole.n_clusters == split.n_clusters


def test_models_fitted_together_equal_models_fitted_alone():
    panel = Shards(drawn_shard())
    models = [Model(), Model(subgroup="sex"), Model(subgroup="sex", interact="all")]
    together = ons_fixed_effects.fit(panel, "pay", specification=SPECIFICATION, models=models)
    for model, study in zip(models, together, strict=True):
        (alone,) = ons_fixed_effects.fit(panel, "pay", specification=SPECIFICATION, models=[model])
        assert_same(study, alone)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 39))
def test_sums_of_two_shards_add_up_to_those_of_both(seed, cut):
    shard = drawn_shard(seed, n=40)
    parts = [rows_of(shard, np.arange(cut)), rows_of(shard, np.arange(cut, 40))]
    whole, *split = (within(s, window=WINDOW, basis=None, characteristics=(None,)) for s in (shard, *parts))
    added = reduce(add, split)
    assert added.groups[None].keys() == whole.groups[None].keys()
    for group, sums in whole.groups[None].items():
        np.testing.assert_allclose(added.groups[None][group].gram, sums.gram, atol=ORDER)
        np.testing.assert_allclose(added.groups[None][group].cross, sums.cross, atol=ORDER)
        assert added.groups[None][group].counts.people == sums.counts.people


def test_sums_are_those_of_the_demeaned_months():
    shard = replace(drawn_shard(n=60), treatment_month=np.full(60, np.nan))
    gram, cross = np.zeros((N_MONTHS, N_MONTHS)), np.zeros(N_MONTHS)
    for outcome, weight in zip(shard.outcome, shard.weights, strict=True):
        seen = ~np.isnan(outcome)
        demeaned = np.diag(seen.astype(float)) - np.outer(seen, seen) / seen.sum()
        gram += weight * demeaned
        cross += weight * demeaned @ np.nan_to_num(outcome)
    sums = within(shard, window=WINDOW, basis=None, characteristics=(None,)).groups[None][Group(None, 0)]
    np.testing.assert_allclose(sums.gram, gram, atol=ORDER)
    np.testing.assert_allclose(sums.cross, cross, atol=ORDER)


def test_a_person_observed_once_contributes_nothing():
    shard = drawn_shard()
    once = rows_of(shard, np.arange(20))
    once.outcome[:, 1:] = np.nan
    once.outcome[:, 0] = 1e6
    specification = SPECIFICATION.model_copy(update={"age_spline": None})
    (without,) = ons_fixed_effects.fit(Shards(shard), "pay", specification=specification)
    (beside,) = ons_fixed_effects.fit(Shards(shard, once), "pay", specification=specification)
    assert_same(without, beside)
    treated_out_of_window = int((once.treatment_month > FIRST_MONTH + WINDOW.before + 1).sum())
    assert beside.n_singletons - without.n_singletons == 20 - treated_out_of_window
    assert beside.n_people == without.n_people


def test_treated_months_outside_the_window_are_not_observed():
    shard = drawn_shard(n=1)
    treated = replace(shard, treatment_month=np.array([FIRST_MONTH + 15.0]), outcome=np.zeros((1, N_MONTHS)))
    (seen,) = observed_months(treated, WINDOW)
    event_time = FIRST_MONTH + np.arange(N_MONTHS) - (FIRST_MONTH + 15) + 1
    np.testing.assert_array_equal(seen, (event_time >= -11) & (event_time <= 12))


def test_cluster_sums_add_by_code():
    one = cluster_sums(np.array([7, 3, 7]), np.array([[1.0], [2.0], [4.0]]))
    other = cluster_sums(np.array([9, 3]), np.array([[8.0], [16.0]]))
    total = one + other
    assert total.codes.tolist() == [3, 7, 9]
    assert total.sums[:, 0].tolist() == [18.0, 5.0, 8.0]


def test_a_collinear_coefficient_is_flagged_and_the_others_are_not():
    random = np.random.default_rng(1)
    columns = random.normal(size=(50, 3)) * [1, 1e2, 1e-2]
    columns = np.column_stack([columns, columns[:, 0] * 2, np.zeros(50)])
    solved = inverse(columns.T @ columns)
    assert solved.identified.tolist() == [False, True, True, False, False]
    assert solved.rank == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"treatment_month": np.full(240, np.nan)}, "nobody is treated"),
        ({"treatment_month": np.full(240, FIRST_MONTH + 12.0)}, "nobody is never treated"),
        ({"birth_month": None}, r"month of birth \(240 people\)"),
        ({"outcome": np.full((240, N_MONTHS), np.nan)}, "nobody is observed"),
    ],
)
def test_a_panel_that_cannot_answer_is_refused(change, message):
    panel = Shards(replace(drawn_shard(), **change))
    with pytest.raises(NotEstimable, match=message):
        ons_fixed_effects.fit(panel, "pay", specification=SPECIFICATION)


def test_an_empty_panel_is_refused():
    with pytest.raises(NotEstimable, match="the panel has no people"):
        ons_fixed_effects.fit(Shards(), "pay", specification=SPECIFICATION)


def test_no_observed_reference_month_is_refused():
    shard = drawn_shard()
    treatment_month = np.where(np.isnan(shard.treatment_month), np.nan, FIRST_MONTH + 15.0)
    outcome = shard.outcome.copy()
    outcome[np.ix_(~np.isnan(treatment_month), range(9, 15))] = np.nan
    panel = Shards(replace(shard, outcome=outcome, treatment_month=treatment_month))
    with pytest.raises(NotEstimable, match="observed in the reference, event times -5 to 0"):
        ons_fixed_effects.fit(panel, "pay", specification=SPECIFICATION)


def test_a_bin_without_treated_months_has_no_number():
    shard = drawn_shard()
    treated = ~np.isnan(shard.treatment_month)
    event_time = FIRST_MONTH + np.arange(N_MONTHS) - shard.treatment_month[:, None] + 1
    outcome = np.where(treated[:, None] & (event_time == 2), np.nan, shard.outcome)
    panel = Shards(replace(shard, outcome=outcome))
    (study,) = ons_fixed_effects.fit(panel, "pay", specification=SPECIFICATION)
    frame = study.event_study().set_index("event_time")
    assert frame.loc[2, ["att", "std_error", "ci_lower", "band_upper"]].isna().all()
    assert frame.loc[2, ["n_treated", "n_comparison"]].tolist() == [0, 0]
    assert frame.drop(index=2)["att"].notna().all()


def test_a_level_without_comparison_people_has_no_number_of_its_own():
    shard = drawn_shard()
    sex = np.where(np.isnan(shard.treatment_month), 0, shard.levels["sex"]).astype(np.int32)
    panel = Shards(replace(shard, levels={"sex": sex}))
    models = [Model(subgroup="sex"), Model(subgroup="sex", interact="all")]
    shared, apart = ons_fixed_effects.fit(panel, "pay", specification=SPECIFICATION, models=models)
    assert np.isfinite(shared.att).all()
    assert np.isfinite(apart.att[0]).all()
    assert np.isnan(apart.att[1]).all()


def test_people_whose_level_is_missing_are_left_out_and_counted():
    shard = drawn_shard()
    sex = shard.levels["sex"].copy()
    sex[:30] = -1
    missing = Shards(replace(shard, levels={"sex": sex}))
    (study,) = ons_fixed_effects.fit(missing, "pay", specification=SPECIFICATION, models=[Model(subgroup="sex")])
    assert (study.n_people, study.n_excluded) == (210, 30)
