"""From people to rows: what a wave of practices does to those found eligible is recovered; errors by practice hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

import evaluations
from pipeline.engine.settings import read_settings
from pipeline.inference import designs
from pipeline.synthetic import Knobs
from pipeline.synthetic.calendar import FIRST, month_of_day
from pipeline.synthetic.delivery import draw_population, truth
from pipeline.synthetic.prevention import ELIGIBLE, WAVES
from pipeline.synthetic.studied_prevention import BASELINE
from pipeline.synthetic.work import expected_work
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.protocol import Protocol

NAME = "diabetes_prevention_practice_waves"
EFFECT = 5.0
WITHOUT_CHANCE = 0.25
"""Percentage points left without chance in work: ages and gains from therapy differ between a few hundred people."""

SEEDS, PRACTICES, OF_EACH = 80, 60, 6
OFTEN = 0.87
"""Of 80 intervals at 95%, fewer hold the truth once in three hundred times."""


@dataclass(frozen=True)
class Stored:
    """People as a stored panel in one shard, each with the number of their practice."""

    shard: PanelShard
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    covariates: tuple[str, ...] = ("cluster",)

    @property
    def first_month(self) -> int:
        return self.shard.first_month

    @property
    def n_months(self) -> int:
        return self.shard.outcome.shape[1]

    def shards(self, outcome: str, names: Sequence[str] = ()) -> Iterator[PanelShard]:
        yield self.shard


def protocol(**changed: object) -> Protocol:
    evaluation = evaluations.load(NAME).evaluation
    outcomes = tuple(outcome for outcome in evaluation.outcomes if outcome.name == "employed")
    design = evaluation.design.model_copy(update=changed)
    return Protocol(
        name=NAME, evaluation=evaluation.model_copy(update={"outcomes": outcomes, "design": design}), codelists={}
    )


@pytest.fixture(scope="module")
def settings():
    # No test looks at simultaneous bands.
    return read_settings().inference.model_copy(update={"band_draws": 1000})


def _eligible(population) -> Stored:
    """Everybody found eligible before any wave, in work as expected, until the month before the last one."""
    made, people = population.prevention, population.people
    month = month_of_day(made.tested)
    chosen = (month >= BASELINE[0]) & (month <= BASELINE[1]) & (made.hba1c >= ELIGIBLE[0]) & (made.hba1c <= ELIGIBLE[1])
    opened = np.array(WAVES)[made.wave - 1]
    age = (opened - people.birth_month[made.person]) // 12
    chosen &= (age >= 25) & (age <= 62) & (people.death_month[made.person] > opened + 24)
    made, opened = made.take(np.flatnonzero(chosen)), opened[chosen].astype(float)
    work = expected_work(people, population.treatment, rows=made.person, knobs=population.knobs).in_work
    kept = WAVES[-1] - FIRST
    shard = PanelShard(
        first_month=FIRST,
        outcome=work[:, :kept].astype(np.float64),
        treatment_month=np.where(opened < WAVES[-1], opened, np.nan),
        birth_month=people.birth_month[made.person].astype(float),
        covariates={"cluster": made.practice.astype(float)},
    )
    return Stored(shard)


def test_what_a_wave_does_to_those_found_eligible_is_recovered(settings):
    knobs = Knobs(tested_share=0.6, treated_share=0.001, programme_effect=EFFECT)
    population = draw_population(people=30_000, seed=1, knobs=knobs)
    rows = designs.estimates(_eligible(population), protocol(), settings).to_pandas()
    true = truth(population).to_pandas()
    true = true[(true.evaluation == NAME) & (true.outcome == "employed")].set_index("months_from").effect
    assert true[7] > 0.8, "a wave refers half of those found eligible, whose work gains month by month"
    assert (true[[-23, -17]] == 0).all()
    for estimator in ("callaway_santanna", "imputation"):
        found = rows[rows.estimator == estimator].set_index("months_from").estimate
        assert found[7] == pytest.approx(true[7], abs=WITHOUT_CHANCE)
        assert found[-17] == pytest.approx(0, abs=WITHOUT_CHANCE)


def _shocked(seed: int) -> Stored:
    """Nothing is done; each practice's people have a course of work of their own."""
    random = np.random.default_rng(seed)
    practice = np.repeat(np.arange(PRACTICES), OF_EACH)
    first, months = parse_month("2014-04"), 48
    shocks = np.cumsum(random.normal(0, 0.1, (PRACTICES, months)), axis=1)
    opened = np.array([*map(float, WAVES[:2]), np.nan])[practice % 3]
    shard = PanelShard(
        first_month=first,
        outcome=shocks[practice] + random.normal(0, 0.5, (len(practice), months)),
        treatment_month=opened,
        covariates={"cluster": practice.astype(float)},
    )
    return Stored(shard)


def test_intervals_clustered_on_practices_hold_where_practices_have_courses_of_their_own(settings):
    held = {}
    for cluster in ("practice", None):
        declared = protocol(cluster=cluster, age_spline=None, estimators=("callaway_santanna",))
        drawn = (designs.estimates(_shocked(seed), declared, settings).to_pandas() for seed in range(SEEDS))
        at = [rows[rows.months_from == 7].iloc[0] for rows in drawn]
        held[cluster] = np.mean([row.ci_lower <= 0 <= row.ci_upper for row in at])
    assert held["practice"] >= OFTEN
    assert held[None] < 0.75, "errors by person do not see what practices share"
