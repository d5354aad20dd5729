"""Who identifies which horizon: drawn months in; counts by year of treatment, what may be shown of them, words out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluations
from pipeline.engine.settings import DisclosureProfile
from pipeline.inference.diagnostics import support
from pipeline.release.disclosure.support import disclose_support
from pipeline.vocabulary.errors import DisclosureError
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.schemas.results import SUPPORT

ONS = DisclosureProfile(threshold=10, suppress_zero=False, round_to=5, minimum_residual_df=10)
FINE = DisclosureProfile(threshold=10, suppress_zero=False, round_to=1, minimum_residual_df=10)
STRICT = DisclosureProfile(threshold=8, suppress_zero=True, round_to=3, minimum_residual_df=5)
FIRST, LAST = month_number(2014, 4), month_number(2022, 12)


class People:
    """A panel of people treated in given months, each observed between two others; in two shards."""

    first_month, n_months, levels = FIRST, LAST - FIRST + 1, {}

    def __init__(self, *people: tuple[int | None, int, int]) -> None:
        self.people = people

    def shards(self, outcome, names=()):
        for part in (self.people[::2], self.people[1::2]):
            months = np.arange(FIRST, LAST + 1)
            seen = np.array([(first <= months) & (months <= last) for _, first, last in part])
            treated = np.array([np.nan if month is None else month for month, _, _ in part], dtype=float)
            yield PanelShard(first_month=FIRST, outcome=np.where(seen, 1.0, np.nan), treatment_month=treated)


@pytest.fixture(scope="module")
def protocol():
    return evaluations.load("talking_therapies")


def counted(protocol, *people):
    """By bin's first month and year, the people seen in the bin and those seen in the reference too."""
    rows = support.table(People(*people), protocol).to_pylist()
    return {(row["months_from"], row["treated_in"]): (row["n_treated"], row["n_with_reference"]) for row in rows}


def test_a_person_counts_in_the_bins_in_which_they_are_seen(protocol):
    treated = month_number(2016, 12)
    found = counted(protocol, (treated, FIRST, LAST), (None, FIRST, LAST), (None, FIRST, LAST))
    assert found[73, "2016"] == (1, 1)
    assert found[79, "2016"] == (0, 0)  # month 73 is December 2022, the last one observed
    assert found[-35, "2016"] == (1, 1)  # month -31 is April 2014, the first one observed
    assert found[-41, "2016"] == (0, 0)


def test_people_treated_before_the_reference_is_observed_are_told_apart(protocol):
    april, may = month_number(2015, 4), month_number(2015, 5)
    found = counted(protocol, (april, FIRST, LAST), (may, FIRST, LAST), (may, FIRST, LAST))
    assert found[1, "2015"] == (3, 2)  # month -12 of people treated in April 2015 is March 2014


def test_every_year_has_a_row_in_every_bin_and_adds_up_to_everybody(protocol):
    people = [(month_number(year, 6), FIRST, LAST) for year in (2014, 2016, 2016, 2018, 2021)]
    found = counted(protocol, *people)
    bins = [part.first for part in protocol.evaluation.design.window.binned if not part.reference]
    assert found.keys() == {(first, year) for first in bins for year in ("", "2014", "2016", "2018", "2021")}
    for first in bins:
        by_year = [counts for (of, year), counts in found.items() if of == first and year]
        assert found[first, ""] == tuple(np.sum(by_year, axis=0))


def test_the_reference_has_no_rows_and_comparison_people_do_not_count(protocol):
    found = counted(protocol, (month_number(2018, 1), FIRST, LAST), (None, FIRST, LAST), (None, FIRST, LAST))
    assert not {first for first, _ in found if -23 <= first <= -12}
    assert max(seen for seen, _ in found.values()) == 1


def of_bin(counts, *, first=79):
    """A table of one bin: everybody, then years."""
    years = {str(2014 + place): pair for place, pair in enumerate(counts)}
    whole = tuple(int(total) for total in np.sum(counts, axis=0))
    rows = [
        {
            "evaluation": "talking_therapies", "months_from": first, "months_to": first + 5, "treated_in": year,
            "n_treated": pair[0], "n_with_reference": pair[1],
        }
        for year, pair in {"": whole, **years}.items()
    ]  # fmt: skip
    return SUPPORT.conform(pa.Table.from_pylist(rows))


def shown(counts, rules=ONS):
    rows = disclose_support(of_bin(counts), rules=rules).table.to_pylist()
    return [(row["n_treated"], row["n_with_reference"], row["obs_status"]) for row in rows]


def test_counts_leave_rounded_and_an_impossible_year_as_nought():
    assert shown([(103, 61), (252, 252), (0, 0)]) == [(355, 315, ""), (105, 60, ""), (250, 250, ""), (0, 0, "")]


def test_a_small_year_is_hidden_with_the_next_smallest():
    assert shown([(103, 103), (252, 252), (6, 6)]) == [
        (360, 360, ""), (None, None, "c"), (250, 250, ""), (None, None, "c"),
    ]  # fmt: skip


def test_a_year_with_few_who_have_a_reference_is_hidden_whole():
    assert [status for *_, status in shown([(103, 4), (252, 252), (80, 80)])] == ["", "c", "", "c"]


def test_where_everybody_is_few_no_year_is_shown():
    assert shown([(3, 3), (0, 0), (0, 0)]) == [(None, None, "c")] * 4


def test_a_fine_rounding_hides_how_few_have_no_reference():
    assert [status for *_, status in shown([(103, 100), (252, 252), (80, 80)], FINE)] == ["c", "c", "c", "c"]
    assert [status for *_, status in shown([(103, 83), (252, 252), (80, 80)], FINE)] == ["", "", "", ""]


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda p: (max(p), min(p))), min_size=1),
    rules=st.sampled_from([ONS, FINE, STRICT]),
)
def test_whatever_comes_no_year_is_had_by_subtraction(counts, rules):
    everybody, *years = shown(counts, rules)
    for row in (everybody, *years):
        assert row[2] != "c" or row[:2] == (None, None)
        assert row[2] == "c" or all(n % rules.round_to == 0 and (n == 0 or n >= rules.threshold) for n in row[:2])
    hidden = [true for true, (*_, status) in zip(counts, years, strict=True) if status == "c"]
    if hidden and everybody[2] == "":
        assert all(sum(side) == 0 or sum(side) >= rules.threshold for side in zip(*hidden, strict=True))


@pytest.mark.parametrize("wrong", [{"n_treated": 400}, {"n_with_reference": 400}])
def test_counts_that_contradict_one_another_are_refused(wrong):
    rows = of_bin([(103, 61), (252, 252)]).to_pylist()
    broken = SUPPORT.conform(pa.Table.from_pylist([rows[0] | wrong, *rows[1:]]))
    with pytest.raises(DisclosureError, match="people by year of treatment are not everybody"):
        disclose_support(broken, rules=ONS)


class Waves:
    """Two people treated in waves 8 and 9 and one in neither, seen in waves 7 to 10."""

    def shards(self, outcome, names=()):
        treated = np.array([8.0, 9.0, np.nan])
        yield PanelShard(first_month=7, outcome=np.ones((3, 4)), treatment_month=treated)


def test_a_linked_panel_counts_by_period():
    declared = evaluations.load("hospitalisation_and_earnings")
    rows = support.table(Waves(), declared).to_pylist()
    assert {row["treated_in"] for row in rows} == {"", "wave 8", "wave 9"}
