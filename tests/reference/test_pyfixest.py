"""The additive moments give the numbers of a regression package that builds the whole design matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyfixest
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patsy import dmatrix
from pyfixest.demeaners import MapDemeaner

from claims import reached
from pipeline.inference.estimators import ons_fixed_effects
from pipeline.vocabulary.windows import Window, ons_bin

# pyfixest 0.60 uses a pandas argument that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")

# Asked of the project; both sides agree to 1e-12 here, so this leaves room for another BLAS.
RELATIVE = 1e-7
PYFIXEST = pytest.mark.validates(
    "ons_fixed_effects", package="pyfixest", relative={"effects": RELATIVE, "errors": RELATIVE}
)
# pyfixest stops demeaning at its tolerance: well below what is compared, above the rounding of pay in thousands.
DEMEANER = MapDemeaner(fixef_tol=1e-10, fixef_maxiter=10_000)
WINDOW = Window(before=23, after=24, reference=(-5, 0))
FIRST_MONTH = 24_172


def drawn_panel(*, seed: int, n: int, n_months: int) -> pd.DataFrame:
    """An unbalanced person-month panel with deaths, gaps, ages, weights, practices and three outcomes."""
    random = np.random.default_rng(seed)
    person, column = np.repeat(np.arange(n), n_months), np.tile(np.arange(n_months), n)
    treated = random.random(n) < 0.5
    treatment_month = np.where(treated, FIRST_MONTH + random.integers(6, n_months - 4, n), np.nan)
    birth_month = FIRST_MONTH - random.integers(300, 720, n)
    death = random.integers(n_months // 2, 2 * n_months, n)
    month = FIRST_MONTH + column
    event_time = month - treatment_month[person] + 1
    age = month - birth_month[person]
    pay = (
        2000
        + random.normal(0, 400, n)[person]
        + 5 * np.nan_to_num(event_time.clip(0))
        + age**2 / 400
        + random.normal(0, 300, n * n_months)
    )
    employed = (random.random(n * n_months) < 0.6).astype(float)
    frame = pd.DataFrame(
        {
            "person_id": person,
            "month": month,
            "treatment_month": treatment_month[person],
            "birth_month": birth_month[person],
            "sex": np.where(random.random(n) < 0.5, "female", "male")[person],
            "practice": random.integers(0, max(n // 12, 4), n)[person],
            "weight": random.uniform(0.5, 2, n)[person],
            "pay": pay * employed,
            "employed": employed,
            "pay_in_work": np.where(employed == 1, pay, np.nan),
            "bin": [0 if np.isnan(e) else ons_bin(int(e)) for e in event_time],
        }
    )
    observed = (column < death[person]) & (random.random(n * n_months) < 0.92)
    outside = (event_time < -WINDOW.before) | (event_time > WINDOW.after)
    return frame[observed & ~outside].reset_index(drop=True)


def with_spline(frame: pd.DataFrame) -> pd.DataFrame:
    """Four columns that with 1 and age span R's ``ns(age, 5, Boundary.knots = quantile(age, c(.1, .9)))``.

    Knots by numpy's type 7 quantiles and the basis by patsy: nothing of the project's own spline.
    """
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


def with_levels(frame: pd.DataFrame) -> pd.DataFrame:
    """Bins and age columns by level of sex."""
    added = {}
    for level in ("female", "male"):
        here = (frame["sex"] == level).astype(float)
        for number in sorted(set(frame["bin"]) - {0}):
            added[_term(number, level)] = here * (frame["bin"] == number)
        added |= {f"{level}_age{k}": here * frame[f"age{k}"] for k in range(4)}
    return frame.assign(**added)


def _term(number: int, level: str) -> str:
    if not level:
        return f"bin::{number}"
    return f"{level}_bin_{number}".replace("-", "before")


AGE = " + ".join(f"age{k}" for k in range(4))
BINS = "i(bin, ref=0)"


def pyfixest_fit(frame: pd.DataFrame, outcome: str, *, terms: str, effects: str = "person_id + month", **options):
    # A copy under another name: given the fixed effect's own name, pyfixest 0.60 counts the months as nested in people
    # in some processes and not in others, and its small-sample factor wavers by 0.3%.
    frame = frame.assign(unit=frame[options.pop("cluster", "person_id")])
    formula = f"{outcome} ~ {terms} | {effects}"
    return pyfixest.feols(formula, frame.dropna(subset=[outcome]), vcov={"CRV1": "unit"}, demeaner=DEMEANER, **options)


def assert_equal(study, reference) -> None:
    frame = study.event_study()
    names = [_term(ons_bin(row.event_time), row.subgroup_value) for row in frame.itertuples()]
    assert sorted(name for name in reference.coef().index if "bin" in name) == sorted(names)
    reached("effects", frame["att"], reference.coef()[names])
    reached("errors", frame["std_error"], reference.se()[names])


def ours(frame: pd.DataFrame, outcome: str, **options):
    options = {"birth_month": "birth_month", "window": WINDOW} | options
    return ons_fixed_effects.estimate(
        frame, outcome=outcome, person="person_id", month="month", treatment_month="treatment_month", **options
    )


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return drawn_panel(seed=11, n=300, n_months=40)


@PYFIXEST
@pytest.mark.parametrize("outcome", ["pay", "employed", "pay_in_work"])
def test_coefficients_and_errors_equal_pyfixest_on_an_unbalanced_panel(frame, outcome):
    seen = with_spline(frame.dropna(subset=[outcome]))
    assert_equal(ours(frame, outcome), pyfixest_fit(seen, outcome, terms=f"{BINS} + {AGE}"))


@PYFIXEST
def test_they_equal_pyfixest_without_an_age_spline(frame):
    assert_equal(ours(frame, "pay", birth_month=None), pyfixest_fit(frame, "pay", terms=BINS))


@PYFIXEST
def test_weighted_estimates_equal_pyfixest(frame):
    reference = pyfixest_fit(with_spline(frame), "pay", terms=f"{BINS} + {AGE}", weights="weight")
    assert_equal(ours(frame, "pay", weights="weight"), reference)


@PYFIXEST
@pytest.mark.parametrize("weights", [None, "weight"])
def test_errors_clustered_on_practice_equal_pyfixest(frame, weights):
    reference = pyfixest_fit(with_spline(frame), "pay", terms=f"{BINS} + {AGE}", cluster="practice", weights=weights)
    study = ours(frame, "pay", cluster="practice", weights=weights)
    assert study.n_clusters == frame["practice"].nunique()
    assert_equal(study, reference)


@PYFIXEST
@pytest.mark.parametrize("options", [{}, {"weights": "weight"}, {"weights": "weight", "cluster": "practice"}])
def test_covariates_in_every_month_equal_pyfixest(frame, options):
    score = np.random.default_rng(3).normal(50, 10, frame["person_id"].max() + 1)[frame["person_id"]]
    seen = with_spline(frame).assign(score=score, male=1.0 * (frame["sex"] == "male"))
    seen["pay"] += 0.5 * score * np.sqrt(seen["month"] - FIRST_MONTH)
    first = seen["month"].min()
    terms = f"{BINS} + i(month, score, ref={first}) + i(month, male, ref={first}) + {AGE}"
    study = ours(seen, "pay", covariates=["score", "sex"], **options)
    assert_equal(study, pyfixest_fit(seen, "pay", terms=terms, **options))


@PYFIXEST
@pytest.mark.parametrize("cluster", ["person_id", "practice"])
def test_effects_by_sex_with_shared_months_equal_pyfixest(frame, cluster):
    seen = with_levels(with_spline(frame))
    terms = " + ".join([*(name for name in seen if "_bin_" in name), AGE])
    study = ours(frame, "pay", subgroup="sex", cluster=cluster)
    assert_equal(study, pyfixest_fit(seen, "pay", terms=terms, cluster=cluster))


@PYFIXEST
@pytest.mark.parametrize("cluster", ["person_id", "practice"])
def test_effects_by_sex_that_share_nothing_equal_pyfixest(frame, cluster):
    seen = with_levels(with_spline(frame))
    terms = " + ".join(name for name in seen if name.startswith(("female_", "male_")))
    study = ours(frame, "pay", subgroup="sex", interact="all", cluster=cluster)
    assert_equal(study, pyfixest_fit(seen, "pay", terms=terms, effects="person_id + month^sex", cluster=cluster))


@pytest.mark.validates("ons_fixed_effects", package="pyfixest", absolute={"covariance": RELATIVE})
def test_the_covariance_equals_pyfixest(frame):
    reference = pyfixest_fit(frame, "pay", terms=BINS)
    order = [reference.coef().index.get_loc(_term(part.number, "")) for part in ours_bins()]
    study = ours(frame, "pay", birth_month=None)
    scale = np.outer(study.std_error, study.std_error)
    reached("covariance", study.covariance / scale, reference._vcov[np.ix_(order, order)] / scale)


def ours_bins():
    return [part for part in WINDOW.binned if not part.reference]


@PYFIXEST
@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n=st.integers(60, 120), n_months=st.integers(16, 28))
def test_any_drawn_panel_equals_pyfixest(seed, n, n_months):
    frame = drawn_panel(seed=seed, n=n, n_months=n_months)
    study = ours(frame, "pay_in_work")
    reference = pyfixest_fit(with_spline(frame.dropna(subset=["pay_in_work"])), "pay_in_work", terms=f"{BINS} + {AGE}")
    rows = study.event_study()
    # A bin of one treated person has an effect in the regression, and an error that is not theirs: it is not reported.
    alone = {_term(ons_bin(row.event_time), "") for row in rows.itertuples() if row.n_treated == 1}
    rows = rows.dropna(subset=["att"])
    names = [_term(ons_bin(first), "") for first in rows["event_time"]]
    assert len(names) >= 8
    assert set(names) == {name for name in reference.coef().index if "bin" in name} - alone
    reached("effects", rows["att"], reference.coef()[names])
    reached("errors", rows["std_error"], reference.se()[names])
    assert study.n_observations == reference._N
