"""What a fixed-effects estimate is made of, where the answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.inference.diagnostics import decomposition
from pipeline.inference.diagnostics.decomposition.result import GAP_PARTS, PARTS
from pipeline.inference.estimators import ons_fixed_effects, sun_abraham
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.windows import Window

# Asked of the project: an identity of sums that are solved in two ways.
IDENTITY = 1e-10
# Rounding of effects of a few units recovered from data without noise.
EXACT = 1e-8
ONS = Window(before=11, after=12, reference=(-5, 0))
NAMES = {"outcome": "pay", "person": "person", "month": "month", "treatment_month": "treated"}


def drawn_frame(seed: int = 3, *, n: int = 90, noise: float = 1.0, effect=lambda event_time, _: 0.5 * event_time):
    """People of five timing groups and people never treated, a tenth of their months missing."""
    random = np.random.default_rng(seed)
    person, month = np.repeat(np.arange(n), 30), np.tile(np.arange(30), n)
    treated = np.where(random.random(n) < 0.6, random.integers(12, 17, n), np.nan)[person]
    born = -random.integers(300, 720, n)[person]
    event_time = month - treated + 1
    added = np.where(event_time >= 1, np.nan_to_num(effect(event_time, treated)), 0.0)
    pay = random.normal(0, 5, n)[person] + np.sin(month / 3) + added + noise * random.normal(size=30 * n)
    weight = random.uniform(0.5, 2, n)[person]
    frame = pd.DataFrame(
        {"person": person, "month": month, "treated": treated, "born": born, "weight": weight, "pay": pay}
    )
    return frame[random.random(30 * n) < 0.9].reset_index(drop=True)


def balanced_frame(months: dict[int | None, np.ndarray], people: dict[int | None, int]) -> pd.DataFrame:
    """Groups (by treatment month) of people who all have their group's path."""
    parts = [
        pd.DataFrame(
            {
                "person": np.repeat([f"{group} {one}" for one in range(people[group])], len(path)),
                "month": np.tile(np.arange(1, len(path) + 1), people[group]),
                "treated": np.nan if group is None else float(group),
                "pay": np.tile(path, people[group]),
            }
        )
        for group, path in months.items()
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"window": ONS},
        {"weights": "weight"},
        {"window": ONS, "weights": "weight", "birth_month": "born"},
        {"window": ONS, "weights": "weight", "covariates": ["born"]},
    ],
)
def test_every_coefficient_is_its_weights_times_the_effects_of_timing_groups(seed, options):
    frame = drawn_frame(seed)
    cells = decomposition.of_frame(frame, **NAMES, **options).cells
    fixed = ons_fixed_effects.estimate(frame, **NAMES, **options, draws=1000)
    pooled = sun_abraham.estimate(frame, **NAMES, **options, draws=1000)
    known = np.isfinite(fixed.att[0])
    assert known.any()
    np.testing.assert_allclose((cells.weights @ cells.effects)[known], fixed.att[0, known], atol=IDENTITY)
    np.testing.assert_allclose(cells.coefficients, fixed.att[0], atol=IDENTITY)
    np.testing.assert_allclose(cells.pooled, pooled.att[0], atol=IDENTITY)


@pytest.mark.parametrize("options", [{}, {"window": ONS, "weights": "weight", "birth_month": "born"}])
@pytest.mark.parametrize(("group", "month"), [(12, 5), (13, 20), (16, 16), (16, 24)])
def test_a_weight_is_the_coefficient_of_the_regression_of_that_cells_indicator(options, group, month):
    """The auxiliary regression by which Sun and Abraham define the weights, by the estimator itself."""
    frame = drawn_frame()
    cells = decomposition.of_frame(frame, **NAMES, **options).cells
    place = np.flatnonzero((cells.treatment_month == group) & (cells.month == month))
    inside = ((frame["treated"] == group) & (frame["month"] == month)).astype(float)
    fixed = ons_fixed_effects.estimate(frame.assign(pay=inside), **NAMES, **options, draws=1000)
    np.testing.assert_allclose(cells.weights[:, place], fixed.att.T, atol=IDENTITY)


@pytest.mark.parametrize("options", [{}, {"window": ONS, "weights": "weight", "birth_month": "born"}])
def test_weights_add_up_to_one_in_their_bin_and_to_nothing_in_every_other(options):
    cells = decomposition.of_frame(drawn_frame(), **NAMES, **options).cells
    identified = np.isfinite(cells.coefficients)
    sums = cells.weights @ cells.own.T.astype(float)
    np.testing.assert_allclose(sums[identified], np.eye(len(cells.bins))[identified], atol=IDENTITY)


def test_parts_are_a_bridge_from_one_estimator_to_the_other():
    table = decomposition.of_frame(drawn_frame(), **NAMES, window=ONS, birth_month="born").table()
    bridge = table.pivot_table(index="months_from", columns="part", values="estimate")
    np.testing.assert_allclose(
        bridge[list(PARTS[:-1])].sum(axis=1, skipna=False), bridge["fixed_effects"], atol=IDENTITY
    )
    assert bridge["timing_group_weights"].abs().max() > EXACT
    assert bridge["other_months_after"].abs().max() > EXACT


def test_what_timing_groups_add_is_the_whole_gap():
    found = decomposition.of_frame(drawn_frame(), **NAMES, window=ONS)
    parts = found.table().query("part in @GAP_PARTS", local_dict={"GAP_PARTS": GAP_PARTS})
    by_group = found.by_timing_group().groupby("months_from")["estimate"].sum()
    np.testing.assert_allclose(by_group, parts.groupby("months_from")["estimate"].sum(), atol=IDENTITY)


def test_the_same_effects_in_every_timing_group_leave_no_gap():
    frame = drawn_frame(noise=0.0)
    table = decomposition.of_frame(frame, **NAMES).table()
    assert table.loc[table["part"].isin(GAP_PARTS), "estimate"].abs().max() < EXACT
    # Within a bin of several months the effect still grows here, so that those bins may differ.
    flat = drawn_frame(noise=0.0, effect=lambda event_time, _: 0 * event_time + 3)
    binned = decomposition.of_frame(flat, **NAMES, window=ONS).table()
    assert binned.loc[binned["part"].isin(GAP_PARTS), "estimate"].abs().max() < EXACT


def test_one_timing_group_has_each_effect_as_its_own_weight():
    frame = drawn_frame().query("treated.isna() or treated == 14")
    cells = decomposition.of_frame(frame, **NAMES).cells
    np.testing.assert_allclose(cells.weights, np.eye(len(cells.bins)), atol=IDENTITY)
    assert (cells.shares == 1).all()


def test_effects_that_cannot_be_told_apart_are_a_part_of_their_own():
    frame = drawn_frame(effect=lambda event_time, treated: event_time * (treated - 10))
    # Nobody of one timing group is observed before treatment: their effects are known up to a constant only.
    frame = frame[~((frame["treated"] == 16) & (frame["month"] < 16))]
    found = decomposition.of_frame(frame, **NAMES)
    lost = found.cells.treatment_month == 16
    assert not found.cells.identified[lost].any()
    assert found.cells.identified[~lost].all()
    table = found.table()
    apart = table[table["part"] == "not_told_apart"].set_index("months_from")
    assert apart.loc[6, "n_treated"] > 0
    assert abs(apart.loc[6, "estimate"]) > EXACT
    bridge = table.pivot_table(index="months_from", columns="part", values="estimate")
    np.testing.assert_allclose(
        bridge[list(PARTS[:-1])].sum(axis=1, skipna=False), bridge["fixed_effects"], atol=IDENTITY
    )


def test_counts_are_never_more_than_the_people_of_the_bin():
    frame = drawn_frame()
    study = sun_abraham.estimate(frame, **NAMES, window=ONS, draws=1000).event_study()
    parts = decomposition.of_frame(frame, **NAMES, window=ONS).table()
    own = parts[parts["part"] == "timing_group_weights"].set_index("months_from")
    assert (own["n_treated"] <= study.set_index("months_from")["n_treated"]).all()
    assert (own["n_comparison"] <= study.set_index("months_from")["n_comparison"]).all()
    assert (own["n_treated"] > 0).all()


@pytest.mark.parametrize("options", [{}, {"window": ONS, "weights": "weight", "birth_month": "born"}])
def test_the_static_coefficient_is_its_weights_times_effects_after_the_index(options):
    static = decomposition.of_frame(drawn_frame(), **NAMES, **options).static
    cells = static.cells
    assert cells.weights.sum() == pytest.approx(1, abs=IDENTITY)
    assert (cells.weights @ cells.effects)[0] == pytest.approx(static.coefficient, abs=IDENTITY)
    assert (cells.month >= cells.treatment_month).all()


def test_two_timing_groups_and_people_never_treated_by_hand():
    r"""Ten months, people 3 to 2 to 5: D = 0.7, 0.3, 0. By theorem 1, weights are proportional to
    :math:`n_k n_U D_k (1 - D_k)`, to :math:`n_k n_l (D_k - D_l)(1 - D_k)` and to :math:`n_k n_l D_l (D_k - D_l)`.
    """
    month = np.arange(1, 11)
    early, late = np.where(month >= 4, 2.0 * (month - 3), 0.0), np.where(month >= 8, 5.0, 0.0)
    frame = balanced_frame({4: early + month, 8: late + month, None: 1.0 * month}, {4: 3, 8: 2, None: 5})
    static = decomposition.of_frame(frame, **NAMES).static
    pairs = static.by_pair().set_index(["kind", "treated"])
    sizes = np.array([3 * 5 * 0.7 * 0.3, 2 * 5 * 0.3 * 0.7, 3 * 2 * 0.4 * 0.3, 3 * 2 * 0.3 * 0.4])
    kinds = ["treated_versus_never_treated"] * 2 + ["earlier_versus_later_treated", "later_versus_earlier_treated"]
    found = pairs.loc[list(zip(kinds, [4, 8, 4, 8], strict=True))]
    np.testing.assert_allclose(found["weight"], sizes / sizes.sum(), atol=IDENTITY)
    # The forbidden comparison: 5 less what the early group gained from months 4-7 (mean 5) to months 8-10 (mean 12).
    np.testing.assert_allclose(found["estimate"], [8.0, 5.0, 5.0, 5.0 - 7.0], atol=EXACT)
    assert static.balanced
    assert static.table().set_index("part").loc["remainder", "contribution"] == pytest.approx(0, abs=EXACT)


def test_a_panel_with_gaps_shows_what_pairs_do_not_add_up_to():
    static = decomposition.of_frame(drawn_frame(), **NAMES).static
    table = static.table()
    assert not static.balanced
    assert table["contribution"].sum() == pytest.approx(static.coefficient, abs=IDENTITY)
    assert abs(table.set_index("part").loc["remainder", "contribution"]) > EXACT
    assert table["weight"].sum() == pytest.approx(1, abs=IDENTITY)


def test_people_treated_long_ago_enter_the_static_regression_with_negative_weights():
    path = np.zeros(12)
    frame = balanced_frame({2: path, 11: path, None: path}, {2: 40, 11: 40, None: 3})
    cells = decomposition.of_frame(frame, **NAMES).static.cells
    late_effects = (cells.treatment_month == 2) & (cells.month >= 11)
    assert (cells.weights[0, late_effects] < 0).all()
    assert (cells.weights[0, cells.treatment_month == 11] > 0).all()


def test_a_panel_without_people_never_treated_is_refused():
    with pytest.raises(NotEstimable, match="never treated"):
        decomposition.of_frame(drawn_frame().dropna(subset="treated"), **NAMES)
