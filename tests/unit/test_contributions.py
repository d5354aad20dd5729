"""The largest contributors to an amount, from drawn shards of people."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.inference.diagnostics import contributions
from pipeline.vocabulary.outcomes import EMPLOYED, PAY
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window

NAN = np.nan
WINDOW = Window(before=2, after=3, reference=(0, 0), bins="single")
PROTOCOL = SimpleNamespace(
    evaluation=SimpleNamespace(
        outcomes=(PAY, EMPLOYED), subgroups=("sex", "region"), design=SimpleNamespace(window=WINDOW)
    )
)


class Drawn:
    first_month, n_months, covariates = 1, 6, ()

    def __init__(self, *shards):
        self.given, self.levels = shards, {"sex": ("female", "male"), "region": ()}

    def shards(self, outcome, names=()):
        assert list(names) == ["sex"]
        return iter(self.given)


def shard(pay, treated, sex):
    return PanelShard(
        first_month=1, outcome=np.array(pay), treatment_month=np.array(treated), levels={"sex": np.array(sex, np.int32)}
    )


@pytest.fixture
def people():
    """Two treated in month 4 and one in month 2; two never treated."""
    return [
        shard([[1, 1, 1, 50, 7, 7], [1, 1, 1, -80, 7, NAN], [5, 5, 5, 5, 5, 5]], [4, 4, NAN], [0, 1, 0]),
        shard([[1, 30, 9, 9, 9, 9], [2, 2, 2, 2, 2, -2]], [2, NAN], [1, 0]),
    ]


def found(people, **wanted):
    rows = contributions.table(Drawn(*people), PROTOCOL).to_pylist()
    (row,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return row["largest"], row["second"], row["total"]


def test_sizes_are_without_signs_and_in_the_bins_own_months(people):
    first_month = {"months_from": 1, "side": "n_treated"}
    assert found(people, subgroup="all", **first_month) == (80, 50, 160)
    assert found(people, subgroup_value="male", **first_month) == (80, 30, 110)
    assert found(people, subgroup_value="female", **first_month) == (50, 0, 50)


def test_comparison_people_contribute_what_they_have_in_all_months(people):
    assert found(people, subgroup="all", months_from=2, side="n_comparison") == (30, 12, 42)


def test_a_month_that_is_not_observed_contributes_nothing(people):
    assert found(people, subgroup_value="male", months_from=3, side="n_treated") == (9, 0, 9)


def test_only_amounts_have_contributors_and_the_reference_has_no_row(people):
    rows = contributions.table(Drawn(*people), PROTOCOL).to_pylist()
    assert {row["outcome"] for row in rows} == {"pay"}
    assert {row["months_from"] for row in rows} == {-2, -1, 1, 2, 3}
    assert {row["subgroup"] for row in rows} == {"all", "sex"}


def test_shards_in_any_order_give_the_same(people):
    one, other = (contributions.table(Drawn(*order), PROTOCOL) for order in (people, people[::-1]))
    key = [("subgroup_value", "ascending"), ("months_from", "ascending"), ("side", "ascending")]
    assert one.sort_by(key).equals(other.sort_by(key))
