"""The truth is the published effects, each knob turns what it says, and two-way fixed effects find the truth."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest

from pipeline.synthetic.calendar import FIRST, LAST, MONTHS, PRICES
from pipeline.synthetic.delivery import draw_population, truth
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.pay import payments
from pipeline.synthetic.studied import WINDOW, included
from pipeline.synthetic.work import expected_work

# pyfixest still resets an index in place, which pandas 3.1 warns of; warnings are errors here.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")

SAMPLING = {"pay": 5.0, "pay_in_work": 6.0, "employed": 0.12}
"""About three standard errors of the mean of true effects over 2,200 people, who differ in sex, age, place and pay."""

SUBGROUPS = {"all": 1, "sex": 2, "age_band": 4, "ethnic_group": 6, "imd_quintile": 5, "region": 10}

EXPECTED = {"pay": 3.0, "pay_in_work": 3.0, "employed": 0.1}
"""Three standard errors of what is left without chance in work and pay: effects that differ between 1,100 people."""


def _population(*, people=150_000, seed=1, **turned):
    return draw_population(people=people, seed=seed, knobs=Knobs(**turned))


@cache
def _whole_truth(population):
    table = truth(population).to_pandas()
    return table[table.evaluation == "bariatric_surgery"]


def _truth(population, **chosen):
    table = _whole_truth(population)
    for name, value in chosen.items():
        table = table[table[name] == value]
    return table


def _effect(population, outcome, months_from, subgroup="all", value=""):
    chosen = {"outcome": outcome, "months_from": months_from, "subgroup": subgroup, "subgroup_value": value}
    return _truth(population, **chosen).effect.item()


@pytest.fixture(scope="module")
def usual():
    return _population()


@pytest.mark.parametrize(
    ("outcome", "months_from", "published"),
    [
        ("pay", 1, -117),
        ("pay", 4, 0),
        ("pay", 55, 84),
        ("employed", 55, 4.3),
        ("pay_in_work", 1, -117),
        ("pay_in_work", 55, 17),
    ],
)
def test_the_truth_is_the_published_effect(usual, outcome, months_from, published):
    assert _effect(usual, outcome, months_from) == pytest.approx(published, abs=SAMPLING[outcome])


def test_men_gain_more_pay_than_women(usual):
    assert _effect(usual, "pay", 55, "sex", "male") == pytest.approx(200, abs=4 * SAMPLING["pay"])
    assert _effect(usual, "pay", 55, "sex", "female") == pytest.approx(55, abs=SAMPLING["pay"])


def test_the_young_and_the_deprived_gain_more_employment(usual):
    by_age = [_effect(usual, "employed", 55, "age_band", band) for band in ("25-34", "35-44", "45-54", "55-64")]
    by_deprivation = [_effect(usual, "employed", 55, "imd_quintile", quintile) for quintile in ("1", "3", "5")]
    assert by_age == sorted(by_age, reverse=True)
    assert by_deprivation == sorted(by_deprivation, reverse=True)


def test_the_truth_has_every_subgroup_bin_and_outcome_but_not_the_reference(usual):
    table = _truth(usual)
    bins = [(b.first, b.last) for b in WINDOW.binned if not b.reference]
    assert list(table.columns) == [
        "evaluation", "outcome", "subgroup", "subgroup_value", "months_from", "months_to", "effect",
    ]  # fmt: skip
    assert set(zip(table.months_from, table.months_to, strict=True)) == set(bins)
    outcomes = {*EXPECTED, "benefits", "incapacity_benefits", "disability_benefits", "benefit_amount"}
    assert set(table.outcome) == outcomes
    assert len(table) == len(outcomes) * sum(SUBGROUPS.values()) * len(bins)
    assert table.groupby("subgroup").subgroup_value.nunique().to_dict() == SUBGROUPS


def test_nothing_happens_before_the_index(usual):
    table = _truth(usual)
    assert (table[table.months_to <= 0].effect == 0).all()


def test_an_operation_lowers_receipt_of_benefits(usual):
    # Somebody whose chance of a benefit is less than what an operation takes off cannot lose it all.
    assert _effect(usual, "benefits", 55) == pytest.approx(-1.1, abs=0.1)
    assert _effect(usual, "incapacity_benefits", 55) > _effect(usual, "benefits", 55)
    assert _effect(usual, "benefit_amount", 55) < 0
    assert (_truth(usual, outcome="benefits", months_to=3).effect == 0).all()


def test_people_included_are_of_the_age_and_alive(usual):
    who = included(usual.people, usual.operations, usual.links, seed=usual.seed, knobs=usual.knobs)
    person, month = usual.operations.person[who], usual.operations.month[who]
    age = (month - usual.people.birth_month[person]) / 12
    assert 0.7 * len(usual.operations) < len(who) < len(usual.operations)
    assert ((age >= 25) & (age < 65)).all()
    assert ((month >= FIRST) & (month <= LAST)).all()
    assert (usual.people.death_month[person] > month).all()


def test_no_effect_makes_a_truth_of_noughts():
    assert (_truth(_population(people=5_000, no_effect=True)).effect == 0).all()


def test_treated_share_is_the_share_operated():
    assert _population(people=5_000, treated_share=0.1).people.treated.mean() == 0.1


def test_anticipation_lowers_employment_in_the_year_before_and_the_truth_says_so(usual):
    dipped = _population(anticipation=3)
    assert _effect(dipped, "employed", -11) == pytest.approx(-3 * 0.92, abs=SAMPLING["employed"])
    assert _effect(dipped, "employed", -17) == 0
    assert _effect(dipped, "pay", -11) < 0
    assert _effect(dipped, "employed", 55) == _effect(usual, "employed", 55)


def _means(population, *, treated):
    """Mean probability of being in work and mean pay in work by month, without operations."""
    rows = np.flatnonzero(population.people.treated == treated)[:3_000]
    work = expected_work(population.people, population.treatment, rows=rows, knobs=population.knobs, operated=False)
    return work.in_work.mean(axis=0), work.pay_in_work.mean(axis=0)


def test_a_differential_trend_moves_treated_pay_and_leaves_the_truth(usual):
    trending = _population(differential_trend=20)
    drift = _means(trending, treated=True)[1] - _means(usual, treated=True)[1]
    assert drift[-1] - drift[0] == pytest.approx(20 * (LAST - FIRST) / 12, rel=0.01)
    assert (_means(trending, treated=False)[1] == _means(usual, treated=False)[1]).all()
    assert _effect(trending, "pay_in_work", 55) == pytest.approx(_effect(usual, "pay_in_work", 55), abs=0.01)


def test_selection_on_gains_gives_those_operated_first_more(usual):
    selected = _population(selection_on_gains=0.5)
    gain = selected.treatment.gain[selected.operations.person]
    early = selected.operations.month < FIRST + 24
    late = selected.operations.month > LAST - 24
    assert gain[early].mean() > 2 * gain[late].mean()
    assert _effect(selected, "employed", 55) > 1.15 * _effect(usual, "employed", 55)


def test_informative_linkage_misses_those_seldom_in_work_and_raises_the_truth(usual):
    missed = _population(informative_linkage=0.4)
    seldom = ~missed.people.treated & (missed.people.in_work < 0.5)
    linked = missed.links.pay.any(axis=0)
    assert linked[seldom].mean() < linked[~missed.people.treated & ~seldom].mean() - 0.3
    assert _effect(missed, "employed", 55) > 1.03 * _effect(usual, "employed", 55)


def _died_later(population):
    """Share of treated people who died after the year of their operation."""
    operations = population.operations
    death = population.people.death_month[operations.person]
    return ((death > operations.month + 12) & (death <= LAST)).mean()


def test_informative_death_follows_a_fall_in_work_and_is_commoner_among_the_treated(usual):
    dying = _population(informative_death=5)

    deaths = [_died_later(population) for population in (usual, dying)]
    assert deaths[1] > 2 * deaths[0]
    rows = np.flatnonzero((dying.people.death_month == LAST) & dying.people.employee)
    left = [expected_work(p.people, p.treatment, rows=rows, knobs=p.knobs).in_work for p in (usual, dying)]
    assert (left[0] - left[1])[:, -1].mean() > 0.03
    assert _effect(dying, "employed", 55) == pytest.approx(_effect(usual, "employed", 55), abs=SAMPLING["employed"])


def test_interference_lowers_the_employment_of_the_untreated_only(usual):
    displaced = _population(interference=2)
    fall = _means(usual, treated=False)[0] - _means(displaced, treated=False)[0]
    assert fall[0] < 0.001
    assert 0.01 < fall[-1] <= 0.02
    assert (_means(usual, treated=True)[0] == _means(displaced, treated=True)[0]).all()
    assert _effect(displaced, "employed", 55) == _effect(usual, "employed", 55)


def _frame(population, *, chance):
    """The person-months of included people and of others of their ages, as a long table of the three outcomes."""
    random = np.random.default_rng(population.seed)
    people = population.people
    chosen = included(people, population.operations, population.links, seed=population.seed, knobs=population.knobs)
    treated = population.operations.person[chosen]
    other = np.flatnonzero(~people.treated)
    index = np.concatenate([population.operations.month[chosen], random.integers(FIRST, LAST, len(other))])
    rows = np.concatenate([treated, other])
    age = (index - people.birth_month[rows]) // 12
    event = MONTHS[None, :] - index[:, None] + 1
    seen = (event >= -WINDOW.before) & (event <= WINDOW.after) & (people.death_month[rows, None] > MONTHS[None, :])
    seen &= ((age >= 25) & (age < 65))[:, None]
    person, month = np.nonzero(seen)
    pay = (_drawn if chance else _expected)(population, rows)
    reference = [b.reference for b in WINDOW.binned].index(True)
    position = np.repeat(np.arange(len(WINDOW.binned)), [b.last - b.first + 1 for b in WINDOW.binned])
    number = np.where(person < len(treated), position[event[seen] + WINDOW.before], reference)
    years = (MONTHS[month] - people.birth_month[rows[person]]) / 12
    frame = pd.DataFrame({"person": person, "month": month, "bin": number, "age_squared": (years - 45) ** 2})
    return frame.assign(**{name: values[seen] for name, values in pay.items()}), reference


def _expected(population, rows):
    work = expected_work(population.people, population.treatment, rows=rows, knobs=population.knobs)
    in_work, pay = work.in_work.astype(float), work.pay_in_work.astype(float)
    return {"employed": 100 * in_work, "pay": in_work * pay, "pay_in_work": np.where(in_work > 0, pay, np.nan)}


def _drawn(population, rows):
    made = payments(population.people, population.treatment, rows=rows, seed=population.seed, knobs=population.knobs)
    pence = np.zeros((len(rows), len(MONTHS)), dtype=np.int64)
    np.add.at(pence, (made.person, made.month), made.pence)
    pay = np.maximum(pence, 0) / 100 / PRICES
    return {"employed": 100.0 * (pay > 0), "pay": pay, "pay_in_work": np.where(pay > 0, pay, np.nan)}


def _estimates(population, outcome, *, chance):
    """Estimates of two-way fixed effects beside the truth, by bin."""
    frame, reference = _frame(population, chance=chance)
    frame = frame.dropna(subset=[outcome])
    fit = pf.feols(
        f"{outcome} ~ i(bin, ref={reference}) + age_squared | person + month",
        data=frame,
        vcov={"CRV1": "person"},
        fixef_rm="none",
    )
    estimate, error = fit.coef().drop("age_squared"), fit.se().drop("age_squared")
    bins = [b for b in WINDOW.binned if not b.reference]
    true = _truth(population, outcome=outcome, subgroup="all").set_index("months_from").effect
    return pd.DataFrame(
        {"estimate": estimate.to_numpy(), "error": error.to_numpy(), "true": [true[b.first] for b in bins]}
    )


@pytest.fixture(scope="module")
def enriched():
    return draw_population(people=5_000, seed=3, knobs=Knobs(treated_share=0.3))


@pytest.mark.parametrize("outcome", ["pay", "pay_in_work", "employed"])
def test_two_way_fixed_effects_of_expected_outcomes_are_the_truth(enriched, outcome):
    found = _estimates(enriched, outcome, chance=False)
    assert (found.estimate - found.true).abs().max() < EXPECTED[outcome]


@pytest.mark.parametrize("outcome", ["pay", "pay_in_work", "employed"])
def test_two_way_fixed_effects_of_payments_cover_the_truth(enriched, outcome):
    found = _estimates(enriched, outcome, chance=True)
    standardised = (found.estimate - found.true) / found.error
    assert standardised.abs().max() < 4
    assert (standardised.abs() < 1.96).mean() > 0.6


def test_a_differential_trend_is_found_where_the_truth_has_none():
    trending = draw_population(people=5_000, seed=3, knobs=Knobs(treated_share=0.3, differential_trend=30))
    found = _estimates(trending, "pay_in_work", chance=False)
    assert (found.estimate - found.true).iloc[-1] > 60
