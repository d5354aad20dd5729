"""Whatever the tables and whatever was published before: nothing withheld is known too well, or nothing leaves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.release.disclosure import intervals
from pipeline.release.disclosure.blocks import blocks
from pipeline.release.disclosure.cells import cells_of_release, no_cells
from pipeline.release.disclosure.relations import system
from pipeline.vocabulary.errors import DisclosureError

HISTORIES = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

levels = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=5)
joined = st.lists(st.integers(-3, 12), min_size=5, max_size=5)
"""How many people join (or leave) each level from one release to the next."""


@HISTORIES
@given(first=levels, later=st.lists(joined, max_size=2), excluded=st.integers(0, 40), base=st.sampled_from([1, 3, 5]))
def test_no_withheld_count_is_known_better_than_its_protection_range(door, profiles, first, later, excluded, base):
    rules = profiles[base]
    ledger = None
    for number, counts in enumerate([first, *_grown(first, later)]):
        tables = _tables(door, counts, excluded)
        release = _released(door, tables, rules=rules, ledger=ledger)
        if release is None:
            return
        cells = cells_of_release(release, door.complete(tables))
        _assert_protected(cells, no_cells() if ledger is None else ledger, rules)
        now = cells.assign(release=f"v{number}")
        ledger = now if ledger is None else pd.concat([ledger, now], ignore_index=True)


@pytest.fixture(scope="module")
def profiles(ons, nhs):
    """Rules by the base that they round to; without rounding subtraction is exact."""
    return {1: ons.model_copy(update={"round_to": 1}), 3: nhs.model_copy(update={"round_to": 3}), 5: nhs}


def _released(door, tables, *, rules, ledger):
    """The release, or nothing where earlier ones leave no way to protect it; a first one always has a way."""
    if ledger is None:
        return door.opens_for(rules=rules, **tables)
    try:
        return door.opens_for(rules=rules, earlier=ledger, **tables)
    except DisclosureError:
        return None


@pytest.mark.parametrize("seed", range(25))
def test_what_is_surely_protected_is_protected(seed, door, ons, monkeypatch):
    """The short cut that saves linear programs never passes what a linear program would not."""
    drawn = np.random.default_rng(seed)
    counts = [tuple(map(int, drawn.integers(0, 40, 2))) for _ in range(4)]
    tables = _tables(door, counts, int(drawn.integers(0, 20)))
    cells = door.ledger_of(door.opens_for(**tables), **tables).drop(columns="release")
    tied = system(cells, no_cells(), threshold=10)
    for block in blocks(tied, rules=ons):
        doubtful = intervals._doubtful(block)
        sure = [int(place) for place in np.flatnonzero(block.needed > 0) if place not in doubtful]
        assert all(intervals.protected(block, place, intervals.attainable(block, place)) for place in sure)


def _assert_protected(cells, earlier, rules):
    """By linear programs alone: every withheld count has its values, in this system and against every release."""
    tied = system(cells, earlier, threshold=rules.threshold)
    for block in blocks(tied, rules=rules):
        for place in np.flatnonzero(block.needed > 0):
            interval = intervals.attainable(block, int(place))
            assert interval.lowest <= block.exact[place] <= interval.highest
            assert intervals.protected(block, place, interval)


def _grown(first, later):
    counts = first
    for changes in later:
        counts = [
            (max(0, treated + change), compared) for (treated, compared), change in zip(counts, changes, strict=False)
        ]
        yield counts


def _tables(door, counts, excluded):
    """A balance table, the flow diagram that ends in it, and estimates by level with everybody's."""
    names = [f"{n + 2}0-{n + 2}9" for n in range(len(counts))]
    treated, compared = (sum(side) for side in zip(*counts, strict=True))
    rows = [{"n_treated": treated, "n_comparison": compared}]
    rows += [
        {"role": "subgroup", "subgroup": "age_band", "subgroup_value": name, "n_treated": t, "n_comparison": c}
        for name, (t, c) in zip(names, counts, strict=True)
    ]
    return {
        "estimates": door.estimates(*rows),
        "balance": door.balance(**dict(zip(names, counts, strict=True))),
        "attrition": door.flow((0, treated + excluded), (excluded, treated)),
    }
