"""The truth of therapy is what is published; the default reference finds it under a referral dip, the naive one not."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest

from pipeline.synthetic.benefits import expected_claims, spells
from pipeline.synthetic.calendar import FIRST, LAST, MONTHS
from pipeline.synthetic.delivery import draw_population, truth
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.studied import THERAPY_WINDOW, courses_studied
from pipeline.synthetic.work import expected_work
from pipeline.vocabulary.windows import Window

# pyfixest still resets an index in place, which pandas 3.1 warns of; warnings are errors here.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")

NAIVE = Window(before=59, after=84, reference=(-11, 0))
"""The year before the first session, as published."""

SAMPLING = {"pay": 1.0, "employed": 0.06}
"""Of the mean of true effects over four deliveries of some 4,000 people each, who differ in age and status."""

BY_GROUP = 0.35
"""Percentage points between a published effect by group and ours: status and age are set apart, and multiply."""

EXPECTED = 0.20
"""Percentage points that are left without chance in work: gains differ between 1,000 people of a hundred months."""

DIP = 3.0


@cache
def _population(*, people=150_000, seed=1, **turned):
    return draw_population(people=people, seed=seed, knobs=Knobs(**turned))


@cache
def _truth(population):
    table = truth(population).to_pandas()
    return table[table.evaluation == "talking_therapies"]


def _effect(population, outcome, months_from, subgroup="all", value=""):
    table = _truth(population)
    chosen = (table.outcome == outcome) & (table.months_from == months_from)
    return table[chosen & (table.subgroup == subgroup) & (table.subgroup_value == value)].effect.item()


@pytest.mark.parametrize(
    ("outcome", "months_from", "published"),
    [("pay", 13, 17), ("pay", 19, 17), ("employed", 73, 1.5), ("employed", 79, 1.5)],
)
def test_the_truth_is_the_published_effect(outcome, months_from, published):
    # One delivery's mean is of few enough people in the last months to be a tenth of a point away.
    found = np.mean([_effect(_population(seed=seed), outcome, months_from) for seed in range(1, 5)])
    assert found == pytest.approx(published, abs=SAMPLING[outcome])


@pytest.mark.parametrize(
    ("months_from", "subgroup", "value", "published"),
    [
        (43, "employment_at_referral", "unemployed and seeking work", 3.1),
        (79, "age_band", "25-34", 2.3),
        (55, "age_band", "35-44", 2.0),
    ],
)
def test_groups_gain_as_published(months_from, subgroup, value, published):
    assert _effect(_population(), "employed", months_from, subgroup, value) == pytest.approx(published, abs=BY_GROUP)


def test_nothing_happens_before_the_index_but_the_dip():
    table = _truth(_population())
    assert (table[table.months_to <= 0].effect == 0).all()
    dipped = _population(referral_dip=DIP)
    assert _effect(dipped, "employed", -5) == pytest.approx(
        -DIP * 0.92, abs=0.1
    )  # the self-employed have no pay to lose
    assert -DIP / 2 < _effect(dipped, "employed", -11) < -0.2
    assert _effect(dipped, "employed", -29) == 0
    assert _effect(dipped, "employed", 79) == _effect(_population(), "employed", 79)


def test_no_effect_makes_a_truth_of_noughts():
    assert (_truth(_population(people=2_000, no_effect=True)).effect == 0).all()


def test_therapy_lowers_receipt_of_benefits():
    assert _effect(_population(), "benefits", 73) == pytest.approx(-0.6, abs=0.1)
    assert _effect(_population(), "benefit_amount", 73) < 0


def test_operations_and_therapies_add():
    # Without waits: with a third effect some probabilities would be cut at nought or one.
    population = _population(people=60_000, treated_share=0.2, therapy_share=0.3, waiting_effect=0.0)
    people, treated = population.people, population.treatment
    both = np.flatnonzero((treated.month > 0) & (treated.therapy.month > 0) & people.employee)
    assert len(both) > 1000

    def work(**which):
        return expected_work(people, treated, rows=both, knobs=population.knobs, **which).in_work.astype(float)

    apart = (work(operated=False) - work(operated=False, in_therapy=False)) + (
        work(in_therapy=False) - work(operated=False, in_therapy=False)
    )
    np.testing.assert_allclose(work() - work(operated=False, in_therapy=False), apart, atol=1e-6)


def test_people_without_a_course_are_as_they_would_be_if_nobody_had_one():
    with_therapy, without = _population(people=20_000), _population(people=20_000, therapy_share=0.0)
    rows = np.setdiff1d(np.arange(20_000), with_therapy.courses.person)
    first, second = (
        expected_work(p.people, p.treatment, rows=rows, knobs=p.knobs).in_work for p in (with_therapy, without)
    )
    np.testing.assert_array_equal(first, second)


def test_spells_are_as_frequent_as_they_are_likely():
    population = _population(people=20_000)
    rows = np.arange(20_000)
    given = {"rows": rows, "knobs": population.knobs}
    made = spells(population.people, population.claimants, population.treatment, seed=population.seed, **given)
    on = np.zeros((len(rows), len(MONTHS) + 1), dtype=np.int64)
    of_health = np.isin(made.benefit, ("UC", "JSA"), invert=True)
    np.add.at(on, (made.person[of_health], made.first[of_health]), 1)
    np.subtract.at(on, (made.person[of_health], made.last[of_health] + 1), 1)
    received = (np.cumsum(on, axis=1)[:, :-1] > 0).mean(axis=0)
    alive = population.people.death_month[:, None] > MONTHS
    likely = (expected_claims(population.claimants, population.treatment, **given) * alive).mean(axis=0)
    # Persistent draws: some 1,700 people on benefits, whose share has a standard error of 0.23 points.
    assert np.abs(received - likely).max() < 0.01


def _found(population, window):
    """Two-way fixed effects of expected employment, in points, beside the truth by bin."""
    studied = courses_studied(population)
    others = np.setdiff1d(np.arange(len(population.people)), population.courses.person)
    random = np.random.default_rng(1)
    rows = np.concatenate([studied.who, others])
    index = np.concatenate([studied.month, random.integers(FIRST, LAST, len(others))])
    event = MONTHS[None, :] - index[:, None] + 1
    seen = (event >= -window.before) & (event <= window.after)
    seen &= population.people.death_month[rows, None] > MONTHS[None, :]
    age = (index - population.people.birth_month[rows]) // 12
    seen &= ((age >= 25) & (age < 65))[:, None]
    person, month = np.nonzero(seen)
    reference = [b.number for b in window.binned if b.reference]
    number = np.array([window.bin_of(e) for e in range(-window.before, window.after + 1)])[event[seen] + window.before]
    number = np.where((person >= len(studied.who)) | np.isin(number, reference), reference[0], number)
    years = (MONTHS[month] - population.people.birth_month[rows[person]]) / 12
    work = expected_work(population.people, population.treatment, rows=rows, knobs=population.knobs)
    frame = pd.DataFrame(
        {
            "person": person,
            "month": month,
            "bin": number,
            "age_squared": (years - 45) ** 2,
            "employed": 100 * work.in_work.astype(float)[seen],
        }
    )
    formula = f"employed ~ i(bin, ref={reference[0]}) + age_squared | person + month"
    estimates = pf.feols(formula, data=frame, vcov="iid", fixef_rm="none").coef().drop("age_squared").to_numpy()
    bins = [b for b in window.binned if not b.reference]
    true = _truth(population)
    true = true[(true.outcome == "employed") & (true.subgroup == "all")].set_index("months_from").effect
    return pd.DataFrame({"first": [b.first for b in bins], "estimate": estimates}).assign(
        true=[true.get(b.first, 0.0) for b in bins]
    )


@pytest.fixture(scope="module")
def dipped():
    # What waiting does is about nought on average, and is chance in work to this regression.
    turned = {"therapy_share": 0.3, "treated_share": 0.001, "waiting_effect": 0.0}
    return _population(people=5_000, seed=3, referral_dip=DIP, **turned)


def test_the_default_reference_finds_the_truth_under_a_referral_dip(dipped):
    found = _found(dipped, THERAPY_WINDOW)
    assert (found.estimate - found.true).abs().max() < EXPECTED


def test_the_published_reference_takes_the_end_of_the_dip_for_an_effect(dipped):
    after = _found(dipped, NAIVE)
    after = after[after["first"] > 0]
    assert (after.estimate - after.true).min() > DIP / 3
