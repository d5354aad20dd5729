"""How long people wait, as published: the latest month of England and its areas beside an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.release.publication.pages.charts.drawing import Drawing
from pipeline.release.publication.pages.charts.waits import MedianWaits, median_waits
from pipeline.release.publication.pages.tables import Table
from pipeline.release.publication.pages.words import NOT_AVAILABLE, number, statistic
from pipeline.release.publication.tables import NHS_ENGLAND
from pipeline.vocabulary.months import first_day, parse_month
from pipeline.vocabulary.schemas.rtt import ENGLAND

SOURCE = (
    f"Source: {NHS_ENGLAND.source}; {NHS_ENGLAND.licence}. These figures are published already and are shown as they "
    "are: they are no estimates, and no rule for people's records applies to them. Sums over providers, medians and "
    "percentiles are made here from the published counts in bands of a week."
)

_YEAR = 12
_STANDARD = "the standard is 92 per cent"

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Waits:
    """The waits of one specialty: a sentence, the medians over time, England and its areas in the latest month."""

    key: str
    title: str
    sentence: str
    chart: tuple[Drawing, ...]
    areas: Table


@dataclass(frozen=True, kw_only=True)
class _Specialty:
    """The rows of one specialty by area and month, its latest month and the one it is held against."""

    code: str
    name: str
    rows: Mapping[tuple[str, int], Row]
    latest: int
    earlier: int | None

    def row(self, area: str, month: int | None) -> Row | None:
        """An area's row; ``None`` where it has none in the month."""
        return None if month is None else self.rows.get((area, month))

    @property
    def areas(self) -> list[Row]:
        """The rows of the latest month: England, then its areas by name."""
        rows = [row for (_, month), row in self.rows.items() if month == self.latest]
        return sorted(rows, key=lambda row: (row["area"] != ENGLAND, row["area_name"], row["area"]))


def waits(rows: pa.Table) -> tuple[Waits, ...]:
    """Each specialty of ``PUBLISHED_WAITS``; none where there are no rows."""
    return tuple(_waits(specialty) for specialty in _specialties(rows))


def england_table(rows: pa.Table) -> Table:
    """England's line of each specialty."""
    specialties = _specialties(rows)
    lines = [(one, one.row(ENGLAND, one.latest)) for one in specialties]
    at = f" at the end of {_month(specialties[0].latest)}" if specialties else ""
    return Table(
        key="waits-table",
        caption=f"People waiting in England{at}",
        headings=("Specialty", *_headings(specialties[0].earlier if specialties else None)),
        rows=tuple((one.name, *_figures(row, one)) for one, row in lines if row),
    )


def _specialties(rows: pa.Table) -> list[_Specialty]:
    """The specialties by code. The latest month is held against the same a year before, else the first delivered."""
    by_code: dict[str, list[Row]] = {}
    for row in rows.to_pylist():
        by_code.setdefault(row["specialty"], []).append(row)
    months = sorted({parse_month(month) for month in rows["month"].unique().to_pylist()})
    earlier = months[-1] - _YEAR if months and months[-1] - _YEAR in months else next(iter(months[:-1]), None)
    return [
        _Specialty(
            code=code,
            name=max(found, key=lambda row: str(row["month"]))["specialty_name"],
            rows={(row["area"], parse_month(row["month"])): row for row in found},
            latest=months[-1],
            earlier=earlier,
        )
        for code, found in sorted(by_code.items())
    ]


def _waits(one: _Specialty) -> Waits:
    key = f"waits-{one.code.lower().replace('_', '-')}"
    return Waits(
        key=key,
        title=one.name,
        sentence=_sentence(one),
        chart=median_waits(_medians(one), key=f"{key}-chart"),
        areas=Table(
            key=f"{key}-areas",
            caption=f"{one.name}: people waiting at the end of {_month(one.latest)}",
            headings=("Area", *_headings(one.earlier)),
            rows=tuple((row["area_name"], *_figures(row, one)) for row in one.areas),
        ),
    )


def _headings(earlier: int | None) -> tuple[str, ...]:
    than = _month(earlier) if earlier else "an earlier month"
    return (
        "Waiting",
        "Median, weeks",
        f"Change since {than}, weeks",
        "92nd percentile, weeks",
        "Within 18 weeks, per cent",
        f"Change since {than}, percentage points",
    )


def _figures(row: Row, one: _Specialty) -> tuple[str, ...]:
    """A line's figures; ``[x]`` where a wait lies in the last band, or there is nothing to hold it against."""
    before = one.row(row["area"], one.earlier) or {}
    return (
        f"{row['n_waits']:,}",
        statistic(row["median_weeks"], 1, suppressed=False),
        _change(row["median_weeks"], before.get("median_weeks")),
        statistic(row["percentile_92_weeks"], 1, suppressed=False),
        number(100 * row["within_18_weeks"], 1),
        _change(row["within_18_weeks"], before.get("within_18_weeks"), times=100),
    )


def _change(now: float | None, before: float | None, *, times: int = 1) -> str:
    if now is None or before is None:
        return NOT_AVAILABLE
    change = number(times * (now - before), 1)
    return f"+{change}" if now > before and any(digit in "123456789" for digit in change) else change


def _sentence(one: _Specialty) -> str:
    row = one.row(ENGLAND, one.latest)
    if row is None:
        return "England has no figure in the latest month."
    half = "" if row["median_weeks"] is None else f", half of them for {number(row['median_weeks'], 1)} weeks or less"
    before = one.row(ENGLAND, one.earlier)
    then = "" if before is None or one.earlier is None else f" In {_month(one.earlier)} {_within(before)} had."
    return (
        f"At the end of {_month(one.latest)} {row['n_waits']:,} people in England were waiting{half}. "
        f"{_within(row)} had waited 18 weeks or less; {_STANDARD}.{then}"
    )


def _within(row: Row) -> str:
    return f"{number(100 * row['within_18_weeks'], 1)} per cent"


def _medians(one: _Specialty) -> MedianWaits:
    by_area: dict[str, list[tuple[int, float]]] = {}
    for (area, month), row in sorted(one.rows.items()):
        if row["median_weeks"] is not None:
            by_area.setdefault(area, []).append((month, row["median_weeks"]))
    england = tuple(by_area.pop(ENGLAND, ()))
    return MedianWaits(specialty=one.name, england=england, areas=tuple(tuple(line) for line in by_area.values()))


def _month(month: int) -> str:
    return f"{first_day(month):%B %Y}"
