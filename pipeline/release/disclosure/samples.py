"""Samples inside samples: two estimates of one kind whose people differ by a few are those few people's.

A regression of n people less the same regression of n - 1 is the outcome of one. It takes the same estimator, outcome
and months; of two estimators that differ in method a difference is no sum over people, and their counts are audited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.cells import PLACEBO

_SIDES = ["n_treated", "n_comparison"]
_KIND = ["outcome", "months_from", "months_to"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Who is behind an estimate: how many treated and compared, under which estimator or run."""

    estimator: str
    treated: int
    compared: int

    @property
    def method(self) -> str:
        """The estimator whose run it is."""
        return self.estimator.partition(":")[0]

    def apart(self, other: Sample) -> int:
        """How many people at the least are in one of the two and not in the other."""
        return abs(self.treated - other.treated) + abs(self.compared - other.compared)


def differing_by_few(
    frame: pd.DataFrame, hidden: pd.Series, *, earlier: pd.DataFrame, rules: DisclosureProfile
) -> pd.Series:
    """The rows that differ by 1 to ``threshold - 1`` people, both sides together, from another row that is shown.

    Where many differ on one side, a few on the other cannot be told from those many.

    Compared are rows of one estimator, outcome and bin: runs with one another, levels with everybody, each with what
    earlier releases showed of it. The headline stays and the run goes, everybody and the level, the old and the new.

    Parameters
    ----------
    frame
        ``ESTIMATES`` with true counts.
    hidden
        The rows that do not leave anyway.
    earlier
        The ``CELLS`` of earlier releases.
    """
    shown = defaultdict(list, _shown_before(earlier))
    out = pd.Series(data=False, index=frame.index)
    order = (frame["role"] != "headline").astype(int) + 2 * (frame["subgroup"] != "all").astype(int)
    rows = frame.assign(order=order, place=frame.index)[~hidden & ~frame["estimator"].str.contains(PLACEBO)]
    rows = rows.sort_values(["order", "estimator"], kind="stable")
    for place, estimator, *kind, subgroup, level, treated, compared in _columns(rows):
        own, everybody = (*kind, subgroup, level), (*kind, "all", "")
        sample = Sample(estimator=estimator, treated=treated, compared=compared)
        like = [other for other in shown[own] if other.method == sample.method]
        if own != everybody:
            like += [other for other in shown[everybody] if other.estimator == estimator]
        if any(1 <= sample.apart(other) < rules.threshold for other in like):
            out[place] = True
        else:
            shown[own].append(sample)
    return out


def _columns(rows: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    names = ["place", "estimator", *_KIND, "subgroup", "subgroup_value", *_SIDES]
    return zip(*(rows[name].tolist() for name in names), strict=True)


def _shown_before(earlier: pd.DataFrame) -> dict[tuple[object, ...], list[Sample]]:
    """The samples of every estimate that an earlier release shows, by outcome, bin and level."""
    cells = earlier[(earlier["table"] == "estimates") & earlier["shown"]]
    cells = cells[~cells["series"].str.contains(PLACEBO)]
    named = ["release", "series", "role", "outcome", "place", "characteristic", "level"]
    sides = [cells[cells["side"] == side].set_index(named)["exact"] for side in _SIDES]
    found = defaultdict(list)
    for key, treated, compared in pd.concat(sides, axis=1, join="inner").itertuples(name=None):
        _, estimator, _, outcome, place, characteristic, level = key
        months = tuple(int(month) for month in place.split(" to "))
        sample = Sample(estimator=estimator, treated=int(treated), compared=int(compared))
        found[(outcome, *months, characteristic, level)].append(sample)
    return found
