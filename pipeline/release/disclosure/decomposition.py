"""Why two estimators differ: parts of a gap that everybody can compute from what is published already.

The parts of a bin add up to the difference of two published estimates, the comparisons of timing groups average to the
static effect, and what people treated in each year add comes to the difference once more. So either every part of a bin
(every comparison) is shown or none, whose contributors are all treated people in the months of the part; and years are
levels, hidden with the next smallest (:func:`with_complement`). Effects that are not told apart are often of a timing
group or two: where they are of too few people they are counted with those of other months after the index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.complement import with_complement
from pipeline.release.disclosure.counts import decimals, shown, unsafe
from pipeline.release.disclosure.estimates import published_decimals
from pipeline.release.disclosure.rules import (
    COMPLEMENT,
    CONTRIBUTORS,
    KEPT_BACK,
    MERGED,
    MODEL,
    PRECISION,
    ROUNDING,
    Disclosed,
    Entry,
    frame_of,
)
from pipeline.release.disclosure.safeguards import NUMBERS
from pipeline.vocabulary.schemas.results import PUBLISHED_DECOMPOSITION

WEIGHT_DECIMALS = 2
"""Of a sum of weights: they follow from numbers of people, which more digits would give back."""

_ESTIMATORS = ["ons_fixed_effects", "sun_abraham"]
_SIDES = ["n_treated", "n_comparison"]
_PARTS = ["timing_group_weights", "other_months_after", "months_before", "not_told_apart"]
_KINDS = [
    "treated_versus_never_treated", "earlier_versus_later_treated", "later_versus_earlier_treated", "not_by_pairs",
]  # fmt: skip
_NOT_TOLD_APART, _TAKES_FEW = "not_told_apart", "other_months_after"
_BIN = ["outcome", "months_from", "months_to"]


def disclose_decomposition(
    table: pa.Table, *, estimates: pa.Table, protocol: Mapping[str, Any], rules: DisclosureProfile
) -> Disclosed:
    """The ``PUBLISHED_DECOMPOSITION``: every number of a row is there or none is.

    A row leaves if at least ``threshold`` people are behind it on each side, and nobody or as many in the bin itself;
    if both estimates of its bin are published (of all bins from the index on, for a static row); and if subtraction
    from the gap gives back no other row that is hidden.
    """
    frame = _merged(frame_of(table), rules=rules)
    withheld = _withheld(frame, estimates)
    few = (frame[_SIDES] < rules.threshold).any(axis=1) | unsafe(frame["n_in_bin"], rules)
    few = few.fillna(value=True).astype(bool)
    hidden = _with_complements(frame, withheld | few, rules=rules)
    places = frame["outcome"].map(published_decimals(protocol, frame["outcome"].unique()))
    for side in _SIDES:
        frame[side] = shown(frame[side], hidden, rules)
    frame["estimate"] = decimals(frame["estimate"].mask(hidden), places)
    for weight in ("positive_weight", "negative_weight"):
        frame[weight] = decimals(frame[weight].mask(hidden), WEIGHT_DECIMALS)
    frame["obs_status"] = hidden.map({True: "c", False: ""}).astype(str)
    published = PUBLISHED_DECOMPOSITION.conform(pa.Table.from_pandas(frame, preserve_index=False))
    return Disclosed(
        table=published.replace_schema_metadata(None),
        entries=(
            *_entries(withheld=withheld, few=few, hidden=hidden),
            Entry(table="decomposition", rule=MERGED, cells=table.num_rows, affected=table.num_rows - len(frame)),
        ),
    )


def _merged(frame: pd.DataFrame, *, rules: DisclosureProfile) -> pd.DataFrame:
    """The rows, with what is not told apart and of too few people as a share of another part of its bin."""
    few = (frame["part"] == _NOT_TOLD_APART) & (frame[_SIDES] < rules.threshold).any(axis=1)
    takers = frame["part"] == _TAKES_FEW
    keyed = frame.set_index(_BIN)
    merged = frame.copy()
    added = few & keyed.index.isin(keyed.index[takers.to_numpy()])
    for figure in ("estimate", "positive_weight", "negative_weight"):
        small = frame[added].set_index(_BIN)[figure]
        share = small.reindex(keyed.index[takers.to_numpy()]).fillna(0.0).to_numpy()
        merged.loc[takers, figure] = frame.loc[takers, figure].to_numpy() + share
    return merged[~added].reset_index(drop=True)


def _withheld(frame: pd.DataFrame, estimates: pa.Table) -> pd.Series:
    """The rows of a bin of which one estimate for everybody is not published."""
    rows = frame_of(estimates.select(["estimator", "subgroup", *_BIN, "obs_status"]))
    rows = rows[(rows["subgroup"] == "all") & rows["estimator"].isin(_ESTIMATORS)]
    bins_of = {name: set(_bins(rows[rows["estimator"] == name])) for name in _ESTIMATORS}
    suppressed = rows[rows["obs_status"] == "c"]
    published = set.intersection(*bins_of.values()) - set(_bins(suppressed))
    broken = {outcome for outcome, first, _ in _bins(suppressed) if first >= 1}
    static = frame["part"].isin(["static", *_KINDS])
    in_bin = pd.Series([one not in published for one in _bins(frame)], index=frame.index, dtype=bool)
    return in_bin.mask(static, frame["outcome"].isin(broken | (set(frame["outcome"]) - {o for o, *_ in published})))


def _bins(frame: pd.DataFrame) -> list[tuple[str, int, int]]:
    return list(zip(frame["outcome"], frame["months_from"], frame["months_to"], strict=True))


def _with_complements(frame: pd.DataFrame, hidden: pd.Series, *, rules: DisclosureProfile) -> pd.Series:
    """The rows that are hidden, with all parts of a bin of which one is, all comparisons, and years beside years."""
    hidden = hidden.copy()
    for _, rows in frame.groupby(_BIN, sort=False):
        for names in (_PARTS, _KINDS):
            parts = rows.index[rows["part"].isin(names)]
            hidden[parts] = hidden[parts].any()
        years = rows.index[rows["part"] == "timing_group"]
        if hidden[years].any():
            counts = frame.loc[years, ["n_treated", "n_in_bin"]].astype("int64")
            hidden[years] = with_complement(counts, hidden[years], rules=rules)
    return hidden


def _entries(*, withheld: pd.Series, few: pd.Series, hidden: pd.Series) -> tuple[Entry, ...]:
    """The log: a cell is a number of a row, counted under the first rule that asked for its suppression."""
    numbers = len(NUMBERS["decomposition"])
    cells, visible = len(hidden) * numbers, int((~hidden).sum())
    figures = numbers - len(_SIDES)
    affected = {
        MODEL: int(withheld.sum()) * numbers,
        CONTRIBUTORS: int((few & ~withheld).sum()) * numbers,
        COMPLEMENT: int((hidden & ~few & ~withheld).sum()) * numbers,
    }
    return (
        *(Entry(table="decomposition", rule=rule, cells=cells, affected=count) for rule, count in affected.items()),
        Entry(table="decomposition", rule=ROUNDING, cells=visible * len(_SIDES), affected=visible * len(_SIDES)),
        Entry(table="decomposition", rule=PRECISION, cells=visible * figures, affected=visible * figures),
        Entry(table="decomposition", rule=KEPT_BACK, cells=len(hidden), affected=len(hidden)),
    )
