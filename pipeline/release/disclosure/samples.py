"""Samples inside samples: two estimates of one kind whose people differ by a few are those few people's.

A regression of n people less the same regression of n - 1 is the outcome of one. It takes the same estimator, outcome
and months; of two estimators that differ in method a difference is no sum over people, and their counts are audited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pipeline.engine.settings import DisclosureProfile

_PLACEBO = ":placebo_"
_SIDES = ["n_treated", "n_comparison"]
_KIND = ["outcome", "months_from", "months_to"]

Key = tuple[object, ...]
People = tuple[int, int]


def differing_by_few(
    frame: pd.DataFrame, hidden: pd.Series, *, earlier: pd.DataFrame, rules: DisclosureProfile
) -> pd.Series:
    """The rows that differ by 1 to ``threshold - 1`` people, on a side, from another row that is shown.

    Compared are rows of one estimator, outcome and bin: its runs with one another, each level with everybody, and each
    with what earlier releases showed of it. The headline stays and the run goes; everybody stays and the level goes;
    what is out already stays, and the newer row goes.

    Parameters
    ----------
    frame
        ``ESTIMATES`` with true counts.
    hidden
        The rows that do not leave anyway.
    earlier
        The ``CELLS`` of earlier releases.
    """
    shown = defaultdict(list, {key: list(people) for key, people in _shown_before(earlier)})
    out = pd.Series(data=False, index=frame.index)
    order = (frame["role"] != "headline").astype(int) + 2 * (frame["subgroup"] != "all").astype(int)
    rows = frame.assign(order=order, place=frame.index)[~hidden & ~frame["estimator"].str.contains(_PLACEBO)]
    rows = rows.sort_values(["order", "estimator"], kind="stable")
    for place, estimator, *kind, subgroup, level, treated, compared in _columns(rows):
        estimated = (estimator.partition(":")[0], *kind)
        own, everybody = (*estimated, subgroup, level), (*estimated, "all", "")
        others = shown[own] if own == everybody else [*shown[own], *shown[everybody]]
        if _few_apart((treated, compared), others, rules=rules):
            out[place] = True
        else:
            shown[own].append((treated, compared))
    return out


def _columns(rows: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    names = ["place", "estimator", *_KIND, "subgroup", "subgroup_value", *_SIDES]
    return zip(*(rows[name].tolist() for name in names), strict=True)


def _few_apart(people: People, others: list[People], *, rules: DisclosureProfile) -> bool:
    apart = np.abs(np.array(others, dtype=np.int64).reshape(-1, 2) - np.array(people))
    return bool(((apart >= 1) & (apart < rules.threshold)).any())


def _shown_before(earlier: pd.DataFrame) -> Iterator[tuple[Key, list[People]]]:
    """The people of every estimate that an earlier release shows, by what they are compared with."""
    cells = earlier[(earlier["table"] == "estimates") & earlier["shown"]]
    cells = cells[~cells["series"].str.contains(_PLACEBO)]
    if cells.empty:
        return
    named = ["release", "series", "role", "outcome", "place", "characteristic", "level"]
    wide = cells.pivot_table(index=named, columns="side", values="exact", aggfunc="first").dropna()
    found: dict[Key, list[People]] = defaultdict(list)
    for key, people in zip(wide.index, wide[_SIDES].astype("int64").itertuples(index=False), strict=True):
        _, series, _, outcome, place, characteristic, level = key
        first, last = (int(month) for month in place.split(" to "))
        found[(series.partition(":")[0], outcome, first, last, characteristic, level)].append(tuple(people))
    yield from found.items()
