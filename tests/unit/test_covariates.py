"""Baseline covariates in the estimators that have person effects: an effect of their own in every month."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.inference import estimators
from pipeline.inference.estimators import imputation, ons_fixed_effects, sun_abraham
from pipeline.inference.moments.people.frames import FrameColumns, frame_panel
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import Model, Specification
from pipeline.vocabulary.errors import DataRefused, NotEstimable, RequestError
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window

# Rounding of effects of a few units recovered from data without noise.
EXACT = 1e-8
# Two ways to the same numbers: a month's columns turned or scaled, people counted twice or weighted by two.
SAME = 1e-9
# Required of sums whose order may differ between engines.
ORDER = 1e-9
NAMES = {"outcome": "pay", "person": "person", "month": "month", "treatment_month": "treated"}
WINDOW = Window(before=11, after=12, reference=(-5, 0))
ALL = pytest.mark.parametrize(
    "estimator", [ons_fixed_effects, sun_abraham, imputation], ids=["fixed_effects", "sun_abraham", "imputation"]
)
BOTH = pytest.mark.parametrize("estimator", [sun_abraham, imputation], ids=["sun_abraham", "imputation"])


def drawn_frame(seed: int = 5, *, n: int = 160, n_months: int = 30, noise: float = 1.0) -> pd.DataFrame:
    """People whose pay has a trend by score and region, and who are treated the more the higher their score."""
    random = np.random.default_rng(seed)
    person, month = np.repeat(np.arange(n), n_months), np.tile(np.arange(n_months), n)
    score = random.normal(0, 1, n)
    treated = np.where(score + random.normal(0, 1, n) > -0.3, random.integers(12, 17, n), np.nan)
    region = random.choice(["east", "north", "west"], n)
    born = -random.integers(300, 720, n)
    trend = (score[person] + 2 * (region == "west")[person]) * np.sqrt(month)
    frame = pd.DataFrame(
        {
            "person": person,
            "month": month,
            "treated": treated[person],
            "born": born[person],
            "practice": (random.permutation(n) % 14)[person],
            "sex": random.choice(["female", "male"], n)[person],
            "weight": random.uniform(0.5, 2, n)[person],
            "score": score[person],
            "region": region[person],
            "pay": random.normal(0, 5, n)[person] + trend + 3.0 * (month >= treated[person]),
        }
    )
    frame["pay"] += noise * random.normal(size=len(frame))
    return frame[random.random(len(frame)) < 0.9].reset_index(drop=True)


def estimated(estimator, frame: pd.DataFrame, **options):
    return estimator.estimate(frame, **{**NAMES, "window": WINDOW, "draws": 1000} | options)


def correlation(study) -> np.ndarray:
    """The covariance but for a factor that all effects share."""
    return study.covariance / study.covariance[0, 0]


def assert_same(one, other, *, factor: bool = False) -> None:
    np.testing.assert_allclose(one.att, other.att, rtol=SAME, atol=SAME)
    mine, its = (correlation(one), correlation(other)) if factor else (one.covariance, other.covariance)
    np.testing.assert_allclose(mine, its, rtol=SAME, atol=SAME * np.nanmax(np.abs(its)))
    np.testing.assert_array_equal(one.n_treated, other.n_treated)
    np.testing.assert_array_equal(one.n_comparison, other.n_comparison)


@ALL
@pytest.mark.parametrize("options", [{}, {"weights": "weight"}, {"birth_month": "born"}, {"subgroup": "sex"}])
def test_trends_by_covariates_are_told_from_effects(estimator, options):
    frame = drawn_frame(noise=0.0)
    adjusted = estimated(estimator, frame, covariates=["score", "region"], **options)
    truth = 3.0 * (adjusted.event_study()["event_time"] >= 1)
    np.testing.assert_allclose(adjusted.att.ravel(), truth, atol=EXACT)
    assert np.abs(estimated(estimator, frame, **options).att.ravel() - truth).max() > 0.1


@ALL
def test_the_scale_and_origin_of_a_covariate_do_not_matter(estimator):
    frame = drawn_frame()
    plain = estimated(estimator, frame, covariates=["score"])
    assert_same(estimated(estimator, frame.assign(score=1e6 + 1e3 * frame["score"]), covariates=["score"]), plain)


@ALL
@pytest.mark.parametrize("options", [{}, {"cluster": "practice"}])
def test_a_constant_covariate_and_one_named_twice_change_nothing(estimator, options):
    frame = drawn_frame().assign(constant=7.0, everywhere="england")
    assert_same(
        estimated(estimator, frame, covariates=["constant", "everywhere"], **options),
        estimated(estimator, frame, **options),
    )
    once = estimated(estimator, frame, covariates=["score"], **options)
    twice = estimated(estimator, frame.assign(again=-frame["score"]), covariates=["score", "again"], **options)
    assert_same(twice, once)
    assert twice.residual_df == once.residual_df


@ALL
def test_a_characteristic_is_an_indicator_for_each_level_but_one(estimator):
    frame = drawn_frame()
    indicators = frame.assign(**{name: 1.0 * (frame["region"] == name) for name in ("east", "west")})
    assert_same(
        estimated(estimator, indicators, covariates=["east", "west"]),
        estimated(estimator, frame, covariates=["region"]),
    )


@ALL
@pytest.mark.parametrize("options", [{}, {"cluster": "practice"}])
def test_levels_that_share_nothing_are_those_with_the_characteristic_as_covariate(estimator, options):
    frame = drawn_frame()
    apart = estimated(estimator, frame, subgroup="region", interact="all", **options)
    adjusted = estimated(estimator, frame, subgroup="region", covariates=["region"], **options)
    np.testing.assert_allclose(adjusted.att, apart.att, rtol=SAME, atol=SAME)
    after = np.flatnonzero(np.tile([part.first >= 1 for part in apart.bins], len(apart.levels)))
    mine, its = (study.covariance[np.ix_(after, after)] for study in (adjusted, apart))
    # The small-sample factor counts a month's effects in one and covariates in the other, so that it is taken out.
    np.testing.assert_allclose(mine / mine[0, 0], its / its[0, 0], rtol=SAME, atol=SAME)


def test_an_imputed_effect_given_a_characteristic_is_the_average_of_its_levels():
    frame = drawn_frame()
    pooled = estimated(imputation, frame, covariates=["region"])
    apart = estimated(imputation, frame, subgroup="region", interact="all")
    event_time = frame["month"] - frame["treated"] + 1
    months = np.array(
        [
            [((frame["region"] == level) & event_time.between(part.first, part.last)).sum() for part in apart.bins]
            for level in apart.levels
        ]
    )
    after = [part.first >= 1 for part in apart.bins]
    expected = (apart.att * months).sum(axis=0) / months.sum(axis=0)
    np.testing.assert_allclose(pooled.att[0, after], expected[after], rtol=SAME)


def doubled(frame: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    """The chosen people's rows twice, the second time as other people; ``again`` names both as one."""
    copies = frame[chosen].assign(person=frame["person"] + 10_000)
    return pd.concat([frame.assign(again=frame["person"]), copies.assign(again=copies["person"] - 10_000)])


@ALL
def test_people_counted_twice_have_a_weight_of_two(estimator):
    frame = drawn_frame()
    some = frame["person"] % 3 == 0
    options = {"covariates": ["score", "region"]}
    weighted = estimated(estimator, frame.assign(weight=1.0 + some), weights="weight", **options)
    np.testing.assert_allclose(estimated(estimator, doubled(frame, some), **options).att, weighted.att, rtol=SAME)


@BOTH
def test_everybody_counted_twice_has_the_errors_of_everybody_once(estimator):
    frame = drawn_frame()
    options = {"covariates": ["score", "region"]}
    once = estimated(estimator, frame, **options)
    twice = estimated(estimator, doubled(frame, frame["person"] >= 0), cluster="again", **options)
    after = np.array([part.first >= 1 for part in once.bins])
    np.testing.assert_allclose(twice.att, once.att, rtol=SAME, atol=SAME)
    mine, its = (study.covariance[np.ix_(after, after)] for study in (twice, once))
    np.testing.assert_allclose(mine / mine[0, 0], its / its[0, 0], rtol=SAME, atol=SAME)
    if estimator is imputation:  # no factor that counts rows
        np.testing.assert_allclose(mine, its, rtol=SAME, atol=SAME)


@ALL
@pytest.mark.parametrize("subgroup", [None, "sex"])
def test_people_whose_characteristic_is_missing_are_left_out_and_counted(estimator, subgroup):
    frame = drawn_frame()
    missing = frame["person"] % 10 == 0
    study = estimated(
        estimator, frame.assign(region=frame["region"].where(~missing)), covariates=["region"], subgroup=subgroup
    )
    assert_same(study, estimated(estimator, frame[~missing], covariates=["region"], subgroup=subgroup))
    assert study.n_excluded == 16


@ALL
def test_missing_numbers_are_refused(estimator):
    frame = drawn_frame()
    unknown = frame.assign(score=frame["score"].where(frame["person"] > 0))
    with pytest.raises(DataRefused, match="column score: value is missing"):
        estimated(estimator, unknown, covariates=["score"])


def test_given_who_is_ever_treated_the_comparison_is_of_people_not_treated_yet():
    frame = drawn_frame()
    treated = frame["treated"].notna()
    given = estimated(imputation, frame.assign(ever=1.0 * treated), covariates=["ever"]).group_time()
    among = estimated(imputation, frame[treated]).group_time()
    np.testing.assert_allclose(given["att"], among["att"], rtol=SAME)
    np.testing.assert_allclose(given["std_error"], among["std_error"], rtol=SAME)
    assert given["att"].isna().tolist() == (given["month"] >= 16).tolist()


def test_given_who_is_treated_in_a_single_month_nothing_is_left_to_estimate():
    frame = drawn_frame()
    frame = frame[frame["treated"].isna() | (frame["treated"] == 14)]
    frame = frame.assign(ever=1.0 * frame["treated"].notna())
    for estimator, message in ((sun_abraham, "can be told from person, month"), (imputation, "can be imputed")):
        with pytest.raises(NotEstimable, match=message):
            estimated(estimator, frame, covariates=["ever"])


def test_a_month_without_untreated_people_of_a_region_cannot_be_imputed():
    frame = drawn_frame()
    gone = (frame["region"] == "west") & (frame["month"] == 20) & ~(frame["month"] >= frame["treated"])
    cells = estimated(imputation, frame[~gone], covariates=["region"]).group_time()
    assert cells["att"].isna().tolist() == (cells["month"] == 20).tolist()
    # Sun and Abraham's cells are one effect for all regions, which tells the region's month from it.
    assert estimated(sun_abraham, frame[~gone], covariates=["region"]).group_time()["att"].notna().all()


@ALL
def test_a_covariate_that_a_panel_lacks_is_refused(estimator):
    panel = frame_panel(drawn_frame(), FrameColumns(**NAMES))
    fit = estimators.fit_of(estimator.__name__.rpartition(".")[2])
    with pytest.raises(RequestError, match="height: the panel has no such column"):
        fit(panel, "pay", specification=Specification(window=WINDOW, covariates=("height",)), models=[Model()])


class Shards:
    """A panel of given shards."""

    def __init__(self, whole, *shards: PanelShard) -> None:
        self.first_month, self.n_months, self.levels = whole.first_month, whole.n_months, whole.levels
        self.covariates, self.held = whole.covariates, shards

    def shards(self, outcome, names=()):
        return iter(self.held)


def rows_of(shard: PanelShard, rows) -> PanelShard:
    arrays = ("outcome", "treatment_month", "birth_month", "weights", "cluster")
    return replace(
        shard,
        **{name: None if getattr(shard, name) is None else getattr(shard, name)[rows] for name in arrays},
        levels={name: codes[rows] for name, codes in shard.levels.items()},
        covariates={name: values[rows] for name, values in shard.covariates.items()},
    )


def parted(panel) -> Shards:
    order = np.random.default_rng(0).permutation(len(panel.shard.outcome))
    return Shards(panel, *(rows_of(panel.shard, rows) for rows in np.array_split(order, 4)))


@ALL
@pytest.mark.parametrize("cluster", [None, "practice"])
def test_shards_and_their_order_do_not_show(estimator, cluster):
    columns = FrameColumns(
        **NAMES, birth_month="born", weights="weight", cluster=cluster, characteristics=("sex", "region"),
        covariates=("score",),
    )  # fmt: skip
    panel = frame_panel(drawn_frame(), columns)
    specification = Specification(
        window=WINDOW, age_spline=AgeSpline(), draws=1000, covariates=("score", "region"), last_treated=True
    )
    models = [Model(), Model(subgroup="sex"), Model(subgroup="sex", interact="all")]
    fit = estimators.fit_of(estimator.__name__.rpartition(".")[2])
    whole = fit(panel, "pay", specification=specification, models=models)
    for one, other in zip(whole, fit(parted(panel), "pay", specification=specification, models=models), strict=True):
        np.testing.assert_allclose(other.att, one.att, rtol=ORDER, atol=ORDER)
        np.testing.assert_allclose(other.covariance, one.covariance, rtol=ORDER, atol=ORDER)
        np.testing.assert_array_equal(other.n_treated, one.n_treated)
        np.testing.assert_array_equal(other.n_comparison, one.n_comparison)


def test_a_specification_can_ask_for_people_treated_last_as_the_comparison():
    frame = drawn_frame()
    columns = FrameColumns(**NAMES, characteristics=("region",), covariates=("score",))
    names = ("score", "region")
    specification = Specification(window=WINDOW, draws=1000, covariates=names, last_treated=True, anticipation=6)
    with pytest.raises(RequestError, match="months of anticipation"):
        sun_abraham.fit(frame_panel(frame, columns), "pay", specification=specification)
    early = Window(before=11, after=12, reference=(-1, -1), bins="single")
    specification = specification.model_copy(update={"anticipation": 1, "window": early})
    (study,) = sun_abraham.fit(parted(frame_panel(frame, columns)), "pay", specification=specification)
    options = {"comparison": "last_treated", "covariates": names, "anticipation": 1, "window": early}
    assert_same(study, estimated(sun_abraham, frame, **options))
    by_hand = frame[frame["treated"].notna() & (frame["month"] < 15)]
    by_hand = by_hand.assign(treated=by_hand["treated"].where(by_hand["treated"] < 16))
    assert_same(study, estimated(sun_abraham, by_hand, **options | {"comparison": None}))


@ALL
@pytest.mark.parametrize("options", [{}, {"birth_month": "born", "weights": "weight"}, {"subgroup": "sex"}])
def test_clusters_of_one_person_are_people(estimator, options):
    frame, options = drawn_frame(), options | {"covariates": ["score", "region"]}
    assert_same(estimated(estimator, frame, **options, cluster="person"), estimated(estimator, frame, **options))


@pytest.mark.parametrize("cluster", ["person", "practice"])
def test_leads_of_many_levels_are_those_of_each_level_alone(cluster):
    frame = drawn_frame()
    single = Window(before=15, after=12, reference=(0, 0), bins="single")
    together = estimated(imputation, frame, window=single, subgroup="region", interact="all", cluster=cluster)
    leads = np.array([part.last <= 0 for part in together.bins])
    assert len(together.levels) * leads.sum() > together.att.shape[1]
    covariance = together.covariance.reshape(*together.att.shape, *together.att.shape)
    for place, level in enumerate(together.levels):
        alone = estimated(imputation, frame[frame["region"] == level], window=single, cluster=cluster)
        np.testing.assert_allclose(together.att[place], alone.att[0], rtol=SAME, atol=SAME)
        # Leads have the small-sample factor of everybody together, or of the level alone.
        mine, its = (block[np.ix_(leads, leads)] for block in (covariance[place, :, place], alone.covariance))
        np.testing.assert_allclose(mine / mine[0, 0], its / its[0, 0], rtol=SAME, atol=SAME)
