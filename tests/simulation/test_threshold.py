"""A known jump in, intervals that hold it out, at the edge of what was declared too; moved people in, an alarm out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.inference.designs.threshold import density, honest, local_randomisation

REPLICATIONS = 400
# A share of 95% has a standard error of 0.011 over 400 replications; three of them.
COVERAGE = 0.033
CUTOFF, BOUND, TAKE_UP_BOUND = 42, 0.08, 0.01
EFFECT = 0.5
COLUMNS = {"outcome": "pay", "running": "hba1c", "cutoff": CUTOFF}


def drawn(seed: int, *, bend: float, jump: float = 0.5, people: int = 1500) -> pd.DataFrame:
    """Pay bends by ``bend`` above 42 and by its opposite below; take-up jumps there from a tenth, and bends too."""
    random = np.random.default_rng(seed)
    hba1c = random.choice(np.arange(35, 48), people, p=np.arange(13, 0, -1) / 91)
    distance = hba1c - CUTOFF
    above = distance >= 0
    bent = np.where(above, TAKE_UP_BOUND / 4 * distance**2, 0)
    taken = (random.random(people) < 0.1 + jump * above + bent).astype(float)
    # Without the programme pay bends by so much less that with it the bend above 42 is the one asked for.
    without = np.where(above, bend, -bend) / 2 * distance**2 - EFFECT * bent
    pay = without + EFFECT * taken + random.normal(size=people)
    return pd.DataFrame({"hba1c": hba1c, "taken": taken, "pay": pay})


def held(truth: float, estimate, *, people: dict) -> float:
    found = [estimate(drawn(seed, **people)) for seed in range(REPLICATIONS)]
    return float(np.mean([one.ci_lower <= truth <= one.ci_upper for one in found]))


@pytest.mark.parametrize("sign", [1, -1])
def test_honest_intervals_hold_the_jump_as_often_as_they_say_where_pay_bends_as_much_as_declared(sign):
    people = {"bend": sign * BOUND}
    options = COLUMNS | {"bandwidth": 5.5}
    honestly = held(0.5 * EFFECT, lambda frame: honest.estimate(frame, **options, curvature=BOUND), people=people)
    plainly = held(0.5 * EFFECT, lambda frame: honest.estimate(frame, **options, curvature=0.0), people=people)
    assert abs(honestly - 0.95) <= COVERAGE
    assert plainly < 0.95 - COVERAGE


def test_the_bandwidth_of_the_shortest_interval_costs_no_coverage():
    people = {"bend": BOUND}
    share = held(0.5 * EFFECT, lambda frame: honest.estimate(frame, **COLUMNS, curvature=BOUND), people=people)
    assert share >= 0.95 - COVERAGE


@pytest.mark.parametrize("jump", [0.5, 0.1])
def test_the_set_of_effects_of_taking_up_holds_the_truth_also_with_a_weak_first_stage(jump):
    def estimate(frame):
        fuzzy = {"take_up": "taken", "take_up_curvature": TAKE_UP_BOUND}
        return honest.estimate(frame, **COLUMNS, **fuzzy, curvature=BOUND)

    people = {"bend": BOUND, "jump": jump}
    assert held(EFFECT, estimate, people=people) >= 0.95 - COVERAGE


def test_a_weak_first_stage_is_seen_as_such():
    fuzzy = {"take_up": "taken", "take_up_curvature": TAKE_UP_BOUND, "curvature": BOUND}
    weak = honest.estimate(drawn(1, bend=0.0, jump=0.03), **COLUMNS, **fuzzy)
    strong = honest.estimate(drawn(1, bend=0.0, jump=0.5), **COLUMNS, **fuzzy)
    assert weak.first_stage.statistic < 10 < strong.first_stage.statistic
    assert (weak.bounded, strong.bounded) == (False, True)


def test_a_window_holds_the_truth_where_it_is_a_lottery_and_not_where_pay_slopes():
    def estimate(frame):
        return local_randomisation.estimate(frame, **COLUMNS, window=(41, 42), take_up="taken", permutations=1)

    assert abs(held(EFFECT, estimate, people={"bend": 0.0}) - 0.95) <= COVERAGE
    steep = held(EFFECT, lambda frame: estimate(frame.assign(pay=frame.pay - 0.3 * frame.hba1c)), people={"bend": 0.0})
    assert steep < 0.8


def test_the_permutation_test_rejects_no_more_often_than_it_says_without_an_effect():
    options = COLUMNS | {"window": (41, 42), "permutations": 199}
    frames = (drawn(seed, bend=0.0) for seed in range(REPLICATIONS))
    p_values = [
        local_randomisation.estimate(frame.assign(pay=frame.pay - EFFECT * frame.taken), **options).p_value
        for frame in frames
    ]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05 + COVERAGE


@pytest.mark.parametrize("check", ["heap", "jump"])
def test_moved_people_raise_an_alarm_and_nobody_moved_seldom_does(check):
    def p_value(frame):
        at = {"running": "hba1c", "cutoff": CUTOFF}
        if check == "heap":
            return density.frandsen(frame, **at, k=0.02).p_value
        return density.density_jump(frame, **at, curvature=0.05).p_value

    frames = [drawn(seed, bend=0.0, people=15_000) for seed in range(100)]
    random = np.random.default_rng(5)
    moved = [f.assign(hba1c=f.hba1c.where((f.hba1c != 41) | (random.random(len(f)) > 0.2), CUTOFF)) for f in frames]
    assert np.mean([p_value(frame) <= 0.05 for frame in frames]) <= 0.1
    assert np.mean([p_value(frame) <= 0.05 for frame in moved]) >= 0.9
