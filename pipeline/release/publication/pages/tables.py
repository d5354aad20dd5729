"""Released tables as the page shows them: every cell a text, counts rounded already, symbols where a cell is empty."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.effects import Effect, Interval, OutcomeEffects
from pipeline.release.publication.pages.words import (
    NOT_APPLICABLE,
    NOT_AVAILABLE,
    as_heading,
    count,
    number,
    span,
    statistic,
    symbol,
)

_STATUSES = {"pass": "✓ pass", "review": "? review", "fail": "✗ fail", "not evaluated": "– not evaluated"}  # noqa: RUF001 - the marks are read with their words
_REVISIONS_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table to be shown: the first ``labels`` columns are words, the others numbers."""

    key: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: int = 1
    note: str = ""


def effect_table(effects: OutcomeEffects, *, key: str) -> Table:
    """The numbers behind an event-study chart, the reference among them as zero."""
    cells = {effect.first: _effect_row(effect, effects) for effect in effects.headline}
    nothing = ("0 (reference)", *(NOT_APPLICABLE,) * 5)
    for bin_ in effects.reference:
        cells[bin_.first] = (span(bin_.first, bin_.last, unit=effects.period_unit), *nothing)
    return Table(
        key=key,
        caption=f"Effect on {effects.outcome.title}: {effects.outcome.unit}",
        headings=(
            as_heading(effects.period_unit),
            "Effect",
            "Standard error",
            "95% interval",
            "95% simultaneous band",
            "Treated people",
            "Comparison people",
        ),
        rows=tuple(cells[first] for first in sorted(cells)),
    )


def subgroup_table(effects: OutcomeEffects, *, key: str) -> Table:
    """The last bin's effect of each level, beside the model that interacts the covariates too."""
    interacted = {(effect.subgroup, effect.level): effect for effect in effects.interacted}
    decimals = effects.outcome.decimals
    rows = []
    for effect in effects.subgroups:
        other = interacted.get((effect.subgroup, effect.level))
        label = f"{as_heading(effect.subgroup)}: {effect.level}"
        second = (with_interval(other, decimals) if other else NOT_AVAILABLE,) if interacted else ()
        rows.append((label, with_interval(effect, decimals), *second, *_people(effect)))
    both = ("Effect (95% interval), covariates interacted too",) if interacted else ()
    return Table(
        key=key,
        caption=f"Effect on {effects.outcome.title} by subgroup: {effects.outcome.unit}",
        headings=("Subgroup", "Effect (95% interval)", *both, "Treated people", "Comparison people"),
        rows=tuple(rows),
    )


def with_interval(effect: Effect, decimals: int) -> str:
    """``84.10 (63.00 to 106.00)``, or the symbol that says why there is no number."""
    if effect.estimate is None:
        return symbol(suppressed=effect.suppressed)
    return f"{number(effect.estimate.value, decimals)} ({_between(effect.estimate.interval, decimals)})"


def balance_table(release: Release) -> Table:
    """Who the treated and the comparison people are."""
    return Table(
        key="balance-table",
        caption="Characteristics at the index month, treated and comparison people",
        headings=(
            "Characteristic",
            "Treated",
            "Comparison",
            "Treated, per cent",
            "Comparison, per cent",
            "Standardised difference",
        ),
        rows=tuple(_balance_row(row) for row in release.balance.to_pylist()),
    )


def linkage_table(release: Release) -> Table:
    """How many people each link found, by characteristic."""
    return Table(
        key="linkage-table",
        caption="People linked, by link and characteristic",
        headings=("Link", "Characteristic", "People", "Linked", "Linked, per cent"),
        labels=2,
        rows=tuple(_linkage_row(row) for row in release.linkage_quality.to_pylist()),
    )


def checks_table(release: Release) -> Table:
    """Each check with its result in words, its figure and what it means."""
    rows = sorted(release.diagnostics.to_pylist(), key=lambda row: (row["check"], row["outcome"]))
    return Table(
        key="checks-table",
        caption="Credibility checks",
        headings=("Check", "Outcome", "Result", "What it says", "Figure", "Threshold"),
        labels=4,
        rows=tuple(_check_row(row) for row in rows),
    )


def disclosure_table(release: Release) -> Table:
    """Which disclosure rules were applied to which table, and how often they acted."""
    rows = release.log.to_pylist()
    return Table(
        key="disclosure-table",
        caption="Disclosure rules applied",
        headings=("Table", "Rule", "What was done", "Cells looked at", "Cells affected"),
        labels=3,
        rows=tuple(
            (as_heading(r["table"]), as_heading(r["rule"]), r["action"], f"{r['cells']:,}", f"{r['affected']:,}")
            for r in rows
        ),
    )


def revisions_table(revisions: pa.Table, evaluation: str) -> Table:
    """The changes of one evaluation since the version before, at most the first few."""
    rows = [row for row in revisions.to_pylist() if row["evaluation"] == evaluation]
    kinds = Counter(row["revision"] for row in rows)
    counted = ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
    cut = f" The first {_REVISIONS_SHOWN} are here, all in revisions.csv." if len(rows) > _REVISIONS_SHOWN else ""
    return Table(
        key="revisions-table",
        caption="Numbers that differ from the version before",
        headings=("File", "Row", "Number", "What", "Before", "Now"),
        labels=4,
        rows=tuple(
            (row["file"], row["key"], row["column"], row["revision"], row["old"], row["new"])
            for row in rows[:_REVISIONS_SHOWN]
        ),
        note=f"Numbers: {counted}.{cut}",
    )


def _effect_row(effect: Effect, effects: OutcomeEffects) -> tuple[str, ...]:
    decimals, estimate = effects.outcome.decimals, effect.estimate
    when = span(effect.first, effect.last, unit=effects.period_unit)
    if estimate is None:
        return (when, *(symbol(suppressed=effect.suppressed),) * 4, *_people(effect))
    return (
        when,
        number(estimate.value, decimals),
        statistic(estimate.std_error, decimals, suppressed=False),
        _between(estimate.interval, decimals),
        _between(estimate.band, decimals) if estimate.band else symbol(suppressed=False),
        *_people(effect),
    )


def _between(interval: Interval, decimals: int) -> str:
    return f"{number(interval.lower, decimals)} to {number(interval.upper, decimals)}"


def _people(effect: Effect) -> tuple[str, str]:
    return (
        count(effect.n_treated, suppressed=effect.suppressed),
        count(effect.n_comparison, suppressed=effect.suppressed),
    )


def _balance_row(row: dict[str, Any]) -> tuple[str, ...]:
    suppressed = row["obs_status"] == "c"
    return (
        f"{as_heading(row['characteristic'])}: {row['level']}",
        count(row["n_treated"], suppressed=suppressed),
        count(row["n_comparison"], suppressed=suppressed),
        _per_cent(row["share_treated"], suppressed=suppressed),
        _per_cent(row["share_comparison"], suppressed=suppressed),
        statistic(row["smd"], 2, suppressed=suppressed),
    )


def _per_cent(share: float | None, *, suppressed: bool) -> str:
    return statistic(None if share is None else 100 * share, 1, suppressed=suppressed)


def _linkage_row(row: dict[str, Any]) -> tuple[str, ...]:
    suppressed = row["obs_status"] == "c"
    whom = "everybody" if row["characteristic"] == "all" else f"{as_heading(row['characteristic'])}: {row['level']}"
    return (
        as_heading(row["link"]),
        whom,
        count(row["n_people"], suppressed=suppressed),
        count(row["n_linked"], suppressed=suppressed),
        statistic(row["link_rate"], 1, suppressed=suppressed),
    )


def _check_row(row: dict[str, Any]) -> tuple[str, ...]:
    figure = NOT_AVAILABLE if row["figure"] is None else f"{row['figure']:.3g}"
    threshold = NOT_APPLICABLE if row["threshold"] is None else f"{row['threshold']:.3g}"
    words = (as_heading(row["check"]), as_heading(row["outcome"]), _STATUSES[row["status"]], row["sentence"])
    return (*words, figure, threshold)
