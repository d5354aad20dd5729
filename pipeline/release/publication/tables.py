"""The tables of a publication: what of which releases goes into which file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.release.disclosure import Release
from pipeline.vocabulary.errors import DisclosureError, Fault, SchemaError
from pipeline.vocabulary.schemas.results import (
    DIAGNOSTICS,
    PUBLISHED_ATTRITION,
    PUBLISHED_BALANCE,
    PUBLISHED_DECOMPOSITION,
    PUBLISHED_ESTIMATES,
    PUBLISHED_LINKAGE_QUALITY,
    PUBLISHED_SUPPORT,
)
from pipeline.vocabulary.schemas.schema import Schema

Places = Callable[[str, int], int | None]
"""Decimals of a column in a row; ``None``: as many digits as the number has."""


@dataclass(frozen=True, kw_only=True)
class PublishedTable:
    """One table of a publication.

    Attributes
    ----------
    name
        The files' name without ending.
    title, description
        For people, in the CSVW metadata and the workbook.
    schema
        Its columns and key.
    rows
        The rows of every release, evaluations in order of name.
    places
        How many decimals a number is written with.
    """

    name: str
    title: str
    description: str
    schema: Schema
    rows: pa.Table
    places: Places


def published_tables(releases: Sequence[Release]) -> tuple[PublishedTable, ...]:
    """Estimates, diagnostics, attrition, linkage quality, balance, decomposition and support of all releases.

    Raises
    ------
    DisclosureError
        If two releases show the linkage quality of the same people differently.
    """
    ordered = sorted(releases, key=lambda release: release.evaluation)
    estimates = _stacked(PUBLISHED_ESTIMATES, [release.estimates for release in ordered])
    decomposition = _stacked(PUBLISHED_DECOMPOSITION, [release.decomposition for release in ordered])
    return (
        PublishedTable(
            name="estimates",
            title="Estimated effects",
            description="One row per publishable number: an effect with its errors and the people behind it.",
            schema=PUBLISHED_ESTIMATES,
            rows=estimates,
            places=_outcome_places(ordered, estimates),
        ),
        PublishedTable(
            name="diagnostics",
            title="Checks on the estimates",
            description="One row per check, estimator and outcome.",
            schema=DIAGNOSTICS,
            rows=_stacked(DIAGNOSTICS, [release.diagnostics for release in ordered]),
            places=lambda _column, _row: None,
        ),
        PublishedTable(
            name="attrition",
            title="Who was excluded, and why",
            description="One row per arm and exclusion step: the numbers of the flow diagram.",
            schema=PUBLISHED_ATTRITION,
            rows=_stacked(PUBLISHED_ATTRITION, [release.attrition for release in ordered]),
            places=lambda _column, _row: None,
        ),
        PublishedTable(
            name="linkage_quality",
            title="How well the sources were linked",
            description="One row per link, characteristic and level.",
            schema=PUBLISHED_LINKAGE_QUALITY,
            rows=_linkage_quality(ordered),
            places=lambda _column, _row: 2,
        ),
        PublishedTable(
            name="balance",
            title="How alike the arms are",
            description="One row per characteristic and level: people and shares in each arm.",
            schema=PUBLISHED_BALANCE,
            rows=_stacked(PUBLISHED_BALANCE, [release.balance for release in ordered]),
            places=lambda column, _row: 3 if column == "smd" else 4,
        ),
        PublishedTable(
            name="decomposition",
            title="Why the estimators differ",
            description="One row per outcome, period and part of the gap between fixed effects and Sun-Abraham.",
            schema=PUBLISHED_DECOMPOSITION,
            rows=decomposition,
            places=_decomposition_places(_outcome_places(ordered, decomposition)),
        ),
        PublishedTable(
            name="support",
            title="Who identifies which horizon",
            description="One row per period and year of treatment: treated people seen then, and in the reference too.",
            schema=PUBLISHED_SUPPORT,
            rows=_stacked(PUBLISHED_SUPPORT, [release.support for release in ordered]),
            places=lambda _column, _row: None,
        ),
    )


def _stacked(schema: Schema, tables: Sequence[pa.Table]) -> pa.Table:
    return schema.conform(pa.concat_tables([schema.arrow.empty_table(), *tables])).combine_chunks()


def _outcome_places(releases: Sequence[Release], rows: pa.Table) -> Places:
    """The decimals that each evaluation's protocol declares for its outcomes."""
    declared = {
        (release.evaluation, outcome["name"]): int(outcome["decimals"])
        for release in releases
        for outcome in release.protocol["evaluation"]["outcomes"]
    }
    pairs = zip(rows["evaluation"].to_pylist(), rows["outcome"].to_pylist(), strict=True)
    each = [declared[pair] for pair in pairs]
    return lambda _column, row: each[row]


def _decomposition_places(of_outcome: Places) -> Places:
    """The outcome's decimals for the estimate, two for weights."""
    return lambda column, row: of_outcome(column, row) if column == "estimate" else 2


def _linkage_quality(releases: Sequence[Release]) -> pa.Table:
    """The linkage of the one delivery: each row once, however many releases carry it."""
    schema = PUBLISHED_LINKAGE_QUALITY
    stacked = pa.concat_tables([schema.arrow.empty_table(), *(release.linkage_quality for release in releases)])
    once = stacked.group_by(list(schema.names), use_threads=False).aggregate([]).select(list(schema.names))
    try:
        return schema.conform(once)
    except SchemaError:
        what = "releases show the linkage of the same people differently: what one hides, another may give back"
        remedy = "Disclose all evaluations of a delivery with one profile, the strictest."
        raise DisclosureError(Fault(what=what, source="linkage_quality", remedy=remedy)) from None
