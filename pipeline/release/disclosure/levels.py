"""Tables of counts by level of a characteristic: linkage quality and balance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.complement import with_complement
from pipeline.release.disclosure.counts import decimals, rounded, shown, unsafe
from pipeline.release.disclosure.labels import entry, undeclared
from pipeline.release.disclosure.rules import COMPLEMENT, DERIVED, ROUNDING, SMALL_COUNTS, Disclosed, Entry, frame_of
from pipeline.vocabulary.errors import DisclosureError, Fault
from pipeline.vocabulary.schemas.results import PUBLISHED_BALANCE, PUBLISHED_LINKAGE_QUALITY

RATE_DECIMALS = 2
"""Of a rate in per cent, made from rounded counts: they say it all, so more digits would tell no more."""

SHARE_DECIMALS = 4
SMD_DECIMALS = 3

_ARMS = ("treated", "comparison")


def disclose_linkage_quality(table: pa.Table, *, rules: DisclosureProfile) -> Disclosed:
    """The ``PUBLISHED_LINKAGE_QUALITY``: people, linked and unlinked are all safe, or the row is suppressed.

    The rate is made from the rounded counts. Conflicts are no parts of a whole, so they have no complement.

    Raises
    ------
    DisclosureError
        If more are linked than there are people.
    """
    frame = frame_of(table)
    counts = frame[["n_people", "n_linked"]].assign(unlinked=frame["n_people"] - frame["n_linked"])
    _refuse_more_linked_than_people(counts)
    small = counts.apply(unsafe, rules=rules).any(axis=1)
    hidden = small.copy()
    everybody = {str(link): rows.index[0] for link, rows in frame[frame["characteristic"] == "all"].groupby("link")}
    parts = ~frame["characteristic"].isin(["all", "conflicts"])
    for (link, _), rows in frame[parts].groupby(["link", "characteristic"], sort=False):
        total = everybody.get(str(link))
        if total is not None and hidden[total]:
            continue
        margin = None if total is None else counts.loc[total]
        hidden[rows.index] = with_complement(counts.loc[rows.index], hidden[rows.index], rules=rules, total=margin)
    for column in ("n_people", "n_linked"):
        frame[column] = shown(frame[column], hidden, rules)
    frame["link_rate"] = decimals(100 * _ratio(frame["n_linked"], frame["n_people"]), RATE_DECIMALS)
    frame["obs_status"] = hidden.map({True: "c", False: ""})
    unnamed = undeclared(frame["level"], within=frame["characteristic"], hidden=hidden)
    published = PUBLISHED_LINKAGE_QUALITY.conform(pa.Table.from_pandas(frame[~unnamed], preserve_index=False))
    return Disclosed(
        table=published.replace_schema_metadata(None),
        entries=(
            *_entries("linkage_quality", counts=2, figures=1, small=small, hidden=hidden),
            entry("linkage_quality", unnamed),
        ),
    )


def disclose_balance(table: pa.Table, *, evaluation: str, rules: DisclosureProfile) -> Disclosed:
    r"""The ``PUBLISHED_BALANCE``: both arms' counts are safe, or the row is suppressed.

    Shares are of the people of the arm whose level is known, both rounded; the standardised mean difference is
    made again from those shares, :math:`(p_1 - p_0) / \sqrt{(p_1(1-p_1) + p_0(1-p_0))/2}` (Austin 2009,
    doi 10.1002/sim.3697): an exact one would give back exact counts.
    """
    frame = frame_of(table)
    sides = [f"n_{arm}" for arm in _ARMS]
    small = frame[sides].apply(unsafe, rules=rules).any(axis=1)
    hidden = small.copy()
    for _, rows in frame.groupby("characteristic", sort=False):
        hidden[rows.index] = with_complement(frame.loc[rows.index, sides], hidden[rows.index], rules=rules)
    for arm in _ARMS:
        known = frame.groupby("characteristic")[f"n_{arm}"].transform("sum")
        frame[f"n_{arm}"] = shown(frame[f"n_{arm}"], hidden, rules)
        frame[f"share_{arm}"] = decimals(_ratio(frame[f"n_{arm}"], rounded(known, rules)), SHARE_DECIMALS)
    frame["smd"] = decimals(_smd(frame["share_treated"], frame["share_comparison"]), SMD_DECIMALS)
    frame["obs_status"] = hidden.map({True: "c", False: ""})
    frame.insert(0, "evaluation", evaluation)
    unnamed = undeclared(frame["level"], within=frame["characteristic"], hidden=hidden)
    published = PUBLISHED_BALANCE.conform(pa.Table.from_pandas(frame[~unnamed], preserve_index=False))
    return Disclosed(
        table=published.replace_schema_metadata(None),
        entries=(
            *_entries("balance", counts=2, figures=3, small=small, hidden=hidden),
            entry("balance", unnamed),
        ),
    )


def _refuse_more_linked_than_people(counts: pd.DataFrame) -> None:
    wrong = int((counts["unlinked"] < 0).sum())
    if wrong:
        raise DisclosureError(
            Fault(
                what="more are linked than there are people",
                source="linkage_quality",
                column="n_linked",
                count=wrong,
                remedy="Find the stage that counted them.",
            )
        )


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Part over whole; null where either is hidden or nobody is there."""
    return (part / whole.mask(whole == 0)).astype("Float64").astype("float64")


def _smd(treated: pd.Series, comparison: pd.Series) -> pd.Series:
    """The standardised mean difference of an indicator; null where neither arm varies."""
    variance = (treated * (1 - treated) + comparison * (1 - comparison)) / 2
    spread = pd.Series(np.sqrt(variance.to_numpy()), index=variance.index)
    return (treated - comparison) / spread.mask(spread == 0)


def _entries(table: str, *, counts: int, figures: int, small: pd.Series, hidden: pd.Series) -> tuple[Entry, ...]:
    numbers = counts + figures
    visible = int((~hidden).sum())
    secondary = int((hidden & ~small).sum())
    return (
        Entry(table=table, rule=SMALL_COUNTS, cells=len(hidden) * numbers, affected=int(small.sum()) * numbers),
        Entry(table=table, rule=COMPLEMENT, cells=len(hidden) * numbers, affected=secondary * numbers),
        Entry(table=table, rule=ROUNDING, cells=visible * counts, affected=visible * counts),
        Entry(table=table, rule=DERIVED, cells=visible * figures, affected=visible * figures),
    )
