"""Which people identify the effect so long after the index, by the year in which they were treated."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.effects import declaration, period_unit
from pipeline.release.publication.pages.tables import Table
from pipeline.release.publication.pages.words import NOT_AVAILABLE, SUPPRESSED, as_heading, count, span


@dataclass(frozen=True, kw_only=True)
class SupportSection:
    """A sentence on the last bin, the years of every bin, and the people of every year."""

    sentence: str
    years: Table
    people: Table


def support_section(release: Release) -> SupportSection | None:
    """What the released support says; nothing where it has no rows."""
    bins = _bins(release)
    if not bins:
        return None
    evaluation = declaration(release)
    unit = period_unit(evaluation)
    (first, last), rows = list(bins.items())[-1]
    return SupportSection(
        sentence=f"The change from the reference to {span(first, last, unit=unit)} is seen for people treated in "
        f"{_years(rows)} only.",
        years=_years_table(bins, unit=unit, outcome=evaluation.outcomes[0].title),
        people=_people_table(bins, unit=unit),
    )


_Bins = dict[tuple[int, int], list[dict[str, Any]]]


def _bins(release: Release) -> _Bins:
    """The rows of each bin, everybody's first, then by when people were treated."""

    def bounds(row: dict[str, Any]) -> tuple[int, int]:
        return row["months_from"], row["months_to"]

    ordered = sorted(release.support.to_pylist(), key=lambda row: (*bounds(row), row["treated_in"]))
    return {key: list(rows) for key, rows in groupby(ordered, key=bounds)}


def _years(rows: list[dict[str, Any]]) -> str:
    """``2014 to 2016``: the first and the last whose people have a reference; and that others are withheld."""
    of_years = [row for row in rows if row["treated_in"]]
    known = [row["treated_in"] for row in of_years if row["n_with_reference"]]
    withheld = any(row["obs_status"] == "c" for row in of_years)
    if not known:
        return SUPPRESSED if withheld else NOT_AVAILABLE
    told = known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"
    return f"{told}, and others withheld {SUPPRESSED}" if withheld else told


def _years_table(bins: _Bins, *, unit: str, outcome: str) -> Table:
    """A line a bin: which years identify it, and how many people are seen in it."""
    rows = tuple(
        (
            span(first, last, unit=unit),
            _years(mine),
            *(count(mine[0][name], suppressed=mine[0]["obs_status"] == "c") for name in _COUNTS),
        )
        for (first, last), mine in bins.items()
    )
    return Table(
        key="support-years",
        caption=f"Treated people seen in each {unit} since the index, and when they were treated: {outcome}",
        headings=(as_heading(unit), "Treated in", "Treated people", "Of them seen in the reference"),
        rows=rows,
        labels=2,
    )


_COUNTS = ("n_treated", "n_with_reference")


def _people_table(bins: _Bins, *, unit: str) -> Table:
    """A line a bin, a column a year: the people treated then who are seen in the bin and in the reference."""
    years = [row["treated_in"] for row in next(iter(bins.values())) if row["treated_in"]]
    rows = tuple(
        (
            span(first, last, unit=unit),
            *(count(row["n_with_reference"], suppressed=row["obs_status"] == "c") for row in mine if row["treated_in"]),
        )
        for (first, last), mine in bins.items()
    )
    return Table(
        key="support-people",
        caption="Treated people seen in the period and in the reference, by when they were treated",
        headings=(as_heading(unit), *(as_heading(year) for year in years)),
        rows=rows,
    )
