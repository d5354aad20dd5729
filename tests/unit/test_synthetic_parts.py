"""Pieces of a synthetic delivery: effects as published, pseudonyms, pieces of pay, requests refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.synthetic import Knobs, synthesise
from pipeline.synthetic.calendar import CPIH, FIRST, MONTHS, PRICE_MONTHS, PRICES, first_day_of, month_of_day
from pipeline.synthetic.delivery import draw_population
from pipeline.synthetic.effects import (
    MEAN_IN_WORK,
    MEAN_PAY_IN_WORK,
    SELF_EMPLOYED,
    SHARE_MEN,
    gains,
    published_effects,
)
from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.pay import paid_late, payment_table, payments
from pipeline.synthetic.streams import choose, persistent, stream
from pipeline.synthetic.work import expected_work
from pipeline.vocabulary.errors import RequestError

PENNY = 0.005
"""Solving the published figures for work and pay is exact but for rounding."""

MONTE_CARLO = 0.02
"""Four standard errors of a share of 10,000 draws."""


@pytest.fixture(scope="module")
def population():
    return draw_population(people=2_000, seed=5, knobs=Knobs(treated_share=0.2))


def _published(outcome, month):
    paths = published_effects()
    wage = np.array(MEAN_PAY_IN_WORK)
    on_work, on_pay = paths.in_work[:, month], paths.pay_in_work[:, month]
    effect = {
        "employed": 100 * on_work,
        "pay": on_work * (wage + on_pay) + MEAN_IN_WORK * on_pay,
    }[outcome] * (1 - SELF_EMPLOYED)
    return effect, (1 - SHARE_MEN) * effect[0] + SHARE_MEN * effect[1]


@pytest.mark.parametrize(
    ("outcome", "month", "everybody"), [("pay", 1, -117), ("pay", 4, 0), ("pay", 60, 84), ("employed", 60, 4.3)]
)
def test_paths_average_to_the_published_effect(outcome, month, everybody):
    assert _published(outcome, month)[1] == pytest.approx(everybody, abs=PENNY)


def test_men_gain_about_200_and_women_about_55_after_five_years():
    women, men = _published("pay", 60)[0]
    assert men == pytest.approx(200, abs=5)
    assert women == pytest.approx(55, abs=5)


def test_nothing_changes_before_the_index_month():
    paths = published_effects()
    assert not paths.in_work[:, 0].any()
    assert not paths.pay_in_work[:, 0].any()


def test_the_young_and_the_deprived_gain_more_and_the_mean_gain_is_one():
    age, quintile = np.array([30, 60, 30, 60], dtype=np.int32), np.array([1, 1, 5, 5], dtype=np.int8)
    gain = gains(age=age, imd_quintile=quintile, earliness=np.zeros(4))
    assert gain.mean() == pytest.approx(1)
    assert gain[0] > gain[1] > gain[3]
    assert gain[0] > gain[2] > gain[3]


def test_pseudonyms_are_distinct_and_look_like_no_clear_identifier():
    some = pseudonyms(np.arange(20_000), prefix="N", seed=1).to_pylist()
    assert len(set(some)) == len(some)
    assert all(re.fullmatch(r"N[0-9a-f]{16}", name) for name in some)
    assert set(some).isdisjoint(pseudonyms(np.arange(20_000), prefix="N", seed=2).to_pylist())


def test_a_persistent_draw_keeps_its_distribution_and_changes_seldom():
    drawn = persistent(stream(1, "test"), (10_000, 50), redraw=0.02)
    assert drawn[:, -1].mean() == pytest.approx(0.5, abs=MONTE_CARLO)
    assert (drawn[:, 1:] != drawn[:, :-1]).mean() == pytest.approx(0.02, abs=0.002)


def test_shares_are_drawn_as_asked():
    drawn = choose(stream(1, "shares"), np.array([1.0, 3.0]), 10_000)
    assert drawn.mean() == pytest.approx(0.75, abs=MONTE_CARLO)


def test_streams_differ_by_purpose_and_part():
    first = stream(1, "a").random(3).tolist()
    assert first == stream(1, "a").random(3).tolist()
    assert first not in (stream(1, "b").random(3).tolist(), stream(1, "a", 1).random(3).tolist())


def test_months_and_days_go_back_and_forth():
    assert (month_of_day(first_day_of(MONTHS)) == MONTHS).all()
    assert (month_of_day(first_day_of(MONTHS) - 1) == MONTHS - 1).all()


def test_prices_are_those_of_the_index_delivered():
    base = CPIH[-12:].mean()
    assert PRICES[0] == CPIH[PRICE_MONTHS == FIRST][0] / base


def test_pieces_of_pay_add_up_to_a_month_and_months_in_work_have_pay(population):
    rows = np.arange(2_000)
    made = payments(population.people, population.treatment, rows=rows, seed=5, knobs=Knobs(dirt=0))
    total = np.zeros((len(rows), len(MONTHS)), dtype=np.int64)
    np.add.at(total, (made.person, made.month), made.pence)
    work = expected_work(population.people, population.treatment, rows=rows, knobs=Knobs())
    paid = total > 0
    assert (total >= 0).all()
    assert paid.mean() == pytest.approx(work.in_work.mean(), abs=0.05)
    real = total / 100 / PRICES
    assert real[paid].mean() == pytest.approx(work.pay_in_work[paid].mean(), rel=0.02)


def test_weekly_pay_comes_in_several_rows_that_differ_in_date(population):
    rows = np.arange(2_000)
    made = payments(population.people, population.treatment, rows=rows, seed=5, knobs=Knobs(dirt=0))
    table = payment_table(made, population.links, rows=rows, seed=5).to_pandas()
    assert not table.duplicated().any()
    counts = table.groupby(["valid_nino", "month"], observed=True).size()
    assert counts.isin([1, 2, 4, 5]).mean() > 0.99


def test_everything_comes_once_or_twice_in_time_or_late(population):
    rows = np.arange(500)
    made = payments(population.people, population.treatment, rows=rows, seed=5, knobs=Knobs())
    in_time, late = paid_late(made, seed=5, part=0, knobs=Knobs(dirt=3))
    assert len(in_time) + len(late) > len(made) > len(late) > 0
    assert paid_late(made, seed=5, part=0, knobs=Knobs(dirt=0))[0].pence.sum() == made.pence.sum()


def test_a_knob_that_is_not_there_is_refused():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Knobs(no_such_knob=1)


def test_a_knob_turned_too_far_is_refused():
    with pytest.raises(ValidationError, match="less than or equal to 5"):
        Knobs(anticipation=50)


def test_a_folder_that_holds_anything_is_refused(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "mine.txt").write_text("kept")
    with pytest.raises(RequestError, match="not empty"):
        synthesise(tmp_path / "d", people=100, seed=1)
    assert [file.name for file in (tmp_path / "d").iterdir()] == ["mine.txt"]


def test_every_fault_of_a_request_is_reported_at_once(tmp_path):
    with pytest.raises(RequestError, match=r"too few people.*seed is negative"):
        synthesise(tmp_path / "d", people=3, seed=-1)
