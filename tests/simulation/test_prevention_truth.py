"""Made-up blood tests and referrals: a threshold with people on both sides, null by default, knobs that show."""

from __future__ import annotations

from functools import cache

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipeline.inference.designs.threshold.density import frandsen
from pipeline.inference.estimators import callaway_santanna
from pipeline.synthetic import Knobs, synthesise
from pipeline.synthetic.calendar import MONTHS, month_of_day
from pipeline.synthetic.delivery import draw_population, truth
from pipeline.synthetic.prevention import ELIGIBLE, WAVES
from pipeline.synthetic.studied_prevention import referrals_studied
from pipeline.synthetic.work import expected_work

EMPLOYEES = 0.92
"""The self-employed have no pay to gain."""

CLIPPED = 0.02
"""Percentage points: three errors of the share of employees among 3,000 people referred, who gain two points."""

EXPECTED = 0.3
"""Percentage points left without chance in work: ages and gains from therapy differ between a few hundred people."""

BEND = 0.2
"""How far the frequency at 42 may be from the mean of its neighbours': results fall off by a fifth a unit."""


@cache
def _population(*, people=60_000, seed=1, **turned):
    return draw_population(people=people, seed=seed, knobs=Knobs(**turned))


def _truth(population):
    table = truth(population).to_pandas()
    return table[table.evaluation == "diabetes_prevention"]


def test_results_fall_off_in_whole_numbers_without_a_jump_at_the_threshold():
    made = _population(tested_share=0.6).prevention
    counts = np.bincount(made.hba1c, minlength=61)[35:60]
    assert (np.diff(counts[:13]) < 0).all()
    assert counts[:7].sum() > 4 * counts[7:13].sum() > 0


def test_both_sides_of_the_threshold_have_people_who_are_referred_and_who_are_not():
    made = _population(tested_share=0.6).prevention
    low, high = ELIGIBLE
    by_now = month_of_day(made.tested) >= np.array(WAVES)[made.wave - 1]
    eligible = (made.hba1c >= low) & (made.hba1c <= high)
    assert (made.referred[eligible & by_now] > 0).mean() == pytest.approx(0.6, abs=0.03)
    assert (made.referred[(made.hba1c < low) & by_now] > 0).mean() == pytest.approx(0.03, abs=0.005)
    assert not made.referred[made.hba1c > high].any()
    assert not np.isnan(made.glucose[(made.referred > 0) & (made.hba1c < low)]).any()


def test_no_practice_refers_before_its_wave():
    made = _population(tested_share=0.6).prevention
    referred = made.referred > 0
    assert (month_of_day(made.referred[referred]) >= np.array(WAVES)[made.wave[referred] - 1]).all()
    assert set(made.wave) == {1, 2, 3}


def test_a_referral_does_nothing_to_work_unless_the_knob_is_turned():
    table = _truth(_population(people=10_000))
    assert set(table.outcome) >= {"pay", "employed", "benefits", "benefit_amount"}
    assert (table.effect == 0).all()


def test_the_knob_is_the_effect_on_everybody_referred_after_a_year():
    population = _population(tested_share=0.6, programme_effect=2.0)
    table = _truth(population)
    employed = table[(table.outcome == "employed") & (table.subgroup == "all")].set_index("months_from").effect
    assert employed[55] == pytest.approx(2 * EMPLOYEES, abs=3 * CLIPPED)
    assert employed[1] == pytest.approx(2 * EMPLOYEES / 12, abs=CLIPPED)
    assert (employed[employed.index <= 0] == 0).all()
    assert (table[(table.outcome == "benefits")].effect == 0).all()


def test_people_never_referred_are_as_they_would_be_without_the_programme():
    turned, still = _population(programme_effect=2.0), _population()
    never = np.flatnonzero(turned.treatment.programme == 0)
    first, second = (expected_work(p.people, p.treatment, rows=never, knobs=p.knobs).in_work for p in (turned, still))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("moved", "caught"), [(0.0, False), (0.3, True)])
def test_manipulation_at_the_threshold_is_caught_and_its_absence_is_not(moved, caught):
    made = _population(tested_share=0.6, manipulation_at_42=moved).prevention
    check = frandsen(pd.DataFrame({"hba1c": made.hba1c}), running="hba1c", cutoff=ELIGIBLE[0], k=BEND)
    assert (check.p_value < 0.05) == caught


def test_the_knob_is_recovered_against_the_general_population():
    population = _population(people=12_000, tested_share=0.3, programme_effect=4.0, treated_share=0.001)
    studied = referrals_studied(population)
    others = np.setdiff1d(np.arange(12_000), population.prevention.person)[:2_000]
    rows = np.concatenate([studied.who, others])
    month = np.concatenate([studied.month, np.zeros(len(others), dtype=np.int32)])
    work = expected_work(population.people, population.treatment, rows=rows, knobs=population.knobs)
    frame = pd.DataFrame(
        {
            "person": np.repeat(np.arange(len(rows)), len(MONTHS)),
            "month": np.tile(MONTHS, len(rows)),
            "treatment": np.repeat(np.where(month > 0, month, np.nan), len(MONTHS)),
            "employed": 100 * work.in_work.astype(float).ravel(),
        }
    )
    found = callaway_santanna.estimate(
        frame, outcome="employed", person="person", month="month", treatment_month="treatment"
    ).event_study()
    at = found.set_index("event_time").att
    assert at[24] == pytest.approx(4 * EMPLOYEES, abs=EXPECTED)
    assert abs(at[-12]) < EXPECTED


def test_nobody_tested_leaves_the_rest_of_a_delivery_as_it_was(tmp_path):
    for name, share in (("with", 0.25), ("without", 0.0)):
        synthesise(tmp_path / name, people=400, seed=3, knobs=Knobs(tested_share=share))
    files = {path.relative_to(tmp_path / "without") for path in (tmp_path / "without").rglob("*.*")}
    assert {path.parts[0] for path in files} >= {"hes_apc", "paye_rti", "links"}
    assert "ndpp" not in {path.parts[0] for path in files}
    for path in files - {next(path for path in files if path.name == "delivery.json")}:
        assert (tmp_path / "with" / path).read_bytes() == (tmp_path / "without" / path).read_bytes()


def test_people_eligible_and_not_referred_are_among_the_tests(tmp_path):
    synthesise(tmp_path / "d", people=4_000, seed=3)
    there = duckdb.sql(f"SELECT * FROM read_parquet('{tmp_path}/d/ndpp/tests/*.parquet')").to_df()
    referrals = duckdb.sql(f"SELECT * FROM read_parquet('{tmp_path}/d/ndpp/*.parquet')").to_df()
    assert there.hba1c_mmol_mol.between(*ELIGIBLE).sum() > 0
    assert not set(there.person_ref) & set(referrals.person_ref)
    assert (referrals.fpg_mmol_l.notna() == (referrals.hba1c_mmol_mol < ELIGIBLE[0])).all()
