"""Under a dip before referral the reference of talking therapies finds the truth, and a naive reference does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import evaluations
from pipeline.engine.settings import read_settings
from pipeline.inference.estimators import ons_fixed_effects
from pipeline.synthetic.calendar import FIRST, LAST, MONTHS, PRICES
from pipeline.synthetic.delivery import draw_population, truth
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.pay import payments
from pipeline.synthetic.studied import courses_studied
from pipeline.synthetic.work import expected_work
from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.robustness import ReferenceBeforeIndex

EVALUATION = evaluations.load("talking_therapies").evaluation
NAIVE = ReferenceBeforeIndex(months=12)

MOST = 0.25
"""Standard errors of the headline within which the issue wants the declared reference and not the naive one."""

KNOBS = Knobs(referral_dip=3.0, therapy_share=0.3, treated_share=0.001)


class Drawn:
    """Everybody studied and everybody never referred, a shard: their months as they fell, or as expected."""

    def __init__(self, *, people: int, seed: int) -> None:
        self.drawn = draw_population(people=people, seed=seed, knobs=KNOBS)
        studied, everyone = courses_studied(self.drawn), self.drawn.people
        others = np.setdiff1d(np.arange(people), self.drawn.courses.person)
        index = np.concatenate([studied.month, np.random.default_rng(seed).integers(FIRST, LAST, len(others))])
        rows, treated = np.concatenate([studied.who, others]), np.arange(len(index)) < len(studied.who)
        age = (index - everyone.birth_month[rows]) // 12
        kept = (age >= 25) & (age < 65) & (everyone.death_month[rows] > index)
        self.rows, index = rows[kept], index[kept]
        self.treatment_month = np.where(treated[kept], index, np.nan)
        event = MONTHS[None, :] - index[:, None] + 1
        window = EVALUATION.design.window
        self.seen = (event >= -window.before) & (event <= window.after)
        self.seen &= everyone.death_month[self.rows, None] > MONTHS
        self.levels, self.first_month, self.n_months = {}, int(MONTHS[0]), len(MONTHS)
        self.values = {}

    def fell(self):
        """The outcomes as they fell."""
        given = {"rows": self.rows, "seed": self.drawn.seed, "knobs": self.drawn.knobs}
        made = payments(self.drawn.people, self.drawn.treatment, **given)
        pence = np.zeros(self.seen.shape, np.int64)
        np.add.at(pence, (made.person, made.month), made.pence)
        pay = np.maximum(pence, 0) / 100 / PRICES
        self.values = {"pay": pay, "employed": (pay > 0).astype(float)}
        return self

    def expected(self):
        """The outcomes as they were to be expected."""
        work = expected_work(self.drawn.people, self.drawn.treatment, rows=self.rows, knobs=self.drawn.knobs)
        in_work = work.in_work.astype(float)
        self.values = {"pay": in_work * work.pay_in_work, "employed": in_work}
        return self

    def shards(self, outcome, names=()):
        birth = self.drawn.people.birth_month[self.rows].astype(float)
        values = np.where(self.seen, self.values[outcome], np.nan)
        yield PanelShard(
            first_month=self.first_month, outcome=values, treatment_month=self.treatment_month, birth_month=birth
        )


def _study(panel, outcome, window):
    specification = Specification(
        window=window,
        age_spline=EVALUATION.design.age_spline,
        small_sample=read_settings().inference.small_sample,
        draws=1000,
    )
    (study,) = ons_fixed_effects.fit(panel, outcome, specification=specification)
    scale = 100.0 if outcome == "employed" else 1.0
    frame = study.event_study()
    frame = frame[frame["event_time"] >= 1].set_index("event_time")
    return frame[["att", "std_error"]] * scale


@pytest.fixture(scope="module")
def biases():
    """By outcome and reference the bias without chance of each bin after the index, in the headline's errors."""
    panel = Drawn(people=6_000, seed=3)
    window = EVALUATION.design.window
    true = truth(panel.drawn).to_pandas()
    true = true[(true.evaluation == "talking_therapies") & (true.subgroup == "all")]
    errors = {outcome: _study(panel.fell(), outcome, window).std_error for outcome in ("pay", "employed")}
    panel.expected()
    return {
        (outcome, name): (_study(panel, outcome, used).att - _true(true, outcome)) / errors[outcome]
        for outcome in errors
        for name, used in (("declared", window), ("naive", NAIVE.window(window)))
    }


def _true(table: pd.DataFrame, outcome: str) -> pd.Series:
    mine = table[(table.outcome == outcome) & (table.months_from >= 1)]
    return mine.set_index("months_from").effect


def test_the_evaluation_declares_the_naive_run_beside_its_own_reference():
    assert NAIVE in EVALUATION.design.robustness
    assert NAIVE.window(EVALUATION.design.window).reference == (-11, 0)
    assert EVALUATION.design.window.reference[1] <= -EVALUATION.design.anticipation


@pytest.mark.parametrize("outcome", ["pay", "employed"])
def test_the_declared_reference_finds_the_truth_in_every_bin(biases, outcome):
    assert biases[outcome, "declared"].notna().all()
    assert biases[outcome, "declared"].abs().max() <= MOST


@pytest.mark.parametrize("outcome", ["pay", "employed"])
def test_the_naive_reference_takes_the_dip_for_an_effect_in_every_bin(biases, outcome):
    assert biases[outcome, "naive"].min() > MOST
