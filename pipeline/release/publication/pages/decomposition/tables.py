"""The numbers behind the chart of a gap, as tables."""

from __future__ import annotations

from pipeline.release.publication.pages.decomposition.gaps import GAP_PARTS, Gap, OutcomeGaps, Part
from pipeline.release.publication.pages.tables import Table
from pipeline.release.publication.pages.words import NOT_APPLICABLE, as_heading, count, number, span, statistic, symbol

PART_HEADINGS = {
    "timing_group_weights": "Weights on timing groups",
    "other_months_after": "Other {unit}s after the index",
    "months_before": "{unit}s before the index",
    "not_told_apart": "Effects not told apart",
}

_STATIC_HEADINGS = {"static": "All: the regression", "not_by_pairs": "Not by pairs of timing groups"}


def part_heading(name: str, unit: str) -> str:
    """A part of a gap as a heading or in a legend."""
    return as_heading(PART_HEADINGS[name].format(unit=unit))


def gap_table(gaps: OutcomeGaps, *, key: str) -> Table:
    """One row a bin: both estimates, the parts between them, and the weights."""
    names = parts_present(gaps)
    headings = (
        as_heading(gaps.period_unit),
        "Sun and Abraham",
        *(part_heading(name, gaps.period_unit) for name in names),
        "ONS fixed effects",
        "Weights below zero",
        f"Weights on other {gaps.period_unit}s, above and below zero",
        "Treated people",
        "Comparison people",
    )
    return Table(
        key=key,
        caption=f"From Sun and Abraham to fixed effects, {_of(gaps)}",
        headings=headings,
        rows=tuple(_gap_row(gap, names, gaps) for gap in gaps.gaps),
    )


def parts_present(gaps: OutcomeGaps) -> tuple[str, ...]:
    """The parts that any bin has, in order."""
    found = {part.name for gap in gaps.gaps for part in gap.parts}
    return tuple(name for name in GAP_PARTS if name in found)


def _gap_row(gap: Gap, names: tuple[str, ...], gaps: OutcomeGaps) -> tuple[str, ...]:
    decimals = gaps.outcome.decimals
    parts = {part.name: part for part in gap.parts}
    own = parts.get("timing_group_weights")
    other = [parts[name] for name in ("other_months_after", "months_before") if name in parts]
    hidden = any(part.suppressed for part in gap.parts)
    elsewhere = None if hidden else sum(part.above or 0.0 for part in other)
    return (
        span(gap.first, gap.last, unit=gaps.period_unit),
        _value(gap.sun_abraham, decimals),
        *(_value(parts[name], decimals) if name in parts else NOT_APPLICABLE for name in names),
        _value(gap.fixed_effects, decimals),
        statistic(own.below if own else None, 2, suppressed=hidden),
        symbol(suppressed=hidden) if elsewhere is None else f"±{number(elsewhere, 2)}",
        count(gap.fixed_effects.n_treated, suppressed=gap.fixed_effects.suppressed),
        count(gap.fixed_effects.n_comparison, suppressed=gap.fixed_effects.suppressed),
    )


def timing_table(gaps: OutcomeGaps, *, key: str) -> Table:
    """One row a year or period of treatment: what its people add to the last bin's gap."""
    ends = gaps.gaps[-1:]
    when = "".join(span(gap.first, gap.last, unit=gaps.period_unit) for gap in ends)
    return Table(
        key=key,
        caption=f"What people add to the gap in {when}, by when they were treated, {_of(gaps)}",
        headings=("Treated in", "Adds", "Treated people", "Comparison people"),
        rows=tuple(
            (as_heading(part.treated_in), _value(part, gaps.outcome.decimals), *_people(part))
            for gap in ends
            for part in gap.timing
        ),
    )


def static_table(gaps: OutcomeGaps, *, key: str) -> Table:
    """The regression with one effect, and what it compares where that adds up to it."""
    rows = [] if gaps.static is None else [gaps.static]
    return Table(
        key=key,
        caption=f"One effect for all {gaps.period_unit}s from the index on, {_of(gaps)}",
        headings=(
            "Comparison",
            "Estimate",
            "Weight above zero",
            "Weight below zero",
            "Treated people",
            "Compared people",
        ),
        rows=tuple(
            (
                _STATIC_HEADINGS.get(part.name, as_heading(part.name)),
                _value(part, gaps.outcome.decimals),
                _weight(part.above, part),
                _weight(part.below, part),
                *_people(part),
            )
            for part in (*rows, *gaps.comparisons)
        ),
    )


def _of(gaps: OutcomeGaps) -> str:
    return f"{gaps.outcome.title}: {gaps.outcome.unit}"


def _value(part: Part, decimals: int) -> str:
    return statistic(part.value, decimals, suppressed=part.suppressed)


def _weight(weight: float | None, part: Part) -> str:
    return NOT_APPLICABLE if weight is None and not part.suppressed else statistic(weight, 2, suppressed=True)


def _people(part: Part) -> tuple[str, str]:
    return (count(part.n_treated, suppressed=part.suppressed), count(part.n_comparison, suppressed=part.suppressed))
