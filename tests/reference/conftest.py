"""A panel of a few timing groups that several reference tests are run on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from patsy import dmatrix

from pipeline.vocabulary.windows import Window

FIRST_MONTH = 24_172


@pytest.fixture(scope="session")
def drawn_groups():
    """Makes an unbalanced panel of four timing groups: gaps, deaths, ages, weights, practices, effects that differ.

    ``treatment_month`` is null and ``first_treat`` 0 for people never treated; everybody is seen before and twice.
    """

    def drawn(*, seed: int, n: int, n_months: int) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        person, column = np.repeat(np.arange(n), n_months), np.tile(np.arange(n_months), n)
        months = FIRST_MONTH + n_months // 3 + np.array([0, 1, 3, 4])
        group = np.where(random.random(n) < 0.6, months[random.integers(0, 4, n)], 0)
        birth_month = FIRST_MONTH - random.integers(300, 720, n)
        death = random.integers(n_months // 2, 3 * n_months, n)
        month, first_treat = FIRST_MONTH + column, group[person]
        event_time = np.where(first_treat > 0, month - first_treat + 1, 0)
        age = month - birth_month[person]
        effect = np.where(event_time > 0, event_time * (1 + (first_treat - FIRST_MONTH) / 10), 0)
        employed = random.random(n * n_months) < 0.7
        pay = random.normal(20, 4, n)[person] + np.sin(column) + age**2 / 4e4 + effect + random.normal(0, 3, len(age))
        frame = pd.DataFrame(
            {
                "person": person,
                "month": month,
                "first_treat": first_treat,
                "treatment_month": np.where(first_treat > 0, first_treat, np.nan),
                "event_time": event_time,
                "birth_month": birth_month[person],
                "sex": np.where(random.random(n) < 0.5, "female", "male")[person],
                "practice": random.integers(0, max(n // 8, 6), n)[person],
                "weight": random.uniform(0.5, 2, n)[person],
                "pay": pay,
                "pay_in_work": np.where(employed | (column < 2), pay, np.nan),
            }
        )
        seen = (column < death[person]) & (random.random(len(frame)) < 0.9)
        return frame[seen | (column < 2)].reset_index(drop=True)

    return drawn


@pytest.fixture(scope="session")
def with_age():
    """Adds four columns that with 1 and age span R's ``ns(age, 5, Boundary.knots = quantile(age, c(.1, .9)))``."""

    def added(frame: pd.DataFrame) -> pd.DataFrame:
        age = (frame["month"] - frame["birth_month"]).to_numpy(dtype=float)
        low, high = np.quantile(age, [0.1, 0.9])
        inner = np.quantile(age[(age >= low) & (age <= high)], [0.2, 0.4, 0.6, 0.8])
        columns = {"age": age, "inner": list(inner), "low": low, "high": high}
        basis = np.asarray(dmatrix("cr(age, knots=inner, lower_bound=low, upper_bound=high) - 1", columns))
        line = np.column_stack([np.ones_like(age), age / age.std()])
        rest = basis - line @ np.linalg.lstsq(line, basis, rcond=None)[0]
        left, spread, _ = np.linalg.svd(rest, full_matrices=False)
        assert spread[4] < 1e-8 * spread[0] < spread[3]
        return frame.assign(**{f"age{k}": left[:, k] * np.sqrt(len(frame)) for k in range(4)})

    return added


@pytest.fixture(scope="session")
def with_covariates():
    """Adds a score and a region that differ between the treated and others, and trends of pay by them.

    Beside them ``xK_M``: each covariate (the score, an indicator for each region but the first) in month M alone, all
    months but the first.
    """

    def added(frame: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        people = frame["person"].max() + 1
        treated = frame.groupby("person")["first_treat"].first().reindex(range(people), fill_value=0) > 0
        score = (random.normal(50, 10, people) + 8 * treated.to_numpy())[frame["person"]]
        region = random.choice(["east", "north", "west"], people, p=[0.5, 0.3, 0.2])[frame["person"]]
        column = frame["month"] - frame["month"].min()
        trend = 0.02 * (score - 50) * np.sqrt(column) + 0.3 * column * (region == "north")
        values = {"x0": score, "x1": 1.0 * (region == "north"), "x2": 1.0 * (region == "west")}
        columns = {
            f"{name}_{month}": value * (frame["month"] == month)
            for name, value in values.items()
            for month in sorted(frame["month"].unique())[1:]
        }
        outcomes = {name: frame[name] + trend for name in ("pay", "pay_in_work")}
        return pd.concat([frame.assign(score=score, region=region, **outcomes), pd.DataFrame(columns)], axis=1)

    return added


@pytest.fixture(scope="session")
def drawn_with_all(drawn_groups, with_age, with_covariates):
    """Makes such a panel of sixteen months inside a window, with age columns and covariates."""

    def drawn(*, seed: int, n: int, window: Window) -> pd.DataFrame:
        frame = drawn_groups(seed=seed, n=n, n_months=16)
        inside = frame["event_time"].between(-window.before, window.after)
        return with_covariates(with_age(frame[inside].reset_index(drop=True)), seed=seed)

    return drawn
