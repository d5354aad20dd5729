"""The rules as data: what each protects and what is done where it does not hold."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from pipeline.vocabulary.schemas.results import DISCLOSURE_LOG


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: its name in the log, what it protects, what is done."""

    name: str
    protects: str
    action: str


SMALL_COUNTS = Rule(
    name="small counts",
    protects="a person in a group so small that its members can be told apart",
    action="suppressed",
)
ROUNDING = Rule(
    name="rounded counts",
    protects="a person who could be found by subtracting one published count from another",
    action="rounded to the nearest multiple of the profile's base",
)
CONTRIBUTORS = Rule(
    name="contributors",
    protects="the people behind an estimate, on each side of the comparison",
    action="the estimate, its errors, intervals, bands and counts suppressed",
)
RESIDUAL_DF = Rule(
    name="residual degrees of freedom",
    protects="the records that a saturated model would give back",
    action="the estimate, its errors, intervals, bands and counts suppressed",
)
DOMINANCE = Rule(
    name="dominance",
    protects="a person who is nearly all of an amount, from whoever has the rest of it",
    action="the estimate, its errors, intervals, bands and counts suppressed",
)
COMPLEMENT = Rule(
    name="complement",
    protects="a suppressed level that is everybody minus the levels published beside it",
    action="the next smallest level suppressed too",
)
SAMPLES = Rule(
    name="samples that differ by few",
    protects="the few people by whom two estimates of one kind differ, in this release or an earlier one",
    action="the run, the level or the newer of the two suppressed",
)
AUDIT = Rule(
    name="audit",
    protects="a suppressed count that follows, nearly, from everything published here and in earlier releases",
    action="further cells suppressed until enough values are left for it, else the release refused",
)
MERGED = Rule(
    name="merged parts",
    protects="the people of a part of a sum that are too few to show",
    action="added to another part of the same sum",
)
DIFFERENCES = Rule(
    name="differences in a flow",
    protects="a suppressed exclusion that is the difference of the people remaining before and after it",
    action="neighbouring counts suppressed where rounding alone would not hide the difference",
)
DERIVED = Rule(
    name="derived figures",
    protects="the exact counts that an exact rate, share or difference would give back",
    action="made again from the rounded counts",
)
PRECISION = Rule(
    name="precision",
    protects="what surplus digits of a figure say about single records",
    action="rounded to the published decimals",
)
MODEL = Rule(
    name="figures of a suppressed model",
    protects="a suppressed estimate that a check on the same model describes",
    action="status, figure and sentence withheld",
)
FREE_TEXT = Rule(
    name="numbers in free text",
    protects="a count that is written into a sentence instead of a column",
    action="a number that the protocol does not declare is treated as a count",
)
LABELS = Rule(
    name="names of levels",
    protects="a value of a record that stands as the name of a level with too few people",
    action="the row left out",
)
KEPT_BACK = Rule(
    name="columns that stay",
    protects="what serves inference and would give back exact counts or every cross-product",
    action="not published",
)
PUBLISHED_ALREADY = Rule(
    name="published already",
    protects="nobody: the owner has published these figures under rules of its own",
    action="as published",
)

RULES = (
    SMALL_COUNTS, ROUNDING, CONTRIBUTORS, RESIDUAL_DF, DOMINANCE, COMPLEMENT, SAMPLES, AUDIT, MERGED, DIFFERENCES,
    DERIVED, PRECISION, MODEL, FREE_TEXT, LABELS, KEPT_BACK, PUBLISHED_ALREADY,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the log: how many cells of a table a rule looked at and how many it changed or withheld."""

    table: str
    rule: Rule
    cells: int
    affected: int


@dataclass(frozen=True, kw_only=True)
class Disclosed:
    """A table that has met its rules, and what they did."""

    table: pa.Table
    entries: tuple[Entry, ...]


def log_table(entries: tuple[Entry, ...]) -> pa.Table:
    """The ``DISCLOSURE_LOG`` of every rule that was applied, in the order of application."""
    rows = [
        {"table": e.table, "rule": e.rule.name, "cells": e.cells, "affected": e.affected, "action": e.rule.action}
        for e in entries
    ]
    return DISCLOSURE_LOG.of_rows(rows)


def frame_of(table: pa.Table) -> pd.DataFrame:
    """A table as a frame whose integers can be null."""
    nullable = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype()}
    return pd.DataFrame(table.to_pandas(types_mapper=nullable.get))
