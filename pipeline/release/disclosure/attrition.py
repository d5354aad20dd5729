r"""The flow diagram: exclusions, who remains, and what subtraction would give back.

With counts rounded to the nearest :math:`b`, two neighbouring boxes that differ by :math:`D` say of the exclusion
between them only that it lies in :math:`[D - (b - 1), D + (b - 1)]`. Of a suppressed one it is known besides that it
lies in 1 to ``threshold - 1``. Under ``ons_10_5`` that leaves 1 to 4 (D = 0), 1 to 9 (D = 5) or 6 to 9 (D = 10): four
people at the least, never one. Where the base is less than half the threshold, a difference can be told as small, and
the neighbouring counts are suppressed until at least ``threshold`` people lie between two boxes that are shown.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.counts import shown, unsafe
from pipeline.release.disclosure.rules import DIFFERENCES, ROUNDING, SMALL_COUNTS, Disclosed, Entry, frame_of
from pipeline.vocabulary.errors import DisclosureError, Fault
from pipeline.vocabulary.schemas.results import PUBLISHED_ATTRITION

_COUNTS = ["excluded", "remaining"]


def disclose_attrition(table: pa.Table, *, evaluation: str, rules: DisclosureProfile) -> Disclosed:
    """The ``PUBLISHED_ATTRITION``: a small exclusion or a small remainder is suppressed cell by cell.

    Raises
    ------
    DisclosureError
        If a step does not leave what the step before it had, less those excluded: then no difference is protected.
    """
    frame = frame_of(table).sort_values(["arm", "step"], ascending=[False, True], ignore_index=True)
    _refuse_broken_flow(frame)
    small = frame[_COUNTS].apply(unsafe, rules=rules)
    hidden = small.copy()
    if 2 * rules.round_to < rules.threshold:
        for _, rows in frame.groupby("arm", sort=False):
            hidden.loc[rows.index] = with_differences(rows["excluded"], small.loc[rows.index], rules=rules)
    for column in _COUNTS:
        frame[column] = shown(frame[column], hidden[column], rules)
    frame["obs_status"] = hidden.any(axis=1).map({True: "c", False: ""})
    frame.insert(0, "evaluation", evaluation)
    published = PUBLISHED_ATTRITION.conform(pa.Table.from_pandas(frame, preserve_index=False))
    return Disclosed(table=published.replace_schema_metadata(None), entries=_entries(small=small, hidden=hidden))


def with_differences(excluded: pd.Series, small: pd.DataFrame, *, rules: DisclosureProfile) -> pd.DataFrame:
    """Which cells of one arm are hidden, so that no difference of boxes shown is 1 to ``threshold - 1`` people.

    From each small exclusion the hidden stretch grows forwards, and backwards where the flow ends, until its
    exclusions come to the threshold; inside it nothing is shown but what remains after its last step.
    """
    counts = excluded.astype("int64").tolist()
    hidden = small.copy()
    hidden.loc[small["remaining"], "excluded"] = True
    for start in [place for place, few in enumerate(small["excluded"]) if few]:
        first = last = start
        while sum(counts[first : last + 1]) < rules.threshold and last + 1 < len(counts):
            last += 1
        while sum(counts[first : last + 1]) < rules.threshold and first > 0:
            first -= 1
        hidden.loc[small.index[first : last + 1], "excluded"] = True
        hidden.loc[small.index[first:last], "remaining"] = True
    return hidden


def _refuse_broken_flow(frame: pd.DataFrame) -> None:
    before = frame.groupby("arm", sort=False)["remaining"].shift()
    broken = int((before.notna() & (before - frame["excluded"] != frame["remaining"])).sum())
    if broken:
        raise DisclosureError(
            Fault(
                what="a step does not leave the people of the step before it less those excluded",
                source="attrition",
                column="remaining",
                count=broken,
                remedy="Count every exclusion in its step.",
            )
        )


def _entries(*, small: pd.DataFrame, hidden: pd.DataFrame) -> tuple[Entry, ...]:
    cells = int(small.size)
    few, all_hidden = int(small.to_numpy().sum()), int(hidden.to_numpy().sum())
    return (
        Entry(table="attrition", rule=SMALL_COUNTS, cells=cells, affected=few),
        Entry(table="attrition", rule=DIFFERENCES, cells=cells, affected=all_hidden - few),
        Entry(table="attrition", rule=ROUNDING, cells=cells - all_hidden, affected=cells - all_hidden),
    )
