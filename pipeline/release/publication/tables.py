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
from pipeline.vocabulary.schemas.rtt import PUBLISHED_WAITS
from pipeline.vocabulary.schemas.schema import Schema

Places = Callable[[str, int], int | None]
"""Decimals of a column in a row; ``None``: as many digits as the number has."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who published figures before they stand in a release, and the licence under which they may."""

    source: str
    licence: str


NHS_ENGLAND = Owner(
    source="NHS England, Consultant-led Referral to Treatment Waiting Times, full CSV data file",
    licence="Open Government Licence v3.0",
)


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
    owner
        Whose figures they are where they are not the release's own.
    """

    name: str
    title: str
    description: str
    schema: Schema
    rows: pa.Table
    places: Places
    owner: Owner | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What every publication's table of a name is like, whatever releases it is of.

    Attributes
    ----------
    of_the_delivery
        Whether its rows belong to the one delivery, and stand once however many releases carry them.
    places
        From the releases and the table's rows: how many decimals a number is written with.
    """

    name: str
    title: str
    description: str
    schema: Schema
    places: Callable[[Sequence[Release], pa.Table], Places]
    of_the_delivery: bool = False
    owner: Owner | None = None

    def of(self, releases: Sequence[Release]) -> PublishedTable:
        """The table of some releases."""
        combined = _of_the_delivery if self.of_the_delivery else _stacked
        rows = combined(self.schema, [getattr(release, self.name) for release in releases])
        return PublishedTable(
            name=self.name,
            title=self.title,
            description=self.description,
            schema=self.schema,
            rows=rows,
            places=self.places(releases, rows),
            owner=self.owner,
        )


def published_tables(releases: Sequence[Release]) -> tuple[PublishedTable, ...]:
    """Every kind of table, of all releases.

    Raises
    ------
    DisclosureError
        If two releases show the linkage quality of the same people, or the same waits, differently.
    """
    ordered = sorted(releases, key=lambda release: release.evaluation)
    return tuple(kind.of(ordered) for kind in KINDS)


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


def _decomposition_places(releases: Sequence[Release], rows: pa.Table) -> Places:
    """The outcome's decimals for the estimate, two for weights."""
    of_outcome = _outcome_places(releases, rows)
    return lambda column, row: of_outcome(column, row) if column == "estimate" else 2


def _as_many_as_it_has(_releases: Sequence[Release], _rows: pa.Table) -> Places:
    return lambda _column, _row: None


def _so_many(usual: int, **others: int) -> Callable[[Sequence[Release], pa.Table], Places]:
    """The same decimals in every row, of some columns others."""
    return lambda _releases, _rows: lambda column, _row: others.get(column, usual)


def _of_the_delivery(schema: Schema, tables: Sequence[pa.Table]) -> pa.Table:
    """What belongs to the one delivery: each row once, however many releases carry it."""
    stacked = pa.concat_tables([schema.arrow.empty_table(), *tables])
    once = stacked.group_by(list(schema.names), use_threads=False).aggregate([]).select(list(schema.names))
    try:
        return schema.conform(once)
    except SchemaError:
        what = "releases show the same figures of the delivery differently: what one hides, another may give back"
        remedy = "Disclose all evaluations of a delivery with one profile, the strictest."
        raise DisclosureError(Fault(what=what, source=schema.name, remedy=remedy)) from None


KINDS = (
    Kind(
        name="estimates",
        title="Estimated effects",
        description="One row per publishable number: an effect with its errors and the people behind it.",
        schema=PUBLISHED_ESTIMATES,
        places=_outcome_places,
    ),
    Kind(
        name="diagnostics",
        title="Checks on the estimates",
        description="One row per check, estimator and outcome.",
        schema=DIAGNOSTICS,
        places=_as_many_as_it_has,
    ),
    Kind(
        name="attrition",
        title="Who was excluded, and why",
        description="One row per arm and exclusion step: the numbers of the flow diagram.",
        schema=PUBLISHED_ATTRITION,
        places=_as_many_as_it_has,
    ),
    Kind(
        name="linkage_quality",
        title="How well the sources were linked",
        description="One row per link, characteristic and level.",
        schema=PUBLISHED_LINKAGE_QUALITY,
        places=_so_many(2),
        of_the_delivery=True,
    ),
    Kind(
        name="balance",
        title="How alike the arms are",
        description="One row per characteristic and level: people and shares in each arm.",
        schema=PUBLISHED_BALANCE,
        places=_so_many(4, smd=3),
    ),
    Kind(
        name="decomposition",
        title="Why the estimators differ",
        description="One row per outcome, period and part of the gap between fixed effects and Sun-Abraham.",
        schema=PUBLISHED_DECOMPOSITION,
        places=_decomposition_places,
    ),
    Kind(
        name="support",
        title="Who identifies which horizon",
        description="One row per period and year of treatment: treated people seen then, and in the reference too.",
        schema=PUBLISHED_SUPPORT,
        places=_as_many_as_it_has,
    ),
    Kind(
        name="waits",
        title="How long people wait",
        description="One row per month, area and specialty: published figures, shown beside the estimates as they "
        "are. Sums over providers, medians and percentiles are made from the published bands of one week. "
        f"Source: {NHS_ENGLAND.source}; {NHS_ENGLAND.licence}.",
        schema=PUBLISHED_WAITS,
        places=_so_many(1, within_18_weeks=4),
        of_the_delivery=True,
        owner=NHS_ENGLAND,
    ),
)
"""The tables of a publication, in the order in which they are listed."""
