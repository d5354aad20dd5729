"""Cells: every count of people that leaves or is withheld, with what a reader knows of it.

A reader knows that a count shown as :math:`r` was rounded to it; that a count too small to show is below the threshold;
and nothing of a count that is withheld to protect another. The exact count is for the audit: it stays in the store.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.counts import rounded, unsafe
from pipeline.release.disclosure.release import Release
from pipeline.release.disclosure.rules import frame_of
from pipeline.vocabulary.schemas.schema import Column, Schema

KEY = ("evaluation", "table", "series", "role", "outcome", "characteristic", "level", "place", "side")

CELLS = Schema(
    name="cells",
    grain="count of people that leaves or is withheld",
    key=KEY,
    columns=(
        *(Column(name=name, type=pa.string(), nullable=False) for name in KEY),
        Column(name="exact", type=pa.int64(), role="identifier", nullable=False, unit="people"),
        Column(name="least", type=pa.int64(), role="count", nullable=False, unit="people"),
        Column(name="most", type=pa.int64(), role="count", unit="people"),
        Column(name="shown", type=pa.bool_(), nullable=False),
        Column(name="small", type=pa.bool_(), nullable=False),
    ),
)
"""``series`` is an estimator or a link, ``place`` a bin or a step, ``side`` the column that counts. ``least`` and
``most`` are what a reader knows of the cell by itself; ``most`` is null where nothing bounds it."""

PLACEBO = ":placebo_"
"""In the series of runs of other months or other people than the headline's: nobody's difference."""

_SIDES = {
    "estimates": ("n_treated", "n_comparison"),
    "attrition": ("excluded", "remaining"),
    "linkage_quality": ("n_people", "n_linked"),
    "balance": ("n_treated", "n_comparison"),
}
"""The tables whose counts are cells, and the columns that count people."""


def no_cells() -> pd.DataFrame:
    """The cells of earlier releases where there are none."""
    return frame_of(CELLS.arrow.empty_table()).assign(release=pd.Series(dtype="str"))


def cells_of(
    exact: Mapping[str, pa.Table], published: Mapping[str, pa.Table], *, evaluation: str, rules: DisclosureProfile
) -> pd.DataFrame:
    """The ``CELLS`` of an evaluation as a frame.

    Parameters
    ----------
    exact
        Tables with the schemas that come to the door.
    published
        The same tables after their rules; a row that is not there is a row withheld.
    """
    frames = [
        cell
        for name, sides in _SIDES.items()
        for cell in _cells(name, frame_of(exact[name]), frame_of(published[name]), sides=sides)
    ]
    cells = pd.concat(frames, ignore_index=True)
    cells.insert(0, "evaluation", evaluation)
    return known(cells, rules=rules)


def cells_of_release(release: Release, exact: Mapping[str, pa.Table]) -> pd.DataFrame:
    """The ``CELLS`` of a release, from the tables that came to the door."""
    published = {name: getattr(release, name) for name in _SIDES}
    return cells_of(exact, published, evaluation=release.evaluation, rules=release.rules)


def known(cells: pd.DataFrame, *, rules: DisclosureProfile) -> pd.DataFrame:
    """The cells with what a reader knows of each by itself, given which are shown."""
    exact, shown = cells["exact"], cells["shown"]
    empty_looks_small = rules.suppress_zero | (cells["table"] == "estimates")
    small = ~shown & (unsafe(exact, rules) | ((exact == 0) & empty_looks_small))
    least, most = _rounded_from(rounded(exact, rules), rules)
    few = empty_looks_small.map({True: 0, False: 1})
    return cells.assign(
        small=small,
        least=least.where(shown, few.where(small, 0)).astype("int64"),
        most=most.where(shown, pd.Series(rules.threshold - 1, index=cells.index).where(small)).astype("Int64"),
    )


def values_shown(exact: pd.Series, *, rules: DisclosureProfile) -> pd.Series:
    """How many counts are shown as each of these is."""
    least, most = _rounded_from(rounded(exact, rules), rules)
    return most - least + 1


def _rounded_from(shown: pd.Series, rules: DisclosureProfile) -> tuple[pd.Series, pd.Series]:
    """The smallest and the largest count that is shown as each of these."""
    half, base = rules.round_to // 2, rules.round_to
    lowest = -(-rules.threshold // base) * base
    least = (shown - half).mask(shown == lowest, rules.threshold)
    return least.where(shown > 0, 0), (shown + (base - 1) // 2).where(shown > 0, 0)


def _cells(name: str, exact: pd.DataFrame, published: pd.DataFrame, *, sides: tuple[str, ...]) -> list[pd.DataFrame]:
    """One frame a counting column: its key, the exact count, and whether it is shown."""
    keys, shown = row_keys(name, exact), row_keys(name, published)
    made = []
    for side in sides:
        numbers = shown[[*keys.columns]].assign(shown=published[side].notna().to_numpy())
        counts = keys.assign(exact=exact[side].fillna(0).astype("int64").to_numpy())
        cell = counts.merge(numbers, how="left", on=list(keys.columns), validate="one_to_one")
        cell["shown"] = cell["shown"].eq(other=True)
        arm = cell.pop("arm") + " " if "arm" in cell else ""
        made.append(cell.assign(table=name, side=arm + side))
    return made


def row_keys(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The key columns of a table's rows, under the names of ``CELLS``; a flow diagram's with its ``arm``."""
    nothing = pd.Series("", index=frame.index)
    everybody = pd.Series("all", index=frame.index)
    if name == "estimates":
        place = frame["months_from"].astype(str) + " to " + frame["months_to"].astype(str)
        named = {"series": frame["estimator"], "role": frame["role"], "outcome": frame["outcome"]}
        return pd.DataFrame(
            named | {"characteristic": frame["subgroup"], "level": frame["subgroup_value"], "place": place}
        )
    place = frame["step"].astype(str).str.zfill(3) if name == "attrition" else nothing
    named = {
        "series": frame.get("link", nothing),
        "role": nothing,
        "outcome": nothing,
        "characteristic": frame.get("characteristic", everybody),
        "level": frame.get("level", nothing),
        "place": place,
    }
    return pd.DataFrame(named | ({"arm": frame["arm"]} if name == "attrition" else {}))
