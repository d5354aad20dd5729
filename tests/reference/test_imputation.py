"""Imputation gives the numbers of two packages, and of theorem 3 written out with every dummy variable."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyfixest
import pytest
from diff_diff import ImputationDiD
from diff_diff.survey import SurveyDesign
from hypothesis import given, settings
from hypothesis import strategies as st
from pyfixest.demeaners import MapDemeaner

from claims import reached
from pipeline.inference.estimators import imputation
from pipeline.vocabulary.windows import Window

pytestmark = [
    # pyfixest 0.60 uses a pandas argument that pandas 3.1 deprecates.
    pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning"),
    # diff-diff 3.13 announces its next version, and that a few clusters are few.
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

# Asked of the project: 1e-7 of effects, 1e-6 of errors. diff-diff demeans until steps are below 1e-10 and agrees with
# us to 1e-9 here.
EFFECTS, ERRORS = 1e-7, 1e-6
NEAR = {"effects": EFFECTS, "errors": ERRORS}
DIFF_DIFF = pytest.mark.validates("imputation", package="diff-diff", relative=NEAR)
# An effect of leads passes through zero: compared with the size of their errors.
LEADS = 1e-7
# did2s finds its fixed effects by iteration until steps are below 1e-6.
TWO_STAGES = 1e-4
NAMES = {"outcome": "pay", "unit": "person", "time": "month", "first_treat": "first_treat"}


def ours(frame: pd.DataFrame, outcome: str = "pay", **options):
    return imputation.estimate(
        frame, outcome=outcome, person="person", month="month", treatment_month="treatment_month", **options
    )


def after_of(study, reference) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both studies' effects from the index month on (and its anticipation), by our event time."""
    theirs = pd.DataFrame(reference.event_study_effects).T[["effect", "se", "n_obs"]].astype(float)
    theirs = theirs[theirs["n_obs"] > 0]
    theirs.index = theirs.index + 1  # diff-diff calls the index month 0
    return study.event_study().set_index("event_time").loc[theirs.index], theirs


@DIFF_DIFF
@settings(max_examples=5, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n=st.integers(70, 140), outcome=st.sampled_from(["pay", "pay_in_work"]))
@pytest.mark.parametrize("cluster", [None, "practice"])
def test_any_drawn_panel_equals_diff_diff(drawn_groups, cluster, seed, n, outcome):
    frame = drawn_groups(seed=seed, n=n, n_months=12)
    seen = frame.dropna(subset=[outcome])
    fitted = ImputationDiD(cluster=cluster).fit(seen, **NAMES | {"outcome": outcome}, aggregate="event_study")
    found, theirs = after_of(ours(frame, outcome, cluster=cluster), fitted)
    assert len(found) >= 5
    reached("effects", found["att"], theirs["effect"])
    reached("errors", found["std_error"], theirs["se"])


@DIFF_DIFF
@pytest.mark.parametrize("options", [{"anticipation": 2}, {"leave_out": True}])
def test_anticipation_and_leaving_out_equal_diff_diff(drawn_groups, options):
    frame = drawn_groups(seed=3, n=120, n_months=12)
    renamed = {"leave_one_out" if name == "leave_out" else name: value for name, value in options.items()}
    fitted = ImputationDiD(**renamed).fit(frame, **NAMES, aggregate="event_study")
    found, theirs = after_of(ours(frame, **options), fitted)
    assert found.index.min() == 1 - options.get("anticipation", 0)
    reached("effects", found["att"], theirs["effect"])
    reached("errors", found["std_error"], theirs["se"])


@pytest.mark.validates(
    "imputation",
    package="diff-diff",
    absolute={"leads": LEADS},
    relative={"errors": ERRORS, "joint test": ERRORS},
)
@pytest.mark.parametrize("cluster", [None, "practice"])
def test_leads_and_their_joint_test_equal_diff_diff(drawn_groups, cluster):
    frame = drawn_groups(seed=7, n=120, n_months=12)
    fitted = ImputationDiD(pretrends=True, cluster=cluster).fit(frame, **NAMES, aggregate="event_study")
    study = ours(frame, cluster=cluster)
    found, theirs = after_of(study, fitted)
    before = found.index <= 0
    assert before.sum() >= 5
    reached("leads", found["att"][before], theirs["effect"][before])
    reached("errors", found["std_error"][before], theirs["se"][before])
    joint, own = fitted.pretrend_test(), study.pre_test()
    assert own.effects == joint["n_leads"]
    reached("joint test", [own.statistic, own.p_value], [joint["f_stat"], joint["p_value"]])


@pytest.mark.validates("imputation", package="pyfixest", relative={"effects": EFFECTS, "two stages": TWO_STAGES})
def test_effects_equal_the_two_stages_of_pyfixest(drawn_groups):
    frame = drawn_groups(seed=9, n=120, n_months=12)
    frame = frame.assign(treated=frame["event_time"] >= 1, after=frame["event_time"].clip(lower=0))
    first = pyfixest.feols("pay ~ 1 | person + month", frame[~frame["treated"]], demeaner=MapDemeaner(fixef_tol=1e-12))
    residual = frame["pay"] - first.predict(newdata=frame, atol=1e-13, btol=1e-13)
    expected = residual[frame["treated"]].groupby(frame["after"]).mean()
    found = ours(frame).event_study().set_index("event_time")["att"]
    reached("effects", found[expected.index], expected)
    stages = pyfixest.did2s(
        frame,
        yname="pay",
        first_stage="~ 0 | person + month",
        second_stage="~ i(after, ref=0)",
        treatment="treated",
        cluster="person",
    )
    named = [f"after::{event}" for event in expected.index]
    reached("two stages", found[expected.index], stages.coef()[named])


COVARIATES = ("score", "region")


def in_every_month(frame: pd.DataFrame) -> list[str]:
    """The columns of covariates by month."""
    return [name for name in frame if name.startswith("x")]


@pytest.mark.validates("imputation", package="diff-diff", relative=NEAR, absolute={"leads": LEADS})
@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n=st.integers(90, 140), outcome=st.sampled_from(["pay", "pay_in_work"]))
@pytest.mark.parametrize("cluster", [None, "practice"])
def test_any_drawn_panel_with_covariates_equals_diff_diff(drawn_groups, with_covariates, cluster, seed, n, outcome):
    frame = with_covariates(drawn_groups(seed=seed, n=n, n_months=12), seed=seed)
    seen = frame.dropna(subset=[outcome])
    fitted = ImputationDiD(cluster=cluster, pretrends=True).fit(
        seen, **NAMES | {"outcome": outcome}, aggregate="event_study", covariates=in_every_month(frame)
    )
    study = ours(frame, outcome, cluster=cluster, covariates=COVARIATES)
    found, theirs = after_of(study, fitted)
    before = found.index <= 0
    assert min(before.sum(), (~before).sum()) >= 3
    reached("effects", found["att"][~before], theirs["effect"][~before])
    reached("leads", found["att"][before], theirs["effect"][before])
    reached("errors", found["std_error"], theirs["se"])


@pytest.mark.validates("imputation", package="pyfixest", relative={"effects": EFFECTS})
@pytest.mark.parametrize("weights", [None, "weight"])
def test_effects_with_covariates_equal_pyfixest_on_untreated_months(drawn_groups, with_covariates, weights):
    frame = with_covariates(drawn_groups(seed=9, n=120, n_months=12))
    untreated, months = frame[frame["event_time"] < 1], " + ".join(in_every_month(frame))
    first = pyfixest.feols(
        f"pay ~ {months} | person + month", untreated, demeaner=MapDemeaner(fixef_tol=1e-12), weights=weights
    )
    effect = frame["pay"] - first.predict(newdata=frame, atol=1e-13, btol=1e-13)
    treated = frame.assign(effect=effect, mass=frame[weights] if weights else 1.0)[frame["event_time"] >= 1]
    sums = treated.assign(effect=treated["effect"] * treated["mass"]).groupby("event_time")[["effect", "mass"]].sum()
    expected = sums["effect"] / sums["mass"]
    found = ours(frame, weights=weights, covariates=COVARIATES).event_study().set_index("event_time")["att"]
    reached("effects", found[expected.index], expected)


ONS = Window(before=11, after=18, reference=(-5, 0))
THEOREM = "Borusyak, Jaravel and Spiess (2024), theorem 3 with a column for every person and month"


def after_index(window: Window):
    return [part for part in window.binned if part.first >= 1]


def written_out(frame: pd.DataFrame, bins, *, by=None, share_nothing=False, weights=None, cluster="person"):
    """Theorem 3 and equation 8 with a column for every person, month and age column: effects, influence by cluster."""
    weight = frame[weights].to_numpy() if weights else np.ones(len(frame))
    treated = (frame["event_time"] >= 1).to_numpy()
    level = frame[by] if by else pd.Series("", index=frame.index)
    system = level if share_nothing else pd.Series("", index=frame.index)
    months = frame["month"].astype(str) + system
    columns = [pd.get_dummies(frame["person"], dtype=float), pd.get_dummies(months, dtype=float)]
    columns += [
        frame[[name]].mul(system == part, axis=0)
        for name in frame
        if name.startswith(("age", "x"))
        for part in system.unique()
    ]
    design = np.column_stack(columns)
    untreated, reached, pay = design[~treated], design[treated], frame["pay"].to_numpy()
    root = np.sqrt(weight[~treated])[:, None]
    theta = np.linalg.lstsq(untreated * root, pay[~treated] * root[:, 0], rcond=None)[0]
    bread = np.linalg.pinv((untreated * root).T @ (untreated * root), rcond=1e-12, hermitian=True)
    effect = pay[treated] - reached @ theta
    residual = pay - design @ theta
    cell = frame.loc[treated, "first_treat"].astype(str) + frame.loc[treated, "month"].astype(str) + level[treated]
    effects, influence = [], []
    for name in sorted(level.unique()):
        for part in bins:
            inside = frame.loc[treated, "event_time"].between(part.first, part.last) & (level[treated] == name)
            if not inside.any():
                continue
            share = np.where(inside, weight[treated], 0.0)
            share /= share.sum()
            effects.append(share @ effect)
            carried = -(untreated @ (bread @ (reached.T @ share))) * weight[~treated]
            square = pd.Series(share**2)
            centre = (square * effect).groupby(cell.to_numpy()).transform("sum")
            centre /= square.groupby(cell.to_numpy()).transform("sum").where(lambda total: total > 0, 1.0)
            moved = np.zeros(len(frame))
            moved[treated] = share * (effect - centre.to_numpy())
            moved[~treated] = carried * residual[~treated]
            influence.append(pd.Series(moved).groupby(frame[cluster].to_numpy()).sum())
    return np.array(effects), np.array(influence)


@pytest.fixture(scope="module")
def frame(drawn_groups, with_age) -> pd.DataFrame:
    drawn = drawn_groups(seed=8, n=110, n_months=24)
    inside = drawn["event_time"].between(-ONS.before, ONS.after)
    return with_age(drawn[inside].reset_index(drop=True))


def assert_of_the_theorem(study, effects, influence) -> None:
    after = np.tile([part.first >= 1 for part in study.bins], len(study.levels))
    covariance = influence @ influence.T
    scale = np.sqrt(np.diag(covariance))
    reached("effects", study.att.ravel()[after], effects)
    reached("errors", study.std_error.ravel()[after], scale)
    correlation = covariance / np.outer(scale, scale)
    reached("correlations", study.covariance[np.ix_(after, after)] / np.outer(scale, scale), correlation)


@pytest.mark.validates("imputation", formula=THEOREM, relative=NEAR, absolute={"correlations": ERRORS})
@pytest.mark.parametrize(
    ("by", "interact"), [(None, "bins"), ("sex", "bins"), ("sex", "all")], ids=["everybody", "by sex", "sexes apart"]
)
@pytest.mark.parametrize("weights", [None, "weight"])
@pytest.mark.parametrize("cluster", ["person", "practice"])
def test_effects_and_their_whole_covariance_are_those_of_the_theorem(frame, by, interact, weights, cluster):
    study = ours(
        frame, window=ONS, birth_month="birth_month", weights=weights, subgroup=by, interact=interact,
        cluster=None if cluster == "person" else cluster,
    )  # fmt: skip
    effects, influence = written_out(
        frame, after_index(ONS), by=by, share_nothing=interact == "all", weights=weights, cluster=cluster
    )
    assert_of_the_theorem(study, effects, influence)


YEAR = Window(before=11, after=12, reference=(-5, 0))


@pytest.mark.validates("imputation", formula=THEOREM, relative=NEAR, absolute={"correlations": ERRORS})
@settings(max_examples=3, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n=st.integers(180, 220))
@pytest.mark.parametrize(
    ("by", "interact"), [(None, "bins"), ("sex", "bins"), ("sex", "all")], ids=["everybody", "by sex", "sexes apart"]
)
@pytest.mark.parametrize("cluster", ["person", "practice"])
def test_any_drawn_panel_with_covariates_and_weights_is_that_of_the_theorem(
    drawn_with_all, by, interact, cluster, seed, n
):
    frame = drawn_with_all(seed=seed, n=n, window=YEAR)
    study = ours(
        frame, window=YEAR, birth_month="birth_month", weights="weight", subgroup=by, interact=interact,
        cluster=None if cluster == "person" else cluster, covariates=COVARIATES,
    )  # fmt: skip
    effects, influence = written_out(
        frame, after_index(YEAR), by=by, share_nothing=interact == "all", weights="weight", cluster=cluster
    )
    assert_of_the_theorem(study, effects, influence)


@pytest.mark.validates("imputation", formula=THEOREM, relative=NEAR)
@pytest.mark.parametrize("covariates", [(), COVARIATES])
@pytest.mark.parametrize("cluster", ["person", "practice"])
def test_effects_by_treatment_month_and_their_errors_are_those_of_the_theorem(
    drawn_groups, with_covariates, cluster, covariates
):
    frame = drawn_groups(seed=6, n=100, n_months=12)
    frame = with_covariates(frame) if covariates else frame
    single = Window(before=0, after=int(frame["event_time"].max()), reference=(0, 0), bins="single")
    groups = frame.assign(group=frame["first_treat"].astype(str))
    effects, influence = written_out(groups, after_index(single), by="group", weights="weight", cluster=cluster)
    options = {"weights": "weight", "cluster": None if cluster == "person" else cluster, "covariates": covariates}
    cells = ours(frame, **options).group_time()
    assert (cells["event_time"] >= 1).all()
    reached("effects", cells["att"], effects)
    reached("errors", cells["std_error"], np.sqrt((influence**2).sum(axis=1)))


@DIFF_DIFF
@pytest.mark.parametrize("covariates", [(), COVARIATES])
def test_weighted_errors_are_those_of_diff_diff_before_its_survey_centring(drawn_groups, with_covariates, covariates):
    frame = drawn_groups(seed=5, n=120, n_months=12)
    frame = with_covariates(frame) if covariates else frame
    design = SurveyDesign(weights="weight", psu="person")
    columns = in_every_month(frame) or None
    fitted = ImputationDiD().fit(frame, **NAMES, aggregate="event_study", survey_design=design, covariates=columns)
    found, theirs = after_of(ours(frame, weights="weight", covariates=covariates), fitted)
    reached("effects", found["att"], theirs["effect"])
    # Survey linearisation centres the influence over the G people and multiplies by G / (G - 1).
    single = Window(before=0, after=int(frame["event_time"].max()), reference=(0, 0), bins="single")
    assert found.index.tolist() == [part.first for part in after_index(single)]
    _, influence = written_out(frame, after_index(single), weights="weight")
    people = frame["person"].nunique()
    centred = influence - influence.mean(axis=1, keepdims=True)
    reached("errors", found["std_error"], np.sqrt((influence**2).sum(axis=1)))
    reached("errors", theirs["se"], np.sqrt((centred**2).sum(axis=1) * people / (people - 1)))
