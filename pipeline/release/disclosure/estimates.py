"""Estimates: who is behind each number, and how many of its digits leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.complement import with_complement
from pipeline.release.disclosure.counts import decimals, shown
from pipeline.release.disclosure.dominance import dominated_rows
from pipeline.release.disclosure.labels import entry, undeclared
from pipeline.release.disclosure.rules import (
    COMPLEMENT,
    CONTRIBUTORS,
    DOMINANCE,
    KEPT_BACK,
    PRECISION,
    RESIDUAL_DF,
    ROUNDING,
    SAMPLES,
    Disclosed,
    Entry,
    Rule,
    frame_of,
)
from pipeline.release.disclosure.safeguards import NUMBERS
from pipeline.release.disclosure.samples import differing_by_few
from pipeline.vocabulary.errors import DisclosureError, Fault
from pipeline.vocabulary.schemas.results import ESTIMATES, PUBLISHED_ESTIMATES

_SIDES = ["n_treated", "n_comparison"]
_FIGURES = [number for number in NUMBERS["estimates"] if number not in _SIDES]
_LEVELS_OF = ["estimator", "role", "outcome", "months_from", "months_to", "subgroup"]


def disclose_estimates(
    table: pa.Table,
    *,
    protocol: Mapping[str, Any],
    rules: DisclosureProfile,
    earlier: pd.DataFrame,
    contributions: pd.DataFrame,
) -> Disclosed:
    """The ``PUBLISHED_ESTIMATES``: every number of a row is there or none is.

    A row leaves if at least ``threshold`` people are behind it on each side, its model has at least
    ``minimum_residual_df`` degrees of freedom, nobody dominates its amount (:func:`dominated_rows`), and no level of
    its subgroup that is hidden could be had as everybody minus the levels shown (:func:`with_complement`, bin by bin).
    Nor may it differ by few people from another row of its kind, here or in ``earlier`` releases
    (:func:`differing_by_few`). A bin without people is not estimable; it is suppressed too, so that an empty bin and a
    small one look the same.

    Raises
    ------
    DisclosureError
        If a figure comes without its numbers of people, or an outcome is not in the protocol.
    """
    frame = frame_of(table.drop_columns(["covariance"]))
    _refuse_figures_without_people(frame)
    few = (frame[_SIDES] < rules.threshold).fillna(value=True).any(axis=1).astype(bool)
    saturated = (frame["residual_df"] < rules.minimum_residual_df).astype(bool)
    dominant = dominated_rows(frame, contributions, rules=rules)
    hidden = _with_complements(frame, few | saturated | dominant, rules=rules)
    apart = differing_by_few(frame, hidden, earlier=earlier, rules=rules)
    hidden = _with_complements(frame, hidden | apart, rules=rules)
    places = frame["outcome"].map(published_decimals(protocol, frame["outcome"].unique()))
    for side in _SIDES:
        frame[side] = shown(frame[side], hidden, rules)
    for figure in _FIGURES:
        frame[figure] = decimals(frame[figure].mask(hidden), places)
    frame["obs_status"] = hidden.map({True: "c", False: ""})
    unnamed = undeclared(frame["subgroup_value"], within=frame["subgroup"], hidden=hidden)
    published = pa.Table.from_pandas(frame[~unnamed], preserve_index=False)
    return Disclosed(
        table=PUBLISHED_ESTIMATES.conform(published).replace_schema_metadata(None),
        entries=(
            *_entries({CONTRIBUTORS: few, RESIDUAL_DF: saturated, DOMINANCE: dominant, SAMPLES: apart}, hidden=hidden),
            entry("estimates", unnamed),
        ),
    )


def published_decimals(protocol: Mapping[str, Any], outcomes: object) -> dict[str, int]:
    """How many decimals of each outcome the protocol publishes.

    Raises
    ------
    DisclosureError
        If an outcome is not declared: without decimals its figures have no precision rule.
    """
    declared = {outcome["name"]: int(outcome["decimals"]) for outcome in protocol["evaluation"]["outcomes"]}
    undeclared = [outcome for outcome in pd.Series(outcomes).unique() if outcome not in declared]
    if undeclared:
        remedy = "Declare the outcome with its decimals in the evaluation."
        what = "outcome is not in the protocol"
        raise DisclosureError(
            Fault(
                what=what, source="estimates", column="outcome", count=len(undeclared), unit="outcomes", remedy=remedy
            )
        )
    return declared


def _refuse_figures_without_people(frame: pd.DataFrame) -> None:
    bare = int((frame[_FIGURES].notna().any(axis=1) & frame[_SIDES].isna().any(axis=1)).sum())
    if bare:
        raise DisclosureError(
            Fault(
                what="figure without the number of people behind it",
                source="estimates",
                column=", ".join(_SIDES),
                count=bare,
                remedy="An estimator counts the people of every number it returns.",
            )
        )


def _with_complements(frame: pd.DataFrame, hidden: pd.Series, *, rules: DisclosureProfile) -> pd.Series:
    """The rows that are hidden, those included that protect another level of their subgroup in the same bin.

    People whose level is not recorded have no row here, so nothing is published of them that a remainder of rounded
    counts could be told about; where they are shown, in the balance table, they are a level like any other.
    """
    hidden = hidden.copy()
    counts = frame[_SIDES].fillna(0).astype("int64")
    for _, rows in frame[frame["subgroup"] != "all"].groupby(_LEVELS_OF, sort=False):
        if hidden[rows.index].any():
            hidden[rows.index] = with_complement(counts.loc[rows.index], hidden[rows.index], rules=rules)
    return hidden


def _entries(asked: Mapping[Rule, pd.Series], *, hidden: pd.Series) -> tuple[Entry, ...]:
    """The log: a cell is a number of a row. Each suppressed row is counted under the first rule that asked for it."""
    numbers = len(NUMBERS["estimates"])
    stays = sum(1 for column in ESTIMATES.names if column not in PUBLISHED_ESTIMATES.names)
    cells = len(hidden) * numbers
    visible = int((~hidden).sum())
    affected, left = {}, hidden.copy()
    for rule, rows in asked.items():
        affected[rule] = int((rows & left).sum()) * numbers
        left &= ~rows
    affected[COMPLEMENT] = int(left.sum()) * numbers
    return (
        *(Entry(table="estimates", rule=rule, cells=cells, affected=count) for rule, count in affected.items()),
        Entry(table="estimates", rule=ROUNDING, cells=visible * len(_SIDES), affected=visible * len(_SIDES)),
        Entry(table="estimates", rule=PRECISION, cells=visible * len(_FIGURES), affected=visible * len(_FIGURES)),
        Entry(table="estimates", rule=KEPT_BACK, cells=len(hidden) * stays, affected=len(hidden) * stays),
    )
