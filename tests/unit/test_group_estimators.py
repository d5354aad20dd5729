"""Sun-Abraham and imputation where the answer is known, and where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.inference import estimators
from pipeline.inference.estimators import imputation, sun_abraham
from pipeline.inference.moments.people.frames import FrameColumns, frame_panel
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import Model, Specification
from pipeline.vocabulary.errors import NotEstimable, RequestError
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window

# Rounding of effects of a few units recovered from data without noise, and of a solved two-by-two table.
EXACT, ROUNDING = 1e-8, 1e-10
# Required of sums whose order may differ between engines.
ORDER = 1e-9
BOTH = pytest.mark.parametrize("estimator", [sun_abraham, imputation], ids=["sun_abraham", "imputation"])
WINDOW = Window(before=11, after=12, reference=(-5, 0))


def drawn_frame(seed: int = 5, *, n: int = 90, n_months: int = 30, noise: float = 1.0, effect=None) -> pd.DataFrame:
    """People of five timing groups and people never treated; ``effect`` of event time, else 3 from the index on."""
    random = np.random.default_rng(seed)
    person, month = np.repeat(np.arange(n), n_months), np.tile(np.arange(n_months), n)
    treated = np.where(random.random(n) < 0.6, random.integers(12, 17, n), np.nan)[person]
    born = -random.integers(300, 720, n)[person]
    event_time = month - treated + 1
    effects = 3.0 * (event_time >= 1) if effect is None else np.nan_to_num(effect(event_time))
    pay = random.normal(0, 5, n)[person] + np.sin(month / 3) + ((month - born) / 400) ** 3 + effects
    frame = pd.DataFrame(
        {
            "person": person,
            "month": month,
            "treated": treated,
            "born": born,
            "practice": (random.permutation(n) % 12)[person],
            "sex": random.choice(["female", "male"], n)[person],
            "weight": random.uniform(0.5, 2, n)[person],
            "pay": pay + noise * random.normal(size=n * n_months),
        }
    )
    return frame[random.random(n * n_months) < 0.9].reset_index(drop=True)


def estimated(estimator, frame: pd.DataFrame, **options):
    names = {"outcome": "pay", "person": "person", "month": "month", "treatment_month": "treated", "draws": 1000}
    return estimator.estimate(frame, **names | options)


@BOTH
def test_effects_that_differ_by_month_are_averaged_over_the_people_of_a_bin(estimator):
    frame = drawn_frame(noise=0.0, effect=lambda event: np.where(event >= 1, event, 0.0))
    frame["pay"] -= ((frame["month"] - frame["born"]) / 400) ** 3
    inside = frame[(frame["month"] - frame["treated"] + 1).between(7, 12)]
    expected = (inside["month"] - inside["treated"] + 1).mean()
    found = estimated(estimator, frame, window=WINDOW).event_study().set_index("months_from")
    assert found.loc[7, "att"] == pytest.approx(expected, abs=EXACT)


def two_by_two(treated: int = 6, never: int = 5) -> pd.DataFrame:
    random = np.random.default_rng(2)
    n = treated + never
    frame = pd.DataFrame({"person": np.repeat(np.arange(n), 2), "month": np.tile([10, 11], n)})
    frame["treated"] = np.where(frame["person"] < treated, 11.0, np.nan)
    return frame.assign(pay=random.normal(100, 10, len(frame)))


@pytest.mark.parametrize("options", [{}, {"anticipation": 1, "weights": "weight", "cluster": "practice"}])
def test_people_treated_last_compared_are_those_of_a_table_cut_by_hand(options):
    frame = drawn_frame()
    by_hand = frame[frame["treated"].notna() & (frame["month"] < 16 - options.get("anticipation", 0))]
    by_hand = by_hand.assign(treated=by_hand["treated"].where(by_hand["treated"] < 16))
    study = estimated(sun_abraham, frame, comparison="last_treated", birth_month="born", **options)
    expected = estimated(sun_abraham, by_hand, birth_month="born", **options)
    pd.testing.assert_frame_equal(study.event_study(), expected.event_study())
    for nobody in (frame.assign(treated=np.nan), frame.assign(treated=0.0)):
        with pytest.raises(NotEstimable, match=r"nobody is treated|no month before"):
            estimated(sun_abraham, nobody, comparison="last_treated")


def test_imputation_without_people_never_treated_stops_where_the_last_group_is_treated():
    frame = drawn_frame(noise=0.0)
    frame["pay"] -= ((frame["month"] - frame["born"]) / 400) ** 3
    study = estimated(imputation, frame[frame["treated"].notna()])
    cells = study.group_time()
    assert cells["att"].notna().tolist() == (cells["month"] < 16).tolist()
    np.testing.assert_allclose(cells["att"].dropna(), 3.0, atol=EXACT)
    found = study.event_study().set_index("event_time")["att"]
    assert found[found.index >= 1].notna().sum() == 4
    assert found[found.index <= 0].isna().all()


def test_a_group_without_a_reference_has_no_effects_and_no_share():
    frame = drawn_frame(seed=1, noise=0.0)
    frame["pay"] -= ((frame["month"] - frame["born"]) / 400) ** 3
    frame.loc[frame["treated"] == 14, "pay"] += 50 * (frame["month"] >= 14)
    unseen = (frame["treated"] == 14) & (frame["month"] < 14)
    study = estimated(sun_abraham, frame[~unseen])
    cells = study.group_time()
    assert cells["att"].isna().tolist() == (cells["treatment_month"] == 14).tolist()
    after = study.event_study().query("event_time >= 1")["att"].dropna()
    np.testing.assert_allclose(after, 3.0, atol=EXACT)


@BOTH
def test_bins_of_one_person_are_not_identified(estimator):
    frame = drawn_frame()
    one = frame.loc[frame["treated"] == 12, "person"].min()
    late = frame["treated"].notna() & (frame["person"] != one) & (frame["month"] - frame["treated"] + 1 > 10)
    single = Window(before=11, after=12, reference=(0, 0), bins="single")
    found = estimated(estimator, frame[~late], window=single).event_study().set_index("event_time")
    assert found.loc[[11, 12], "att"].isna().all()
    assert found.loc[1:10, "att"].notna().all()


@BOTH
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"covariates": ["height"]}, "column height: column is missing"),
        ({"base": "universal"}, "has no base"),
        ({"comparison": "somebody"}, "has no comparison"),
        ({"anticipation": 2, "window": WINDOW}, "reference reaches into the months of anticipation"),
        ({"anticipation": 2, "window": Window(before=11, after=12, reference=(-11, -6))}, "a bin lies partly"),
        ({"anticipation": -1}, "anticipation"),
        ({"age_spline": AgeSpline()}, "birth_month"),
    ],
)
def test_what_does_not_apply_is_refused(estimator, options, message):
    with pytest.raises(RequestError, match=message):
        estimated(estimator, drawn_frame(), **options)


def test_each_estimator_names_the_comparison_that_it_has():
    frame = drawn_frame()
    for estimator, own in ((sun_abraham, "never_treated"), (imputation, "not_yet_treated")):
        bare, named = estimated(estimator, frame), estimated(estimator, frame, comparison=own)
        pd.testing.assert_frame_equal(bare.event_study(), named.event_study())


@BOTH
def test_anticipation_counts_effects_before_the_index(estimator):
    frame = drawn_frame(noise=0.0, effect=lambda event: np.where(event >= -1, 3.0, 0.0))
    frame["pay"] -= ((frame["month"] - frame["born"]) / 400) ** 3
    found = estimated(estimator, frame, anticipation=2).event_study()
    assert -2 not in found["event_time"].tolist()
    np.testing.assert_allclose(
        found["att"].dropna(), 3.0 * (found["event_time"] >= -1)[found["att"].notna()], atol=EXACT
    )


@BOTH
def test_effects_by_treatment_month_are_refused_by_subgroup(estimator):
    study = estimated(estimator, drawn_frame(), window=WINDOW, subgroup="sex")
    with pytest.raises(RequestError, match="for everybody"):
        study.group_time()
    assert 0 < study.pre_test(1).p_value < 1


@BOTH
def test_a_pre_trend_test_finds_a_trend(estimator):
    drifting = drawn_frame(effect=lambda event: 0.5 * event)
    assert estimated(estimator, drifting, window=WINDOW).pre_test().p_value < 1e-6
    with pytest.raises(NotEstimable, match="no bin before the index"):
        estimated(estimator, two_by_two()).pre_test()


class Shards:
    """A panel of given shards."""

    def __init__(self, whole, *shards: PanelShard) -> None:
        self.first_month, self.n_months, self.levels = whole.first_month, whole.n_months, whole.levels
        self.held = shards

    def shards(self, outcome, characteristics=()):
        return iter(self.held)


def rows_of(shard: PanelShard, rows) -> PanelShard:
    return PanelShard(
        first_month=shard.first_month,
        outcome=shard.outcome[rows],
        treatment_month=shard.treatment_month[rows],
        birth_month=shard.birth_month[rows],
        cluster=None if shard.cluster is None else shard.cluster[rows],
        weights=shard.weights[rows],
        levels={name: codes[rows] for name, codes in shard.levels.items()},
    )


@BOTH
@pytest.mark.parametrize("cluster", [None, "practice"])
@pytest.mark.parametrize("leave_out", [False, True])
def test_shards_and_their_order_do_not_show(estimator, cluster, leave_out):
    columns = FrameColumns(
        outcome="pay", person="person", month="month", treatment_month="treated", birth_month="born",
        weights="weight", cluster=cluster, characteristics=("sex",),
    )  # fmt: skip
    panel = frame_panel(drawn_frame(), columns)
    specification = Specification(window=WINDOW, age_spline=AgeSpline(), draws=1000, leave_out=leave_out)
    models = [Model(), Model(subgroup="sex"), Model(subgroup="sex", interact="all")]
    order = np.random.default_rng(0).permutation(len(panel.shard.outcome))
    parted = Shards(panel, *(rows_of(panel.shard, rows) for rows in np.array_split(order, 4)))
    fit = estimators.fit_of(estimator.__name__.rpartition(".")[2])
    whole = fit(panel, "pay", specification=specification, models=models)
    for one, other in zip(whole, fit(parted, "pay", specification=specification, models=models), strict=True):
        np.testing.assert_allclose(other.att, one.att, rtol=ORDER, atol=ORDER)
        np.testing.assert_allclose(other.covariance, one.covariance, rtol=ORDER, atol=ORDER)
        np.testing.assert_array_equal(other.n_treated, one.n_treated)
        np.testing.assert_array_equal(other.n_comparison, one.n_comparison)
        assert (other.n_clusters, other.n_observations) == (one.n_clusters, one.n_observations)
    pd.testing.assert_frame_equal(
        estimators.fit_of(estimator.__name__.rpartition(".")[2])(
            parted, "pay", specification=specification, models=[Model()]
        )[0].group_time(),
        whole[0].group_time(),
        rtol=1e-7,
    )


@BOTH
@pytest.mark.parametrize("options", [{}, {"window": WINDOW, "birth_month": "born", "weights": "weight"}])
def test_clusters_of_one_person_are_people(estimator, options):
    frame = drawn_frame()
    people, clusters = (estimated(estimator, frame, **options | named) for named in ({}, {"cluster": "person"}))
    for one, other in ((people.event_study(), clusters.event_study()), (people.group_time(), clusters.group_time())):
        pd.testing.assert_frame_equal(one, other, rtol=ORDER)


@BOTH
def test_a_band_is_at_least_as_wide_as_its_intervals(estimator):
    study = estimated(estimator, drawn_frame(), window=WINDOW)
    for frame in (study.event_study(), study.group_time().dropna()):
        assert (frame["band_lower"] <= frame["ci_lower"]).all()
        assert (frame["band_upper"] >= frame["ci_upper"]).all()
        assert (frame["std_error"] > 0).all()
    assert study.overall()["n_treated"].item() == study.n_treated_after.item() > 0


def test_imputation_counts_people_not_yet_treated_among_its_comparison():
    frame = drawn_frame()
    late, early = estimated(imputation, frame).group_time(), estimated(sun_abraham, frame).group_time()
    cells = ["treatment_month", "month"]
    both = late.merge(early, on=cells, suffixes=("_imputed", "_saturated"))
    assert (both["n_comparison_imputed"] >= both["n_comparison_saturated"]).all()
    first = both[both["month"] == 12]
    assert (first["n_comparison_imputed"] > first["n_comparison_saturated"]).all()
