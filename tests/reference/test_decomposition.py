"""The decompositions are those of diff-diff, and of the two estimators on real people's records."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from diff_diff import BaconDecomposition, twowayfeweights

from pipeline.inference.diagnostics import decomposition
from pipeline.inference.estimators import ons_fixed_effects, sun_abraham

pytestmark = [
    # diff-diff 3.13 announces its next version, and warns of what it decomposes.
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

# Asked of the project: sums of the same means in another order.
SAME = 1e-9
KINDS = {
    "treated_vs_never": "treated_versus_never_treated",
    "earlier_vs_later": "earlier_versus_later_treated",
    "later_vs_earlier": "later_versus_earlier_treated",
}


@pytest.fixture(scope="module")
def balanced():
    """People of four timing groups and people never treated, everybody in every month, with a treatment indicator."""
    random = np.random.default_rng(11)
    n, n_months = 60, 14
    person, month = np.repeat(np.arange(n), n_months), np.tile(np.arange(1, n_months + 1), n)
    group = random.choice([0, 4, 6, 9, 13], n)[person]
    on = (group > 0) & (month >= group)
    pay = random.normal(20, 4, n)[person] + np.sin(month) + on * (month - group) * (1 + group / 10)
    return pd.DataFrame(
        {
            "person": person,
            "month": month,
            "first_treat": group,
            "treated_in": np.where(group > 0, group, np.nan),
            "on": on.astype(int),
            "pay": pay + random.normal(size=len(pay)),
        }
    )


def ours(frame: pd.DataFrame, outcome: str = "pay", *, person: str = "person", month: str = "month"):
    return decomposition.of_frame(frame, outcome=outcome, person=person, month=month, treatment_month="treated_in")


def test_every_comparison_of_two_timing_groups_is_diff_diffs(balanced):
    theirs = BaconDecomposition().fit(balanced, outcome="pay", unit="person", time="month", first_treat="first_treat")
    found = ours(balanced).static.by_pair()
    found["comparison"] = found["comparison"].fillna(0)
    mine = found.set_index(["kind", "treated", "comparison"]).sort_index()
    expected = pd.DataFrame(
        {
            "kind": KINDS[pair.comparison_type],
            "treated": int(pair.treated_group),
            "comparison": 0 if pair.comparison_type == "treated_vs_never" else int(pair.control_group),
            "weight": pair.weight,
            "estimate": pair.estimate,
        }
        for pair in theirs.comparisons
    ).set_index(["kind", "treated", "comparison"]).sort_index()  # fmt: skip
    assert mine.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(mine["weight"], expected["weight"], atol=SAME)
    np.testing.assert_allclose(mine["estimate"], expected["estimate"], atol=SAME)
    assert ours(balanced).static.coefficient == pytest.approx(theirs.twfe_estimate, abs=SAME)


def test_weights_on_effects_are_those_of_the_two_way_regression(balanced):
    theirs = twowayfeweights(balanced, outcome="pay", unit="person", time="month", treatment="on")
    static = ours(balanced).static
    cells = pd.DataFrame({"group": static.cells.treatment_month, "month": static.cells.month})
    cells["weight"] = static.cells.weights[0]
    people = theirs.weights.merge(balanced, on=["person", "month"]).query("on == 1")
    expected = people.groupby(["first_treat", "month"])["weight"].sum()
    np.testing.assert_allclose(cells.set_index(["group", "month"])["weight"], expected, atol=SAME)
    assert theirs.beta_fe == pytest.approx(static.coefficient, abs=SAME)
    assert (cells["weight"] < 0).any()


def test_the_gap_of_a_hospital_stay_is_that_of_the_two_estimators(reference_data):
    frame = pd.read_csv(reference_data / "hrs_hospitalisation.csv.gz").query("wave < 11")
    frame = frame.assign(treated_in=frame["wave_hosp"].where(frame["wave_hosp"] < 11))
    names = {"person": "hhidpn", "month": "wave"}
    for outcome in ("oop_spend", "riearnsemp"):
        options = {"outcome": outcome, "treatment_month": "treated_in", "draws": 1000, **names}
        gap = ons_fixed_effects.estimate(frame, **options).att - sun_abraham.estimate(frame, **options).att
        table = ours(frame, outcome, **names).table()
        parts = table[~table["part"].isin(["fixed_effects", "sun_abraham"])]
        found = parts.groupby("months_from")["estimate"].sum()
        np.testing.assert_allclose(found, gap[0], rtol=SAME)
