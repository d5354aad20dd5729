"""Who identifies which horizon: treated people by when they were treated, whose sum is published beside every estimate.

In each bin the years are levels of everybody who is seen in it, hidden with the next smallest
(:func:`with_complement`). People seen in the reference too are some of those seen in the bin, so that the two counts
of a row are boxes of a flow: rounding to at least half the threshold hides how few lie between them, else the row is
hidden where the difference is small, as in :mod:`pipeline.release.disclosure.attrition`.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.complement import with_complement
from pipeline.release.disclosure.counts import shown, unsafe
from pipeline.release.disclosure.rules import (
    COMPLEMENT,
    DIFFERENCES,
    ROUNDING,
    SMALL_COUNTS,
    Disclosed,
    Entry,
    frame_of,
)
from pipeline.vocabulary.errors import DisclosureError, Fault
from pipeline.vocabulary.schemas.results import PUBLISHED_SUPPORT

_COUNTS = ["n_treated", "n_with_reference"]
_BIN = ["months_from", "months_to"]


def disclose_support(table: pa.Table, *, rules: DisclosureProfile) -> Disclosed:
    """The ``PUBLISHED_SUPPORT``: both numbers of a row are there or none is.

    Where everybody of a bin is hidden, so is every year of it.

    Raises
    ------
    DisclosureError
        If years do not add up to everybody, or more people have a reference than there are.
    """
    frame = frame_of(table)
    _refuse_other_sums(frame)
    small = frame[_COUNTS].apply(unsafe, rules=rules).any(axis=1).astype(bool)
    apart = pd.Series(data=False, index=frame.index)
    if 2 * rules.round_to < rules.threshold:
        apart = unsafe(frame["n_treated"] - frame["n_with_reference"], rules) & ~small
    hidden = _with_complements(frame, small | apart, rules=rules)
    for column in _COUNTS:
        frame[column] = shown(frame[column], hidden, rules)
    frame["obs_status"] = hidden.map({True: "c", False: ""}).astype(str)
    published = PUBLISHED_SUPPORT.conform(pa.Table.from_pandas(frame, preserve_index=False))
    return Disclosed(
        table=published.replace_schema_metadata(None), entries=_entries(small=small, apart=apart, hidden=hidden)
    )


def _with_complements(frame: pd.DataFrame, hidden: pd.Series, *, rules: DisclosureProfile) -> pd.Series:
    """The rows that are hidden, with the years that protect another year of their bin."""
    hidden = hidden.copy()
    counts = frame[_COUNTS].astype("int64")
    everybody = frame["treated_in"] == ""
    for _, rows in frame.groupby(_BIN, sort=False):
        (total,), years = rows.index[everybody[rows.index]], rows.index[~everybody[rows.index]]
        if hidden[total]:
            hidden[years] = True
            continue
        hidden[years] = with_complement(counts.loc[years], hidden[years], rules=rules, total=counts.loc[total])
    return hidden


def _refuse_other_sums(frame: pd.DataFrame) -> None:
    everybody = frame["treated_in"] == ""
    years = frame[~everybody].groupby(_BIN)[_COUNTS].sum()
    apart = frame[everybody].set_index(_BIN)[_COUNTS].sub(years).astype("Float64").fillna(1.0)
    wrong = int((apart != 0).any(axis=1).sum())
    wrong += int((frame["n_with_reference"] > frame["n_treated"]).sum())
    if wrong:
        raise DisclosureError(
            Fault(
                what="people by year of treatment are not everybody, or more have a reference than there are",
                source="support",
                column=", ".join(_COUNTS),
                count=wrong,
                remedy="Count each treated person of a bin once, in one year.",
            )
        )


def _entries(*, small: pd.Series, apart: pd.Series, hidden: pd.Series) -> tuple[Entry, ...]:
    cells, visible = len(hidden) * len(_COUNTS), int((~hidden).sum()) * len(_COUNTS)
    affected = {
        SMALL_COUNTS: int(small.sum()) * len(_COUNTS),
        DIFFERENCES: int(apart.sum()) * len(_COUNTS),
        COMPLEMENT: int((hidden & ~small & ~apart).sum()) * len(_COUNTS),
    }
    return (
        *(Entry(table="support", rule=rule, cells=cells, affected=count) for rule, count in affected.items()),
        Entry(table="support", rule=ROUNDING, cells=visible, affected=visible),
    )
