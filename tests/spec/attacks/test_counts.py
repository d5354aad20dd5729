"""Attacks on tables of counts: margins, sums, shares, flow diagrams, linked tables, revisions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.vocabulary.errors import DisclosureError

VALUES_LEFT = 4
"""The protection range of both profiles: how many values a hidden count must be left with."""


def values(ends):
    return ends[1] - ends[0] + 1


def test_a_two_by_two_table_with_its_margins(attacker, door, ons):
    """Three men are not linked: hidden, and the margins less what is shown give them back."""
    people, linked = {"all": 1003, "female": 702, "male": 301}, {"all": 951, "female": 653, "male": 298}
    unlinked = {name: people[name] - linked[name] for name in people}
    assert unlinked["all"] - unlinked["female"] == 3
    release = door.opens_for(
        linkage_quality=door.linkage(
            ("all", "all", people["all"], linked["all"]),
            ("sex", "female", people["female"], linked["female"]),
            ("sex", "male", people["male"], linked["male"]),
        )
    )
    rows = {row["level"]: row for row in release.linkage_quality.to_pylist()}
    assert rows["male"]["n_linked"] is rows["female"]["n_linked"] is None
    known = [attacker.of_count(rows["all"][name], ons) for name in ("n_people", "n_linked")]
    ends = attacker.range_of(
        [*known, (0, 2000), (0, 2000), (1, 9), (0, 2000)],  # all; women and men linked; men, women not
        [{0: 1, 1: -1, 4: -1, 5: -1}, {1: 1, 2: -1, 3: -1}],
        target=4,
    )
    assert ends == (1, 9)


def test_three_singletons_in_a_table_of_two_by_five(attacker, door, ons):
    """Cells of one person and their margins: (1, 1, 7, 1, 0) and (1, 0, 0, 2, 8)."""
    table = np.array([[1, 1, 7, 1, 0], [1, 0, 0, 2, 8]])
    hidden = [(0, 0), (0, 1), (0, 3), (1, 0), (1, 3)]
    place = {cell: n for n, cell in enumerate(hidden)}
    equations = []
    bounds = [(1, 2)] * len(hidden)  # fewer than three are hidden, nobody is shown as nought
    for axis in (0, 1):
        for line in range(table.shape[1 - axis]):
            cells = [cell for cell in hidden if cell[1 - axis] == line]
            margin = sum(table[cell] for cell in cells)
            if cells:
                bounds.append((margin, margin))
                equations.append({place[cell]: 1 for cell in cells} | {len(bounds) - 1: -1})
    assert [attacker.range_of(bounds, equations, target=place[0, column]) for column in (0, 1, 3)] == [(1, 1)] * 3
    tables = {
        "balance": door.balance(**{f"{n + 2}0-{n + 2}9": tuple(map(int, pair)) for n, pair in enumerate(table.T)}),
        "attrition": door.flow((0, 10)),
    }
    release = door.opens_for(**tables)
    assert release.balance["n_treated"].to_pylist() == [None] * 5
    total = attacker.of_count(release.attrition["remaining"].to_pylist()[0], ons)
    ends = attacker.range_of([total, *[(0, 9)] * 5], [{0: 1, **dict.fromkeys(range(1, 6), -1)}], target=1)
    assert values(ends) >= VALUES_LEFT


def test_shares_that_reveal_counts(attacker, door, ons):
    known, people = 947, 13
    share = round(people / known, 6)
    assert [n for n in range(1, known) if round(n / known, 6) == share] == [people]
    release = door.opens_for(balance=door.balance(rare=(people, 400), usual=(known - people, 600)))
    rows = release.balance.to_pylist()
    assert rows[0]["share_treated"] == round(rows[0]["n_treated"] / 945, 4)
    ends = attacker.of_count(rows[0]["n_treated"], ons)
    assert values(ends) >= VALUES_LEFT


def test_rounded_totals_against_sums(attacker, door, ons, nhs):
    """Six were excluded. Rounding alone leaves one of two numbers under a threshold of eight."""
    flow = ((0, 1008), (6, 1002), (100, 902))
    rounded = [attacker.of_count(n, nhs) for n in (1010, 1000)]
    two_left = attacker.range_of([*rounded, (1, 7)], [{0: 1, 1: -1, 2: -1}], target=2)
    assert two_left == (6, 7)
    for rules in (ons, nhs):
        boxes = door.opens_for(attrition=door.flow(*flow), rules=rules).attrition.to_pylist()
        left = [attacker.of_count(box["remaining"], rules, small=False) for box in boxes]
        gone = [attacker.of_count(box["excluded"], rules, small=n == 1) for n, box in enumerate(boxes)]
        steps = [{0: 1, 1: -1, 3: -1}, {1: 1, 2: -1, 4: -1}]
        assert values(attacker.range_of([*left, *gone[1:]], steps, target=3)) >= VALUES_LEFT


def test_boxes_of_a_flow_diagram_that_differ_by_few(attacker, door, ons):
    before, excluded, after = 1003, 6, 997
    assert before - after == excluded
    boxes = door.opens_for(attrition=door.flow((0, before), (excluded, after), (97, 900))).attrition.to_pylist()
    left = [attacker.of_count(box["remaining"], ons, small=False) for box in boxes]
    ends = attacker.range_of([left[0], left[1], (1, 9)], [{0: 1, 1: -1, 2: -1}], target=2)
    assert boxes[1]["excluded"] is None
    assert values(ends) >= VALUES_LEFT


def test_a_table_of_n_against_one_of_n_less_1(attacker, door, ons):
    """The planted person left: in which level they were is the only cell that changed."""
    first = {"balance": door.balance(a=(120, 300), b=(80, 300), c=(200, 400))}
    second = {"balance": door.balance(a=(120, 300), b=(79, 300), c=(200, 400))}
    changed = [
        before != after
        for before, after in zip(*(t["balance"]["n_treated"].to_pylist() for t in (first, second)), strict=True)
    ]
    assert changed == [False, True, False]
    out = door.opens_for(**first)
    revised = door.opens_for(earlier=door.ledger_of(out, **first), **second)
    pairs = zip(*(r.balance["n_treated"].to_pylist() for r in (out, revised)), strict=True)
    for before, after in pairs:
        known = [attacker.of_count(count, ons) for count in (before, after)]
        assert values(attacker.range_of([*known, (0, 9)], [{0: 1, 1: -1, 2: -1}], target=2)) >= VALUES_LEFT


def test_two_linked_tables_that_differ_by_two_cells(attacker, door, ons):
    """Three people aged 45 moved between two bands from one release to the next."""
    first = {"balance": door.balance(young=(120, 300), middle=(83, 300), old=(200, 400))}
    second = {"balance": door.balance(young=(123, 300), middle=(80, 300), old=(200, 400))}
    before, after = (np.array(t["balance"]["n_treated"].to_pylist()) for t in (first, second))
    assert (after - before).tolist() == [3, -3, 0]
    out = door.opens_for(**first)
    revised = door.opens_for(earlier=door.ledger_of(out, **first), **second)
    counts = [*out.balance["n_treated"].to_pylist(), *revised.balance["n_treated"].to_pylist()]
    known = [attacker.of_count(count, ons) for count in counts]
    moved = [{3: 1, 0: -1, 6: -1}, {1: 1, 4: -1, 6: -1}]  # who left the middle band joined the young one
    assert values(attacker.range_of([*known, (0, 9)], moved, target=6)) >= VALUES_LEFT


def test_a_level_that_an_earlier_release_shows_is_no_cover_for_another(attacker, door, ons):
    """One release hides the first two levels, the next would hide the first and the last: together, only the first.

    Without rounding the total gives more away: three people joined. Hiding it covers both.
    """
    exact = ons.model_copy(update={"round_to": 1})
    first = {"balance": door.balance(**bands(6, 21, 22)), "attrition": door.flow((0, 49))}
    second = {"balance": door.balance(**bands(6, 24, 22)), "attrition": door.flow((0, 52))}
    out, alone = door.opens_for(rules=exact, **first), door.opens_for(rules=exact, **second)
    assert out.balance["n_treated"].to_pylist() == [None, None, 22]
    assert alone.balance["n_treated"].to_pylist() == [None, 24, None]
    assert 52 - 24 - 22 == 6
    held = door.opens_for(rules=exact, earlier=door.ledger_of(out, **first), **second)
    assert held.balance["n_treated"].to_pylist() == [None, 24, None]
    assert held.attrition["remaining"].to_pylist() == [None]
    known = [(1, 9), (0, 99), (22, 22), (49, 49), (24, 24), (0, 99), (0, 99)]
    sums = [{0: 1, 1: 1, 2: 1, 3: -1}, {0: 1, 4: 1, 2: 1, 5: -1}, {5: 1, 3: -1, 6: -1}]
    assert attacker.range_of(known, sums, target=0) == (3, 9)  # 49 or more remain, 46 of them at the other two levels


def test_what_no_further_cell_can_cover_is_refused_with_what_to_do(door, ons):
    """An earlier release shows every level that could stand beside the small one, and the small one's total."""
    exact = ons.model_copy(update={"round_to": 1})
    out = {"balance": door.balance(**bands(12, 21, 22)), "attrition": door.flow((0, 55))}
    ledger = door.ledger_of(door.opens_for(rules=exact, **out), **out)
    now = {"balance": door.balance(**bands(6, 21, 22)), "attrition": door.flow((0, 49))}
    ledger.loc[
        (ledger["table"] == "attrition") & (ledger["side"] == "treated remaining"), ["exact", "least", "most"]
    ] = 49
    with pytest.raises(DisclosureError, match=r"source balance, column group: .* \(1 cells\)\. Merge levels .* wait"):
        door.opens_for(rules=exact, earlier=ledger, **now)


def test_what_earlier_releases_gave_away_themselves_stops_no_later_one(door, ons):
    """Two releases from before the audit differ by one person; the next differs from both by many."""
    exact = ons.model_copy(update={"round_to": 1})
    held = []
    for release, people in enumerate((100, 101)):
        out = {"attrition": door.flow((0, people))}
        held.append(door.ledger_of(door.opens_for(rules=exact, **out), **out).assign(release=f"v{release}"))
    ledger = pd.concat(held, ignore_index=True)
    assert 101 - 100 == 1
    later = door.opens_for(rules=exact, earlier=ledger, attrition=door.flow((0, 140)))
    assert later.attrition["remaining"].to_pylist() == [140]
    with_one_more = door.opens_for(rules=exact, earlier=ledger, attrition=door.flow((0, 104)))
    assert with_one_more.attrition["remaining"].to_pylist() == [None]


def bands(*people):
    return {f"{n + 2}0-{n + 2}9": (count, 300) for n, count in enumerate(people)}
