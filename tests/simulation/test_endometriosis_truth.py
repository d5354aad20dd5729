"""The truth of endometriosis is what is published, and a regression on the women studied finds it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest

from pipeline.synthetic.calendar import FIRST, LAST, MONTHS, month_of_day
from pipeline.synthetic.delivery import draw_population, truth
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.studied import diagnoses_studied, surgery_studied
from pipeline.synthetic.work import expected_work

# pyfixest still resets an index in place, which pandas 3.1 warns of; warnings are errors here.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")

SAMPLING = {"pay": 4.0, "employed": 0.08}
"""Three standard errors over the 1,800 women seen in years 4 and 5: who is operated when, and what they are paid."""

EXPECTED = 0.15
"""Percentage points left without chance in work: a year of diagnosis is not its month, and ages differ a little."""

BY_DURATION = 0.3
"""Percentage points that are missed where women diagnosed longer ago are compared with others."""


@cache
def _population(*, people=150_000, seed=1, endometriosis_share=0.12, **turned):
    knobs = Knobs(endometriosis_share=endometriosis_share, **turned)
    return draw_population(people=people, seed=seed, knobs=knobs)


@cache
def _truth(population):
    return truth(population).to_pandas()


def _effect(population, evaluation, outcome, months_from):
    table = _truth(population)
    chosen = (table.evaluation == evaluation) & (table.outcome == outcome) & (table.months_from == months_from)
    return table[chosen & (table.subgroup == "all")].effect.item()


@pytest.mark.parametrize("months_from", [37, 43, 49, 55])
@pytest.mark.parametrize(("outcome", "published"), [("pay", -130), ("employed", -2.7)])
def test_the_truth_of_a_diagnosis_is_the_published_one_in_years_4_and_5(outcome, months_from, published):
    found = _effect(_population(), "endometriosis_diagnosis", outcome, months_from)
    assert found == pytest.approx(published, abs=SAMPLING[outcome])


def test_nothing_happens_before_the_index_and_without_effects_nothing_after_it():
    table = _truth(_population())
    table = table[table.evaluation.str.startswith("endometriosis")]
    assert table.evaluation.nunique() == 3
    assert (table[table.months_to <= 0].effect == 0).all()
    assert (_truth(_population(people=3_000, no_effect=True)).effect == 0).all()


def test_the_truth_of_other_evaluations_does_not_know_of_endometriosis():
    with_it, without = (_truth(_population(people=20_000, endometriosis_share=share)) for share in (0.12, 0.0))
    # Whoever has endometriosis is on no made-up waiting list for a hip or knee.
    tables = [table[table.evaluation != "elective_waiting"] for table in (with_it, without)]
    others = tables[0][~tables[0].evaluation.str.startswith("endometriosis")].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, tables[1].reset_index(drop=True))


def _waiting(population):
    """Women never operated, from an index drawn after their diagnosis."""
    women = population.endometriosis
    chosen = women.take(women.operated == 0)
    earliest = np.maximum(month_of_day(chosen.diagnosed) + 1, FIRST + 24)
    return chosen.person, np.minimum(earliest + np.random.default_rng(2).integers(0, 60, len(chosen)), LAST)


def _general(population):
    """Women without endometriosis, from a drawn index."""
    everyone = np.setdiff1d(np.arange(len(population.people)), population.endometriosis.person)
    women = everyone[~population.people.male[everyone] & ~population.people.treated[everyone]]
    women = np.setdiff1d(women, population.courses.person)[:3_000]
    return women, np.random.default_rng(2).integers(FIRST + 24, LAST, len(women))


def _found(population, studied, comparison, *, fixed):
    """Effects on employment without chance in work, by two-way fixed effects, beside the truth."""
    others, drawn = comparison
    window, people = studied.window, population.people
    rows, index = np.concatenate([studied.who, others]), np.concatenate([studied.month, drawn])
    event = MONTHS[None, :] - index[:, None] + 1
    seen = (event >= -window.before) & (event <= window.after)
    seen &= people.death_month[rows, None] > MONTHS[None, :]
    age = (index - people.birth_month[rows]) // 12
    seen &= ((age >= 25) & (age < 55))[:, None]
    person, month = np.nonzero(seen)
    reference = next(b.number for b in window.binned if b.reference)
    number = np.array([window.bin_of(e) for e in range(-window.before, window.after + 1)])[event[seen] + window.before]
    number = np.where((person >= len(studied.who)), reference, number)
    number = np.where(np.isin(number, [b.number for b in window.binned if b.reference]), reference, number)
    work = expected_work(people, population.treatment, rows=rows, knobs=population.knobs)
    since = (population.treatment.endometriosis.diagnosed[rows] - 1) // 12
    frame = pd.DataFrame({
        "person": person, "month": month, "year_and_month": since[person] * 1000 + month, "bin": number,
        "age_squared": ((MONTHS[month] - people.birth_month[rows[person]]) / 12 - 45) ** 2,
        "employed": 100 * work.in_work.astype(float)[seen],
    })  # fmt: skip
    formula = f"employed ~ i(bin, ref={reference}) + age_squared | person + {fixed}"
    estimates = pf.feols(formula, data=frame, vcov="iid", fixef_rm="none").coef().drop("age_squared").to_numpy()
    true = _truth(population)
    true = true[(true.evaluation == studied.evaluation) & (true.outcome == "employed") & (true.subgroup == "all")]
    bins = [b.first for b in window.binned if not b.reference]
    return pd.DataFrame({"first": bins, "estimate": estimates, "true": true.set_index("months_from").effect[bins]})


@pytest.fixture(scope="module")
def many():
    return _population(people=12_000, seed=3, endometriosis_share=0.5, therapy_share=0.0, treated_share=0.001)


def test_a_regression_against_the_general_population_finds_the_truth_of_a_diagnosis(many):
    found = _found(many, diagnoses_studied(many, adenomyosis=True), _general(many), fixed="month")
    assert (found.estimate - found.true).abs().max() < EXPECTED


def test_against_women_of_the_same_year_of_diagnosis_the_truth_of_surgery_is_found(many):
    found = _found(many, surgery_studied(many), _waiting(many), fixed="year_and_month")
    assert (found.estimate - found.true).abs().max() < EXPECTED


def test_against_women_diagnosed_whenever_the_course_of_the_illness_is_taken_for_an_effect(many):
    found = _found(many, surgery_studied(many), _waiting(many), fixed="month")
    after = found[found["first"] > 0]
    assert (after.true - after.estimate).max() > BY_DURATION
