"""Placebos where nothing is to be found find it as rarely as they say; a trend before the index, they find."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

import evaluations
from pipeline.engine.settings import read_settings
from pipeline.inference.designs import staggered_adoption
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.robustness import HalfComparisonPlacebo, MovedIndexPlacebo
from pipeline.vocabulary.windows import Window

REPLICATIONS = 200
# Shares of 200 replications of correlated bins: a standard error of about 0.012; three of them.
COVERAGE = 0.036
# A mean over 200 replications of estimates with a standard error of 1 has one of 0.07; four of them.
BIAS = 0.28
# Asked of a check: that it fires nine times in ten where its violation is present.
POWER = 0.9
MONTHS = 24
SETTINGS = read_settings().inference.model_copy(update={"band_draws": 1000})
MOVED, HALF = "ons_fixed_effects:placebo_index_6_waves_earlier", "ons_fixed_effects:placebo_half_comparison"


@dataclass(frozen=True, kw_only=True)
class OneShard:
    """A panel held in memory."""

    shard: PanelShard
    first_month: int = 0
    n_months: int = MONTHS
    covariates: tuple[str, ...] = ()
    levels: dict[str, tuple[str, ...]]

    def shards(self, outcome, characteristics=()):
        return iter([self.shard])


def drawn(seed: int, *, slope: float, n: int = 300) -> OneShard:
    """Person and month effects, serially correlated noise, an effect of 3 from the index, a trend of treated people."""
    random = np.random.default_rng(seed)
    months = np.arange(MONTHS)
    treated = np.where(np.arange(n) % 2 == 0, random.integers(12, 19, n), np.nan)
    event_time = months - treated[:, None] + 1
    shocks = random.normal(size=(n, MONTHS)) + 0.7 * random.normal(size=(n, 1)) * np.linspace(-1, 1, MONTHS)
    pay = random.normal(0, 5, (n, 1)) + np.sin(months / 3) + shocks + 3.0 * (event_time >= 1)
    pay += slope * np.nan_to_num(event_time.clip(max=0))
    person = np.array([f"{seed}-{place}" for place in range(n)], dtype=object)
    return OneShard(shard=PanelShard(first_month=0, outcome=pay, treatment_month=treated, person=person), levels={})


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    loaded = evaluations.load("hospitalisation_and_earnings")
    design = loaded.evaluation.design.model_copy(
        update={
            "robustness": (MovedIndexPlacebo(months=6), HalfComparisonPlacebo()),
            "window": Window(before=11, after=6, reference=(0, 0), bins="single"),
            "estimators": ("ons_fixed_effects",),
            "periods": (0, MONTHS - 1),
        }
    )
    outcomes = loaded.evaluation.outcomes[:1]
    update = {"design": design, "outcomes": outcomes, "subgroups": ()}
    return replace(loaded, evaluation=loaded.evaluation.model_copy(update=update))


def placebos(protocol: Protocol, *, slope: float, count: int) -> pd.DataFrame:
    """Every placebo effect from its index on, with the replication it is of."""
    frames = [
        staggered_adoption.estimates(drawn(seed, slope=slope), protocol, SETTINGS).to_pandas().assign(seed=seed)
        for seed in range(count)
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame[(frame["months_from"] >= 1) & frame["estimator"].isin([MOVED, HALF])]


@pytest.mark.slow
def test_placebos_find_nothing_where_there_is_nothing(protocol: Protocol):
    found = placebos(protocol, slope=0.0, count=REPLICATIONS)
    for _, rows in found.groupby("estimator"):
        assert len(rows) == 6 * REPLICATIONS
        covered = ((rows["ci_lower"] <= 0) & (rows["ci_upper"] >= 0)).mean()
        assert covered == pytest.approx(0.95, abs=COVERAGE)
        assert abs((rows["estimate"] / rows["std_error"]).groupby(rows["months_from"]).mean()).max() < BIAS


def test_a_moved_index_finds_treated_peoples_own_trend_and_halves_of_the_comparison_do_not(protocol: Protocol):
    found = placebos(protocol, slope=0.15, count=40)
    last = found[found["months_from"] == 6].set_index("estimator")
    missed = (last["ci_lower"] > 0) | (last["ci_upper"] < 0)
    assert missed[MOVED].mean() >= POWER
    # Forty draws at 5%: a mean of 2 with a standard deviation of 1.4; more than 8 has a chance of 1 in 10,000.
    assert missed[HALF].sum() <= 8
