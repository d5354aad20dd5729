"""What false links may hide of an effect, by the declared precision of links."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pydantic import ValidationError

from pipeline.engine.settings import Precision, Precisions
from pipeline.inference.diagnostics import false_links
from pipeline.inference.diagnostics.false_links import right_links
from pipeline.inference.estimators import ons_fixed_effects
from pipeline.vocabulary.errors import RequestError
from pipeline.vocabulary.schemas.results import DIAGNOSTICS
from pipeline.vocabulary.windows import Window

NINO = Precision(least=0.9776, most=0.9987)
HEALTH = Precision(least=0.9995, most=0.9995)
PUBLISHED = Precisions(nino=NINO, health=HEALTH)
EXACT = 1e-12
WINDOW = Window(before=3, after=4, reference=(0, 0), bins="single")


def headline(*outcomes: str) -> pa.Table:
    labels = {"evaluation": "drawn", "estimator": "ons_fixed_effects", "role": "headline", "subgroup": "all"}
    return pa.Table.from_pylist([labels | {"outcome": name, "estimate": 123.45} for name in outcomes])


def test_the_published_precisions_bound_an_effect():
    right = right_links([NINO, HEALTH])
    assert right.least == pytest.approx(1 - 0.0224 - 0.0005, abs=EXACT)
    assert right.most == 0.9987
    assert right.bounds(84.0) == pytest.approx((84 / 0.9987, 84 / 0.9771), abs=1e-9)


def test_bounds_of_a_loss_are_losses():
    nearest, farthest = right_links([NINO, HEALTH]).bounds(-130.0)
    assert farthest < nearest < -130


def test_perfect_links_leave_an_effect_as_it_is():
    exact = Precision(least=1, most=1)
    assert right_links([exact, exact]).bounds(17.0) == (17.0, 17.0)


def test_links_that_may_all_be_false_bound_nothing():
    with pytest.raises(RequestError, match="links may all be false"):
        right_links([Precision(least=0.5, most=1), Precision(least=0.5, most=1)])


def test_a_precision_has_its_least_below_its_most():
    with pytest.raises(ValidationError, match="the least precision is above the most"):
        Precision(least=0.9, most=0.8)


def test_each_headline_outcome_has_a_row_that_scales_effects_and_repeats_none():
    table = false_links.check(headline("pay", "employed"), precision=PUBLISHED, threshold=0.05)
    assert table.schema.equals(DIAGNOSTICS.arrow)
    for row in table.to_pylist():
        assert (row["check"], row["status"], row["threshold"]) == ("false_links", "pass", 0.05)
        assert row["figure"] == pytest.approx(0.0229, abs=EXACT)
        assert "97.71% to 99.87% of treated people" in row["sentence"]
        assert "multiplied by 1.0013 to 1.0234" in row["sentence"]
        assert "123" not in row["sentence"]


def test_an_effect_that_may_be_hidden_by_more_than_declared_is_for_review():
    (row,) = false_links.check(headline("pay"), precision=PUBLISHED, threshold=0.02).to_pylist()
    assert row["status"] == "review"


@pytest.mark.parametrize("known", [Precisions(), Precisions(nino=NINO), Precisions(health=HEALTH)])
def test_without_a_declared_precision_of_both_links_nothing_is_evaluated(known):
    (row,) = false_links.check(headline("pay"), precision=known, threshold=0.05).to_pylist()
    assert (row["status"], row["figure"]) == ("not evaluated", None)
    assert row["sentence"].startswith("Not evaluated: no precision is declared of links from ")


def test_links_false_at_random_shrink_the_estimate_by_the_share_of_right_ones():
    """Treated people gain 10; a fifth of them have the pay of somebody who was never treated."""
    random, n, months = np.random.default_rng(6), 4_000, np.arange(8)
    treated = np.arange(n) % 2 == 0
    false = treated & (random.random(n) < 0.2)
    pay = random.normal(size=(n, 8)) + 10.0 * ((treated & ~false)[:, None] & (months >= 4))
    frame = pd.DataFrame(
        {
            "person": np.repeat(np.arange(n), 8),
            "month": np.tile(months, n),
            "pay": pay.ravel(),
            "treated_in": np.repeat(np.where(treated, 4.0, np.nan), 8),
        }
    )
    names = {"outcome": "pay", "person": "person", "month": "month", "treatment_month": "treated_in"}
    study = ons_fixed_effects.estimate(frame, **names, window=WINDOW)
    after = study.event_study().query("event_time >= 1")["att"].mean()
    share = 1 - false.sum() / treated.sum()
    # Noise of 1 over 2,000 people a side and four months, against one reference month: a standard error of 0.04.
    assert after == pytest.approx(10 * share, abs=0.15)
    nearest, farthest = right_links([Precision(least=share, most=share)]).bounds(after)
    assert nearest == farthest == pytest.approx(10, abs=0.2)
