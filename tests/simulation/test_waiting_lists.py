"""Made-up waiting lists: the queue finds the truth where the more ill are taken sooner, and a weak one is refused."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

import evaluations
from pipeline.engine.settings import read_settings
from pipeline.inference.designs.waiting import checks, estimates
from pipeline.inference.designs.waiting.estimating import by_queue
from pipeline.inference.designs.waiting.frames import listed
from pipeline.inference.designs.waiting.queues import queues_of
from pipeline.inference.moments.people.frames import FramePanel
from pipeline.synthetic import Knobs
from pipeline.synthetic.calendar import FIRST, PRICES, month_of_day
from pipeline.synthetic.delivery import draw_population, truth
from pipeline.synthetic.pay import payments
from pipeline.synthetic.studied_waiting import elective_studied, referrals_waiting_studied
from pipeline.synthetic.truth import true_effects
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.protocol import Protocol

SEEDS = 12
# The mean of twelve standard normals has a standard error of 0.29; three of them.
BIAS = 0.87
COSTS = {"pay": -145.0, "employed": -5.5}
SAMPLING = {"pay": 1.5, "employed": 0.06}
"""Three standard errors of the mean of true effects over 1,600 people, one in eight of whom is self-employed."""

PROTOCOL = evaluations.load("elective_waiting")
DESIGN = PROTOCOL.evaluation.design
NAMED = {"provider": "provider", "month": "month", "wait": "wait"}


@cache
def _population(*, people=50_000, seed=1, **turned):
    return draw_population(people=people, seed=seed, knobs=Knobs(**turned))


def _panel(population):
    """Pay of the people studied, with their waits and queues."""
    study, made = elective_studied(population), population.elective
    who, people, place = study.who, population.people, np.searchsorted(made.person, study.who)
    lists = pd.DataFrame({"provider": made.provider, "month": month_of_day(made.joined), "wait": made.wait})
    lists = lists[made.known]
    told = lists.join(queues_of(lists, **NAMED).others(lists, **NAMED)).loc[place]
    waited = population.treatment.elective.treated[who] - study.month
    paid = payments(people, population.treatment, rows=who, seed=population.seed, knobs=population.knobs)
    pence = np.zeros((len(who), len(PRICES)))
    np.add.at(pence, (paid.person, paid.month), paid.pence)
    shard = PanelShard(
        first_month=FIRST,
        outcome=np.maximum(pence, 0) / 100 / PRICES,
        treatment_month=study.month.astype(float),
        birth_month=people.birth_month[who].astype(float),
        levels={"sex": people.male[who].astype(np.int32), "operation": made.hip[place].astype(np.int32)},
        covariates={n: told[n].to_numpy(float) for n in ("provider", "wait", "others_mean_wait", "others")}
        | {"waited": waited.astype(float)},
    )
    return FramePanel(outcome="pay", shard=shard, levels={"sex": ("female", "male"), "operation": ("knee", "hip")})


@pytest.mark.parametrize("outcome", [*COSTS])
@pytest.mark.parametrize("months_from", [25, 31])
def test_the_truth_is_what_a_year_costs_once_everybody_is_operated(outcome, months_from):
    table = truth(_population()).to_pandas()
    mine = table[(table.evaluation == "elective_waiting") & (table.months_from == months_from)]
    found = mine[mine.outcome == outcome].effect.item()
    assert found == pytest.approx(COSTS[outcome], abs=SAMPLING[outcome] + 0.01 * abs(COSTS[outcome]))


def test_nothing_happens_before_joining_and_without_effects_nothing_after_it():
    table = truth(_population()).to_pandas()
    waits = table[table.evaluation.isin(["elective_waiting", "therapy_waiting"])]
    assert waits.evaluation.nunique() == 2
    assert (waits[waits.months_to <= 0].effect == 0).all()
    free = truth(_population(people=20_000, waiting_effect=0.0)).to_pandas()
    assert (free[free.evaluation == "elective_waiting"].effect == 0).all()


def test_the_truth_of_other_evaluations_does_not_know_of_the_lists():
    with_them, without = (truth(_population(people=20_000, elective_share=share)).to_pandas() for share in (0.1, 0.0))
    others = with_them[with_them.evaluation != "elective_waiting"].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, without.reset_index(drop=True))


def test_people_on_a_list_are_in_no_other_evaluation_of_treatment_but_prevention():
    population = _population()
    on_list = set(population.elective.person)
    assert not on_list & {*population.operations.person, *population.courses.person, *population.endometriosis.person}


def test_waits_of_therapy_change_no_truth_of_therapy():
    one, none = (truth(_population(people=20_000, waiting_effect=size)).to_pandas() for size in (1.0, 0.0))
    mine, other = (table[table.evaluation == "talking_therapies"].reset_index(drop=True) for table in (one, none))
    employed = mine.outcome == "employed"
    # Probabilities are cut at nought and one: a hundredth of a point.
    np.testing.assert_allclose(mine.effect[employed], other.effect[employed], atol=0.05)
    assert len(referrals_waiting_studied(_population(people=20_000)).who) > 100


def test_the_queue_finds_the_truth_where_comparing_waits_is_confounded():
    """Twelve deliveries in which whoever is a standard deviation more ill is taken two months sooner."""
    by_the_queue, by_waits = [], []
    for seed in range(SEEDS):
        population = draw_population(people=50_000, seed=100 + seed, knobs=Knobs(waiting_confounded=2.0, dirt=0.0))
        frame = listed(_panel(population), "pay", design=DESIGN)
        one = by_queue(frame, design=DESIGN, confidence=0.95, least_f=DESIGN.least_f).estimates[-1]
        table = true_effects([elective_studied(population)], population).to_pandas()
        true = table[(table.outcome == "pay") & (table.months_from == 31)].effect.item() / DESIGN.longer_by
        by_the_queue.append((one.att - true) / one.std_error)
        by_waits.append((one.ordinary.estimate - true) / one.ordinary.std_error)
    assert abs(np.mean(by_the_queue)) <= BIAS
    assert np.mean(by_waits) > BIAS


def test_a_queue_that_does_not_move_waits_is_refused_with_its_f_and_leaves_no_effect():
    settings = read_settings().inference
    design = DESIGN.model_copy(update={"estimators": ("congestion",)})
    pay = tuple(outcome for outcome in PROTOCOL.evaluation.outcomes if outcome.name == "pay")
    evaluation = PROTOCOL.evaluation.model_copy(update={"design": design, "outcomes": pay})
    protocol = Protocol(name=PROTOCOL.name, evaluation=evaluation, codelists=PROTOCOL.codelists)
    panel = _panel(_population(queue_spread=0.0))
    found = checks(panel, protocol, settings).to_pandas().set_index("check").loc["first_stage_of_wait"]
    assert found.status == "fail"
    assert found.figure < found.threshold == design.least_f
    assert f"F = {found.figure:.1f}; 23.1 was declared" in found.sentence
    assert "refused" in found.sentence
    effects = estimates(panel, protocol, settings).to_pandas().set_index("estimator")
    assert effects.loc["congestion", "estimate"].isna().all()
    # So that disclosure control does not take a refusal for a cell of few people, and hide its F.
    assert (effects.loc["congestion", ["n_treated", "n_comparison"]] > 100).all(axis=None)
    assert effects.loc["congestion:within_18_weeks", "estimate"].isna().all()
    assert effects.loc["congestion:least_squares", "estimate"].notna().all()
