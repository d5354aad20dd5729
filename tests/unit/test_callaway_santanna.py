"""Group-time effects as a library: special cases, refusals, shards, bins and levels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from pipeline.inference.estimators import callaway_santanna, fit_of
from pipeline.inference.moments.group_time import summaries
from pipeline.inference.moments.people.frames import FrameColumns, frame_panel
from pipeline.vocabulary.effects import Model, specified
from pipeline.vocabulary.errors import DataRefused, NotEstimable, RequestError
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window

# Rounding of sums over a few hundred people.
ROUNDING = 1e-10
COLUMNS = {"outcome": "pay", "person": "person", "month": "month", "treatment_month": "treated"}


def drawn_frame(seed: int = 5, n: int = 120, n_months: int = 14, observed: float = 0.9) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    person, month = np.repeat(np.arange(n), n_months), np.tile(100 + np.arange(n_months), n)
    treated = np.where(random.random(n) < 0.5, random.integers(104, 110, n), np.nan)
    frame = pd.DataFrame(
        {
            "person": person,
            "month": month,
            "treated": treated[person],
            "sex": np.where(random.random(n) < 0.5, "female", "male")[person],
            "x": random.normal(size=n)[person],
            "weight": random.uniform(0.5, 2, n)[person],
            "practice": random.integers(0, 20, n)[person],
            "pay": random.normal(size=n * n_months) + random.normal(size=n)[person],
        }
    )
    return frame[random.random(len(frame)) < observed].reset_index(drop=True)


def estimated(frame: pd.DataFrame, **options):
    return callaway_santanna.estimate(frame, **(COLUMNS | options))


def two_by_two(seed: int = 2, treated: int = 15) -> tuple[pd.DataFrame, np.ndarray]:
    pay = np.random.default_rng(seed).normal(size=(40, 2))
    frame = pd.DataFrame({"person": np.repeat(np.arange(40), 2), "month": np.tile([5, 6], 40), "pay": pay.ravel()})
    frame["treated"] = np.where(frame["person"] < treated, 6.0, np.nan)
    return frame, pay[:, 1] - pay[:, 0]


def test_the_estimator_is_found_by_name():
    assert fit_of("callaway_santanna") is callaway_santanna.fit


def test_nobody_observed_before_treatment_is_refused():
    frame = drawn_frame()
    with pytest.raises(NotEstimable, match="have a base month"):
        estimated(frame[frame["month"] >= 110])
    with pytest.raises(NotEstimable, match="no event-time bin"):
        estimated(frame[frame["treated"].isna() | (frame["month"] >= 110)])


def test_a_cell_of_one_person_is_null_but_counts():
    frame = drawn_frame(observed=1.0)
    lonely = frame["person"] == frame.loc[frame["treated"].isna(), "person"].iloc[0]
    frame.loc[lonely, "treated"] = 111.0
    study = estimated(frame)
    cells = study.group_time().set_index("treatment_month").loc[111]
    assert cells["att"].isna().all()
    assert np.isfinite(study.cells.att[study.cells.treatment_month == 111]).all()


def test_a_universal_base_differs_from_a_varying_one_before_treatment_only():
    frame = drawn_frame(observed=1.0)
    cells = {}
    for base in ("universal", "varying"):
        study = estimated(frame, base=base, comparison="never_treated")
        cells[base] = study.group_time().set_index(["treatment_month", "month"])
    both = cells["universal"].join(cells["varying"], suffixes=("", "_varying"), how="inner")
    after = both["event_time"] >= 1
    np.testing.assert_allclose(both.loc[after, "att"], both.loc[after, "att_varying"], atol=ROUNDING)
    # Step by step, changes since the month before add up to the change since the base.
    steps = cells["varying"].loc[(106, slice(103, 105)), "att"].sum()
    assert -cells["universal"].loc[(106, 102), "att"] == pytest.approx(steps, abs=ROUNDING)


def test_anticipation_moves_the_base_and_the_comparison():
    frame = drawn_frame(observed=1.0)
    pay = frame.pivot_table(index="person", columns="month", values="pay")
    group = frame.drop_duplicates("person").set_index("person")["treated"]
    cells = estimated(frame, anticipation=2).group_time().set_index(["treatment_month", "month"])
    change = pay[106] - pay[103]
    later = group.isna() | (group > 108)
    expected = change[group == 106].mean() - change[later].mean()
    assert cells.loc[(106, 106), "att"] == pytest.approx(expected, abs=ROUNDING)
    assert (106, 103) not in cells.index


def test_effects_are_relative_to_the_mean_of_a_longer_reference():
    frame = drawn_frame(observed=1.0)
    pay = frame.pivot_table(index="person", columns="month", values="pay")
    group = frame.drop_duplicates("person").set_index("person")["treated"]
    window = Window(before=4, after=5, reference=(-2, 0), bins="single")
    cells = estimated(frame, window=window, comparison="never_treated").group_time()
    change = pay[108] - pay[[103, 104, 105]].mean(axis=1)
    found = cells.set_index(["treatment_month", "month"]).loc[(106, 108), "att"]
    assert found == pytest.approx(change[group == 106].mean() - change[group.isna()].mean(), abs=ROUNDING)


def test_a_bin_is_the_mean_of_its_event_times():
    frame = drawn_frame(n=300, n_months=24)
    single = estimated(frame, window=Window(before=5, after=12, reference=(0, 0), bins="single"), base="varying")
    binned = estimated(frame, window=Window(before=5, after=12, reference=(-5, 0)), base="varying")
    assert [part.number for part in binned.bins] == [0, 1, 2, 3, 4, 5, 6, 7]
    sixth = np.full(6, 1 / 6)
    assert binned.att[0, -1] == pytest.approx(single.att[0, -6:].mean(), abs=ROUNDING)
    assert binned.covariance[-1, -1] == pytest.approx(sixth @ single.covariance[-6:, -6:] @ sixth, abs=ROUNDING)


def test_the_dynamic_summary_is_the_mean_over_event_times():
    study = estimated(drawn_frame())
    series = study.aggregate("dynamic")
    after = series[series["index"] >= 1]["att"]
    assert series["att"].iloc[-1] == pytest.approx(after.mean(), abs=ROUNDING)
    assert study.overall()["att"].item() == pytest.approx(after.mean(), abs=ROUNDING)
    assert study.overall()["std_error"].item() == pytest.approx(series["std_error"].iloc[-1], abs=ROUNDING)


@dataclass(frozen=True)
class Shards:
    """A panel cut into shards of people."""

    whole: object
    cuts: int

    def __getattr__(self, name: str):
        return getattr(self.whole, name)

    def shards(self, outcome, characteristics=()):
        shard = self.whole.shard
        for rows in np.array_split(np.random.default_rng(0).permutation(len(shard.outcome)), self.cuts):
            yield PanelShard(
                first_month=shard.first_month,
                outcome=shard.outcome[rows],
                treatment_month=shard.treatment_month[rows],
                cluster=None if shard.cluster is None else shard.cluster[rows],
                weights=shard.weights[rows],
                levels={name: codes[rows] for name, codes in shard.levels.items()},
                covariates={name: values[rows] for name, values in shard.covariates.items()},
            )


@pytest.mark.parametrize("method", ["doubly_robust", "regression", "weighting"])
@pytest.mark.parametrize("cluster", [None, "practice"])
@pytest.mark.parametrize("whole", [True, False])
def test_people_in_several_shards_give_the_same_result(monkeypatch, method, cluster, whole):
    monkeypatch.setattr(summaries, "MOST_CELLS", 10_000 if whole else 0)
    columns = FrameColumns(**COLUMNS, weights="weight", cluster=cluster, characteristics=("sex",), covariates=("x",))
    panel = frame_panel(drawn_frame(n=240), columns)
    window = Window(before=6, after=6, reference=(-5, 0))
    specification = specified(where="test", window=window, method=method, covariates=("x", "sex"))
    (one,) = callaway_santanna.fit(panel, "pay", specification=specification)
    (several,) = callaway_santanna.fit(Shards(panel, 3), "pay", specification=specification)
    np.testing.assert_allclose(several.att, one.att, rtol=ROUNDING)
    np.testing.assert_allclose(several.covariance, one.covariance, rtol=1e-8, atol=ROUNDING)
    np.testing.assert_array_equal(several.n_comparison, one.n_comparison)
    assert several.n_clusters == one.n_clusters


@pytest.mark.parametrize("cluster", [None, "practice"])
@pytest.mark.parametrize("subgroup", [None, "sex"])
def test_a_large_panel_gives_what_a_small_one_does(monkeypatch, cluster, subgroup):
    options = {"cluster": cluster, "subgroup": subgroup, "weights": "weight"}
    small = estimated(drawn_frame(n=240), **options)
    monkeypatch.setattr(summaries, "MOST_CELLS", 0)
    large = estimated(drawn_frame(n=240), **options)
    assert large.cells.covariance is None
    np.testing.assert_allclose(large.att, small.att, rtol=ROUNDING)
    np.testing.assert_allclose(large.covariance, small.covariance, rtol=1e-8, atol=ROUNDING)
    for kind in ("simple", "dynamic", "group", "calendar"):
        pd.testing.assert_frame_equal(large.aggregate(kind), small.aggregate(kind), rtol=1e-8)
    if cluster is None:
        np.testing.assert_allclose(large.cells.std_error, small.cells.std_error, rtol=1e-8)


def test_levels_that_share_nothing_are_estimated_alone():
    frame = drawn_frame(n=240)
    together = estimated(frame, subgroup="sex", interact="all").event_study().set_index("subgroup_value")
    alone = estimated(frame[frame["sex"] == "female"]).event_study()
    merged = together.loc["female"].merge(alone, on="event_time", suffixes=("", "_alone")).dropna(subset=["att_alone"])
    assert len(merged) >= 10
    np.testing.assert_allclose(merged["att"], merged["att_alone"], atol=ROUNDING)
    np.testing.assert_allclose(merged["std_error"], merged["std_error_alone"], atol=ROUNDING)


def test_levels_that_share_their_comparison_add_up_to_everybody():
    frame = drawn_frame(n=240, observed=1.0)
    by_sex = estimated(frame, subgroup="sex", comparison="never_treated")
    cells = by_sex.group_time()
    everybody = estimated(frame, comparison="never_treated").group_time().set_index(["treatment_month", "month"])
    raw = cells.assign(att=by_sex.cells.att, total=lambda d: d["att"] * d["n_treated"])
    pooled = raw.groupby(["treatment_month", "month"])[["total", "n_treated"]].sum()
    np.testing.assert_allclose(pooled["total"] / pooled["n_treated"], everybody["att"], atol=ROUNDING)
    assert by_sex.n_comparison[0].tolist() == by_sex.n_comparison[1].tolist()


def test_people_whose_level_is_missing_are_left_out_and_counted():
    frame = drawn_frame()
    frame.loc[frame["person"] < 7, "sex"] = None
    study = estimated(frame, subgroup="sex")
    assert study.n_excluded == 7
    assert study.n_people == 113


def test_characteristics_are_covariates_too():
    frame = drawn_frame(n=300).assign(male=lambda d: (d["sex"] == "male").astype(float))
    words, numbers = (estimated(frame, covariates=[name, "x"]).event_study() for name in ("sex", "male"))
    pd.testing.assert_frame_equal(words, numbers, rtol=1e-7)


def test_the_scale_of_a_covariate_does_not_matter():
    frame = drawn_frame(n=300)
    plain = estimated(frame, covariates=["x"]).event_study()
    scaled = estimated(frame.assign(x=1e6 + 1e3 * frame["x"]), covariates=["x"]).event_study()
    pd.testing.assert_frame_equal(plain, scaled, rtol=1e-6)


@pytest.mark.parametrize("method", ["doubly_robust", "weighting"])
def test_a_covariate_that_separates_the_treated_gives_nulls_or_a_refusal(method):
    frame = drawn_frame(n=300).assign(x=lambda d: d["treated"].notna() * 10.0 + d["person"] / 1000)
    with pytest.raises(NotEstimable, match="no event-time bin"):
        estimated(frame, covariates=["x"], method=method, comparison="never_treated")


def test_collinear_covariates_give_a_refusal():
    frame = drawn_frame(n=300).assign(twice=lambda d: 2 * d["x"])
    with pytest.raises(NotEstimable, match="no event-time bin"):
        estimated(frame, covariates=["x", "twice"], method="regression")


def test_a_covariate_that_changes_is_refused_without_its_value():
    frame = drawn_frame().assign(x=lambda d: d["month"] * 7.125)
    with pytest.raises(DataRefused, match="column x: column differs within a person") as refused:
        estimated(frame, covariates=["x"])
    assert "712" not in str(refused.value)


def test_a_missing_covariate_is_refused():
    frame = drawn_frame()
    frame.loc[frame["person"] == 3, "x"] = np.nan
    with pytest.raises(DataRefused, match="column x: value is missing"):
        estimated(frame, covariates=["x"])


def test_an_unknown_covariate_is_refused():
    panel = frame_panel(drawn_frame(), FrameColumns(**COLUMNS))
    window = Window(before=3, after=3, reference=(0, 0), bins="single")
    specification = specified(where="test", window=window, covariates=("region",))
    with pytest.raises(RequestError, match="no covariate 'region'"):
        callaway_santanna.fit(panel, "pay", specification=specification, models=[Model()])


def test_a_reference_inside_the_anticipation_months_is_refused():
    window = Window(before=5, after=5, reference=(0, 0), bins="single")
    with pytest.raises(RequestError, match=r"reference ends at event time 0.*at or before event time -2"):
        estimated(drawn_frame(), window=window, anticipation=2)


@pytest.mark.parametrize(
    "wrong", [{"comparison": "control"}, {"base": "last"}, {"anticipation": -1}, {"method": "matching"}]
)
def test_an_argument_out_of_range_is_refused(wrong):
    with pytest.raises(RequestError, match=next(iter(wrong))):
        estimated(drawn_frame(), **wrong)


@pytest.mark.parametrize("foreign", [{"birth_month": "born"}, {"small_sample": "felm"}])
def test_an_argument_of_another_estimator_is_refused(foreign):
    with pytest.raises(RequestError, match=f"callaway_santanna has no {next(iter(foreign))}"):
        estimated(drawn_frame(), **foreign)


def test_months_of_anticipation_are_not_tested_for_earlier_effects():
    frame = drawn_frame(observed=1.0)
    frame.loc[frame["month"] == frame["treated"] - 1, "pay"] += 100
    assert estimated(frame).pre_test().p_value < 1e-6
    assert estimated(frame, anticipation=1).pre_test().p_value > 1e-6


def test_an_unknown_summary_is_refused():
    with pytest.raises(RequestError, match="There are simple, dynamic, group, calendar"):
        estimated(drawn_frame()).aggregate("weekly")


def test_a_month_that_nobody_has_is_skipped_for_the_base():
    frame = drawn_frame(observed=1.0)
    cells = estimated(frame[frame["month"] != 105], comparison="never_treated").group_time()
    pay = frame.pivot_table(index="person", columns="month", values="pay")
    group = frame.drop_duplicates("person").set_index("person")["treated"]
    change = pay[107] - pay[104]
    found = cells.set_index(["treatment_month", "month"]).loc[(106, 107), "att"]
    assert found == pytest.approx(change[group == 106].mean() - change[group.isna()].mean(), abs=ROUNDING)


def test_weights_of_two_stand_for_two_people():
    frame = drawn_frame(observed=1.0)
    twice = pd.concat([frame, frame.assign(person=frame["person"] + 1000)])
    weighted = estimated(frame.assign(weight=2.0), weights="weight").event_study()
    np.testing.assert_allclose(weighted["att"], estimated(twice).event_study()["att"], atol=ROUNDING)


def test_the_same_seed_gives_the_same_band():
    one, other = (estimated(drawn_frame(), seed=4).event_study() for _ in range(2))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_the_pre_test_needs_an_effect_before_the_index_month():
    with pytest.raises(NotEstimable, match="before the index month"):
        estimated(two_by_two()[0]).pre_test()


def test_a_result_cannot_be_changed():
    with pytest.raises(AttributeError, match="cannot assign"):
        estimated(drawn_frame()).att = None
    assert replace(estimated(drawn_frame()), outcome="wages").outcome == "wages"
