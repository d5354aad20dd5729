"""What ties cells together: sums over levels and steps, samples inside samples, the same cell in earlier releases.

Every relation is an equation, total = parts (+ a rest that no table shows). Two cells of one key and one exact count
are one unknown, whichever releases show them: a reader takes them to be the same people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.release.disclosure.cells import KEY, PLACEBO


@dataclass(frozen=True, kw_only=True)
class Relation:
    """``total`` is the sum of ``parts`` and, unless ``closed``, of a rest: positions of unknowns."""

    total: int
    parts: tuple[int, ...]
    closed: bool


@dataclass(frozen=True, kw_only=True)
class System:
    """Everything that a reader can hold against the cells of some releases.

    Attributes
    ----------
    unknowns
        One row a key and exact count: the columns of ``CELLS`` with what all releases together say of it by itself,
        ``current``, whether the release under way has it, and ``shown_before``, whether an earlier one shows it.
    relations
        The equations between them.
    """

    unknowns: pd.DataFrame
    relations: tuple[Relation, ...]


def system(cells: pd.DataFrame, earlier: pd.DataFrame, *, threshold: int) -> System:
    """The unknowns of a release and of those before it, with every relation among them.

    Parameters
    ----------
    cells
        The ``CELLS`` of the release under way.
    earlier
        Those of earlier releases, with a column ``release``; may have no rows.
    """
    stacked = pd.concat([cells.assign(release=""), earlier], ignore_index=True)
    keys = [*KEY, "exact"]
    stacked["unknown"] = stacked.groupby(keys, sort=False, observed=True).ngroup()
    unknowns = _unknowns(stacked)
    found: dict[Relation, None] = {}
    for _, release in stacked.groupby("release", sort=False):
        found |= dict.fromkeys(_within(release))
    found |= dict.fromkeys(_between(unknowns, threshold=threshold))
    return System(unknowns=unknowns, relations=tuple(found))


def _unknowns(stacked: pd.DataFrame) -> pd.DataFrame:
    """One row an unknown: the narrowest of what releases say, hidden where any release hides it as too small."""
    by = stacked.groupby("unknown", sort=True)
    first = by[[*KEY, "exact"]].first()
    most = stacked["most"].astype("Float64").fillna(np.inf).astype("float64").groupby(stacked["unknown"]).min()
    return first.assign(
        least=by["least"].max().astype("float64"),
        most=most,
        shown=by["shown"].any(),
        small=by["small"].any(),
        current=(stacked["release"] == "").groupby(stacked["unknown"]).any(),
        shown_before=(stacked["shown"] & (stacked["release"] != "")).groupby(stacked["unknown"]).any(),
    )


def _within(release: pd.DataFrame) -> Iterator[Relation]:
    """The relations of one release's cells."""
    for evaluation, cells in release.groupby("evaluation", sort=False):
        del evaluation
        tables = dict(tuple(cells.groupby("table", sort=False)))
        flow = tables.get("attrition")
        if flow is not None:
            yield from _steps(flow)
        if "balance" in tables and flow is not None:
            yield from _arms(tables["balance"], flow)
        if "linkage_quality" in tables:
            yield from _levels(tables["linkage_quality"])
        if "estimates" in tables:
            yield from _levels(tables["estimates"])
            yield from _samples(tables["estimates"])
            yield from _outcomes(tables["estimates"])


def _steps(flow: pd.DataFrame) -> Iterator[Relation]:
    """Who remained before a step is who it excluded and who remains after it."""
    arms = flow["side"].str.rsplit(" ", n=1, expand=True)
    for _, rows in flow.groupby(arms[0], sort=False):
        column = arms[1].loc[rows.index]
        excluded, remaining = (rows[column == name].sort_values("place") for name in ("excluded", "remaining"))
        left = remaining["unknown"].tolist()
        for before, gone, after in zip(left, excluded["unknown"].tolist()[1:], left[1:], strict=False):
            yield Relation(total=before, parts=(gone, after), closed=True)


def _arms(balance: pd.DataFrame, flow: pd.DataFrame) -> Iterator[Relation]:
    """The levels of a characteristic are the people who remain in an arm at the end."""
    boxes = flow[flow["side"].str.endswith("remaining")].sort_values("place")
    last = {side: (int(unknown), int(exact)) for side, unknown, exact in _columns(boxes, "side", "unknown", "exact")}
    for (_, side), rows in _grouped(balance, ["characteristic", "side"]):
        arm = f"{side.removeprefix('n_')} remaining"
        if arm in last:
            yield from _sum(*last[arm], rows)


def _levels(table: pd.DataFrame) -> Iterator[Relation]:
    """Everybody is the levels of a characteristic and people of none; where levels overlap, each is in everybody."""
    same = ["series", "outcome", "place", "side"]
    everybody = table[table["characteristic"] == "all"]
    totals = {
        tuple(key): (int(unknown), int(exact))
        for *key, unknown, exact in _columns(everybody, *same, "unknown", "exact")
    }
    levels = table[~table["characteristic"].isin(["all", "conflicts"])]
    for key, rows in _grouped(levels, ["role", "characteristic", *same]):
        total = totals.get(key[2:])
        if total is not None:
            yield from _sum(*total, rows)


def _sum(total: int, people: int, rows: pd.DataFrame) -> Iterator[Relation]:
    parts, counts = rows["unknown"].to_numpy(), rows["exact"].to_numpy()
    if counts.sum() <= people:
        yield Relation(total=total, parts=tuple(map(int, parts)), closed=bool(counts.sum() == people))
        return
    for part, count in zip(parts, counts, strict=True):
        if count <= people:
            yield Relation(total=total, parts=(int(part),), closed=False)


def _samples(estimates: pd.DataFrame) -> Iterator[Relation]:
    """Everybody under the headline estimator holds everybody under another, or under a run of its own, or is held."""
    everybody = estimates[(estimates["characteristic"] == "all") & ~estimates["series"].str.contains(PLACEBO)]
    for _, rows in _grouped(everybody, ["outcome", "place", "side"]):
        headline = rows["role"].to_numpy() == "headline"
        if headline.any():
            unknowns, counts = rows["unknown"].to_numpy(), rows["exact"].to_numpy()
            (first, *_) = np.flatnonzero(headline)
            yield from _nested(unknowns[first], counts[first], zip(unknowns[~headline], counts[~headline], strict=True))


def _outcomes(estimates: pd.DataFrame) -> Iterator[Relation]:
    """Where one outcome's row shows its people and another's hides them, the smaller sample is within the larger."""
    same = ["series", "role", "characteristic", "level", "place", "side"]
    differing = estimates.groupby(same, sort=False)["shown"].transform("nunique") > 1
    for _, rows in _grouped(estimates[differing], same):
        order = np.argsort(-rows["exact"].to_numpy(), kind="stable")
        unknowns, counts = rows["unknown"].to_numpy()[order], rows["exact"].to_numpy()[order]
        yield from _nested(unknowns[0], counts[0], zip(unknowns[1:], counts[1:], strict=True))


def _between(unknowns: pd.DataFrame, *, threshold: int) -> Iterator[Relation]:
    """A cell that counted a few people more or fewer in another release: the smaller sample is within the larger.

    Where many joined, some may have left too, and a reader cannot take one for a part of the other.
    """
    repeated = unknowns[unknowns.duplicated(list(KEY), keep=False)]
    for _, rows in _grouped(repeated.assign(unknown=repeated.index), list(KEY)):
        ordered = rows.sort_values("exact", ascending=False)
        for (larger, most), (smaller, least) in pairwise(_columns(ordered, "unknown", "exact")):
            if most - least < threshold:
                yield Relation(total=larger, parts=(smaller,), closed=False)


def _nested(one: int, people: int, others: Iterable[tuple[int, int]]) -> Iterator[Relation]:
    for other, count in others:
        if other != one:
            larger, smaller = (one, other) if people >= count else (other, one)
            yield Relation(total=int(larger), parts=(int(smaller),), closed=False)


def _columns(frame: pd.DataFrame, *names: str) -> Iterator[tuple[Any, ...]]:
    """The values of some columns, row by row."""
    return zip(*(frame[name].tolist() for name in names), strict=True)


def _grouped(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """The rows of each combination of names: unknown and exact count only, which is quicker than ``groupby``."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, key in enumerate(_columns(frame, *names)):
        places[key].append(place)
    kept = frame[[name for name in ("unknown", "exact", "role") if name in frame]]
    for key, rows in places.items():
        yield key, kept.iloc[rows]


def members(relations: Sequence[Relation]) -> NDArray[np.int64]:
    """Every pair (relation, unknown), in order."""
    pairs = [(row, one) for row, relation in enumerate(relations) for one in (relation.total, *relation.parts)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
