"""What each robustness run means: drawn people in, the panel as the run sees them out; and its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import evaluations
from pipeline.engine.settings import read_settings
from pipeline.inference.designs import staggered_adoption
from pipeline.inference.designs.robustness import Timing, viewed
from pipeline.vocabulary.errors import NotEstimable, RequestError
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.robustness import (
    HalfComparisonPlacebo,
    LinkageWeighted,
    LongerReference,
    MovedIndexPlacebo,
    MovedReference,
    StoppedBefore,
)
from pipeline.vocabulary.windows import Window

SETTINGS = read_settings().inference.model_copy(update={"band_draws": 1000})
EXACT = 1e-8
"""Rounding of effects of a few units from data without noise."""
WINDOW = Window(before=4, after=4, reference=(0, 0), bins="single")
TIMING = Timing(window=WINDOW, anticipation=0)
FIRST, LAST = 1, 12
NAN = np.nan


class Drawn:
    """A panel of shards as they are given."""

    first_month, n_months = FIRST, LAST - FIRST + 1
    covariates = ()

    def __init__(self, *shards: PanelShard, levels: dict[str, tuple[str, ...]] | None = None) -> None:
        self.given, self.levels = shards, levels or {}

    def shards(self, outcome, characteristics=()):
        return iter(self.given)


def shard(*treated: float, pay: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None, **more) -> PanelShard:
    """People observed in every month; ``pay`` is of event time (NaN if never treated) and month, else the month."""
    months = np.arange(FIRST, LAST + 1)
    event_time = months - np.array(treated)[:, None] + 1
    outcome = np.broadcast_to(months.astype(float), event_time.shape) if pay is None else pay(event_time, months)
    person = np.array([f"P{place:03d}" for place in range(len(treated))], dtype=object)
    return PanelShard(
        first_month=FIRST, outcome=outcome.copy(), treatment_month=np.array(treated), **{"person": person, **more}
    )


def seen(run, *shards: PanelShard, timing: Timing = TIMING) -> list[PanelShard]:
    return list(viewed(Drawn(*shards), run, outcome="pay", timing=timing).shards("pay"))


def observed(found: PanelShard, row: int) -> list[int]:
    """The months in which a person is observed."""
    return (found.first_month + np.flatnonzero(~np.isnan(found.outcome[row]))).tolist()


@pytest.mark.parametrize("run", [LongerReference(months=2), MovedReference(months=2)])
def test_another_reference_sees_the_same_people_and_months(run):
    one = shard(6, NAN)
    (found,) = seen(run, one)
    assert found is one


def test_stopping_leaves_months_out_and_nobody():
    (found,) = seen(StoppedBefore(month=8), shard(6, 10, NAN))
    assert found.outcome.shape == (3, 7)
    assert found.treatment_month.tolist()[:2] == [6, 10]
    assert viewed(Drawn(shard(6)), StoppedBefore(month=8), outcome="pay", timing=TIMING).n_months == 7


def test_a_moved_index_is_earlier_and_nothing_is_seen_from_the_true_one_on():
    (found,) = seen(MovedIndexPlacebo(months=2), shard(8, NAN))
    assert found.treatment_month[0] == 6
    # The window of the run is -2..2 about month 6: months 3 to 7. The true index month is 8.
    assert observed(found, 0) == [3, 4, 5, 6, 7]
    assert observed(found, 1) == list(range(FIRST, LAST + 1))


def test_months_that_may_anticipate_the_true_index_are_not_seen_either():
    (found,) = seen(MovedIndexPlacebo(months=3), shard(8), timing=Timing(window=WINDOW, anticipation=1))
    assert observed(found, 0)[-1] == 6


def test_half_of_the_comparison_is_treated_in_its_drawn_month_and_no_treated_person_is_left():
    people = 2000
    never = shard(*[NAN] * people, index_month=np.full(people, 7.0))
    treated = shard(6, 7)
    (found,) = seen(HalfComparisonPlacebo(), treated, never)
    assert len(found.treatment_month) == people
    given = ~np.isnan(found.treatment_month)
    # A share of 2,000 fair draws has a standard deviation of 0.011; four of them.
    assert given.mean() == pytest.approx(0.5, abs=0.045)
    assert set(found.treatment_month[given]) == {7.0}
    assert observed(found, int(np.flatnonzero(given)[0])) == list(range(2, 11))


def test_index_months_that_a_panel_lacks_are_drawn_in_the_treated_peoples_proportions():
    people = 3000
    (_, found) = seen(HalfComparisonPlacebo(), shard(6, 6, 6, 9, NAN), shard(*[NAN] * people))
    months = found.treatment_month[~np.isnan(found.treatment_month)]
    assert set(months) == {6.0, 9.0}
    # A share of some 1,500 draws of 3/4 has a standard deviation of 0.011; four of them.
    assert (months == 6).mean() == pytest.approx(0.75, abs=0.045)


def test_draws_depend_on_the_person_and_the_seed_not_on_the_sharding():
    whole = shard(6, *[NAN] * 60)
    parts = whole.of(np.arange(20)), whole.of(np.arange(20, 61))
    (together,), apart = seen(HalfComparisonPlacebo(), whole), seen(HalfComparisonPlacebo(), *parts)
    np.testing.assert_array_equal(together.treatment_month, np.concatenate([part.treatment_month for part in apart]))
    (other,) = seen(HalfComparisonPlacebo(seed="another"), whole)
    assert not np.array_equal(np.isnan(other.treatment_month), np.isnan(together.treatment_month))


def test_a_panel_without_ids_cannot_be_halved():
    with pytest.raises(RequestError, match="needs a panel of people with ids"):
        seen(HalfComparisonPlacebo(), shard(6, NAN, person=None))


def test_linkage_weights_multiply_the_weights_that_people_have():
    weights = np.array([1.0, 1.25])
    (alone,) = seen(LinkageWeighted(), shard(6, NAN, linkage_weight=weights))
    np.testing.assert_array_equal(alone.weights, weights)
    (both,) = seen(LinkageWeighted(), shard(6, NAN, linkage_weight=weights, weights=np.array([2.0, 3.0])))
    np.testing.assert_array_equal(both.weights, [2.0, 3.75])


@pytest.mark.parametrize("weights", [None, np.array([1.0, NAN])])
def test_people_without_a_linkage_weight_are_refused_with_their_number(weights):
    with pytest.raises(NotEstimable, match=r"people have no linkage weight \([12] people\)"):
        seen(LinkageWeighted(), shard(6, NAN, linkage_weight=weights))


def test_people_whose_like_are_seldom_linked_count_for_more():
    """Men gain 8, women 2; all women are linked and one man in two, so that the people linked are mostly women."""
    sex = np.r_[np.tile([1, 0, 0], 20), np.tile([1, 0, 0], 20)]
    treated = [7.0] * 60 + [NAN] * 60
    gains = np.where(sex == 1, 8.0, 2.0)[:, None]
    one = shard(*treated, pay=lambda event_time, months: np.sin(months) + gains * (event_time >= 1))
    panel = Drawn(replace(one, linkage_weight=np.where(sex == 1, 2.0, 1.0)))
    frame = estimated(panel, protocol(LinkageWeighted()))
    headline = frame[frame["role"] == "headline"].set_index("months_from")["estimate"]
    assert headline[1] == pytest.approx(4.0, abs=EXACT)
    assert effects(frame, "linkage_weighted")[1] == pytest.approx(5.0, abs=EXACT)


def protocol(*runs, **design: object) -> Protocol:
    """The linked panel's protocol with these runs, in the drawn panel's months."""
    loaded = evaluations.load("hospitalisation_and_earnings")
    whole = loaded.evaluation
    fields = {"robustness": runs, "window": WINDOW, "periods": (FIRST, LAST), "estimators": ("ons_fixed_effects",)}
    other = whole.design.model_copy(update=fields | design)
    return replace(
        loaded, evaluation=whole.model_copy(update={"design": other, "outcomes": whole.outcomes[:1], "subgroups": ()})
    )


def estimated(panel: Drawn, of: Protocol):
    return staggered_adoption.estimates(panel, of, SETTINGS).to_pandas()


def people(pay: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Drawn:
    """Forty people treated in months 6 to 9 and forty never, each with a level of their own; no noise."""
    treated = [6.0, 7.0, 8.0, 9.0] * 10 + [NAN] * 40

    def own(event_time: np.ndarray, months: np.ndarray) -> np.ndarray:
        return np.arange(80)[:, None] + np.sin(months) + np.nan_to_num(pay(event_time, months))

    return Drawn(shard(*treated, pay=own))


def steps(event_time: np.ndarray, months: np.ndarray) -> np.ndarray:
    """An effect of 5 from the index on, and 2 in event times -1 and 0 already."""
    return 5.0 * (event_time >= 1) + 2.0 * ((event_time >= -1) & (event_time <= 0))


def effects(frame, run: str) -> dict[int, float]:
    rows = frame[frame["estimator"] == f"ons_fixed_effects:{run}"]
    assert set(rows["role"]) == {"robustness"}
    assert set(rows["subgroup"]) == {"all"}
    return dict(zip(rows["months_from"], rows["estimate"], strict=True))


def test_effects_are_measured_from_the_runs_own_reference():
    frame = estimated(people(steps), protocol(MovedReference(months=3), LongerReference(months=4)))
    moved = effects(frame, "reference_3_waves_earlier")
    assert -3 not in moved
    assert moved == pytest.approx({-4: 0, -2: 0, -1: 2, 0: 2, 1: 5, 2: 5, 3: 5, 4: 5}, abs=EXACT)
    longer = effects(frame, "reference_4_waves")
    assert set(longer) == {-4, 1, 2, 3, 4}


def test_a_moved_reference_is_the_headline_less_its_own_effect_there():
    random = np.random.default_rng(3)
    panel = people(lambda event_time, _: random.normal(size=event_time.shape))
    frame = estimated(panel, protocol(MovedReference(months=2)))
    headline = frame[frame["role"] == "headline"].set_index("months_from")["estimate"].to_dict() | {0: 0.0}
    moved = effects(frame, "reference_2_waves_earlier")
    assert moved == pytest.approx({time: headline[time] - headline[-2] for time in moved}, abs=EXACT)


def test_a_moved_index_finds_what_came_before_the_true_one_and_nothing_of_the_effect():
    found = effects(estimated(people(steps), protocol(MovedIndexPlacebo(months=3))), "placebo_index_3_waves_earlier")
    # Event times -1 and 0 of the true index are 2 and 3 of the moved one; the effect of 5 is nowhere.
    assert found == pytest.approx({-1: 0, 1: 0, 2: 2, 3: 2}, abs=EXACT)


def test_without_anticipation_both_placebos_find_nothing():
    runs = (MovedIndexPlacebo(months=3), HalfComparisonPlacebo())
    frame = estimated(people(lambda event_time, _: 5.0 * (event_time >= 1)), protocol(*runs))
    for run in ("placebo_index_3_waves_earlier", "placebo_half_comparison"):
        assert set(np.abs(list(effects(frame, run).values())) < EXACT) == {True}


def test_stopping_takes_what_comes_later_out_of_the_effect():
    frame = estimated(
        people(lambda event_time, months: 5.0 * (event_time >= 1) * (months < 9)), protocol(StoppedBefore(month=9))
    )
    stopped = effects(frame, "stopped_before_wave_9")
    assert {time: stopped[time] for time in (1, 2, 3)} == pytest.approx({1: 5, 2: 5, 3: 5}, abs=EXACT)
    assert np.isnan(stopped[4])
    headline = frame[frame["role"] == "headline"].set_index("months_from")["estimate"]
    assert headline[3] < 4


def test_runs_leave_the_headline_as_it_is():
    alone = estimated(people(steps), protocol())
    beside = estimated(people(steps), protocol(LongerReference(months=2), HalfComparisonPlacebo()))
    assert beside[beside["role"] == "headline"].reset_index(drop=True).equals(alone)


def test_a_run_that_cannot_be_estimated_has_rows_without_numbers():
    panel = people(steps)
    frame = estimated(panel, protocol(StoppedBefore(month=2)))
    rows = frame[frame["estimator"] == "ons_fixed_effects:stopped_before_wave_2"]
    assert len(rows) == 8
    assert rows[["estimate", "std_error", "ci_lower", "band_upper"]].isna().all(axis=None)
    assert (rows["n_treated"] == 0).all()


def test_only_the_headline_for_everybody_must_have_an_answer():
    panel = people(steps)
    nobody = Drawn(panel.given[0].of(np.arange(40, 80)))
    with pytest.raises(NotEstimable):
        estimated(nobody, protocol())


@pytest.mark.parametrize("estimator", ["ons_fixed_effects", "callaway_santanna", "imputation", "sun_abraham"])
def test_a_characteristic_that_no_treated_person_has_gives_rows_without_numbers(estimator: str):
    one = people(steps).given[0]
    codes = {"male": np.where(np.isnan(one.treatment_month), np.arange(80) % 2, -1).astype(np.int32)}
    panel = Drawn(replace(one, levels=codes), levels={"male": ("0", "1")})
    of = protocol(estimators=("ons_fixed_effects", estimator) if estimator != "ons_fixed_effects" else (estimator,))
    of = replace(of, evaluation=of.evaluation.model_copy(update={"subgroups": ("male",)}))
    frame = estimated(panel, of)
    rows = frame[(frame["subgroup"] == "male") & (frame["estimator"] == estimator)]
    assert set(rows["subgroup_value"]) == {"0", "1"}
    assert rows["estimate"].isna().all()
    assert frame[(frame["subgroup"] == "all") & (frame["months_from"] == 1)]["estimate"].notna().all()


def test_an_estimator_by_subgroup_is_one_that_was_declared():
    one = people(steps).given[0]
    panel = Drawn(replace(one, levels={"male": (np.arange(80) % 8 < 4).astype(np.int32)}), levels={"male": ("0", "1")})
    every = ("ons_fixed_effects", "callaway_santanna", "imputation", "sun_abraham")
    of = protocol(estimators=every, subgroup_estimators=("ons_fixed_effects", "sun_abraham"))
    of = replace(of, evaluation=of.evaluation.model_copy(update={"subgroups": ("male",)}))
    frame = estimated(panel, of)
    assert set(frame[frame["subgroup"] == "male"]["estimator"]) == {"ons_fixed_effects", "sun_abraham"}
    assert set(frame[frame["subgroup"] == "all"]["estimator"]) == set(every)


def test_what_the_design_declares_reaches_the_estimator():
    panel = people(steps)
    every = ("ons_fixed_effects", "callaway_santanna")
    never = estimated(panel, protocol(estimators=every))
    later = estimated(panel, protocol(estimators=every, compared_with="not_yet_treated"))
    counts = [
        frame[(frame["estimator"] == "callaway_santanna") & (frame["months_from"] == 1)]["n_comparison"].item()
        for frame in (never, later)
    ]
    assert counts[0] == 40
    assert counts[1] > 40
