"""What a dip before the index does: the declared reference beside a naive one, which ends at the index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.release.publication.pages.charts.drawing import Drawing
from pipeline.release.publication.pages.charts.event_study import event_study
from pipeline.release.publication.pages.effects import Effect, Estimate, Interval, OutcomeEffects, Series
from pipeline.release.publication.pages.headlines import ends
from pipeline.release.publication.pages.tables import Table, with_interval
from pipeline.release.publication.pages.words import (
    NOT_APPLICABLE,
    NOT_AVAILABLE,
    amount,
    as_heading,
    number,
    readable_decimals,
    span,
    unit_of,
)
from pipeline.vocabulary.protocol import Evaluation
from pipeline.vocabulary.robustness import ReferenceBeforeIndex
from pipeline.vocabulary.windows import Bin

REFERENCE = "0 (reference)"


@dataclass(frozen=True, kw_only=True)
class DipSection:
    """One outcome under both references: sentences, a chart and the numbers behind it."""

    key: str
    title: str
    sentences: tuple[str, ...]
    chart: tuple[Drawing, ...]
    numbers: Table


def dip_sections(evaluation: Evaluation, outcomes: tuple[OutcomeEffects, ...]) -> tuple[DipSection, ...]:
    """A section an outcome, where the evaluation declares a run with the reference just before the index."""
    unit, headline = evaluation.design.period_unit, evaluation.design.headline
    runs = (run for run in evaluation.design.robustness if isinstance(run, ReferenceBeforeIndex))
    names = [f"{headline}:{run.name(unit)}" for run in runs]
    pairs = ((effects, series) for effects in outcomes for series in effects.runs if series.name in names)
    return tuple(_section(effects, naive) for effects, naive in pairs if naive.effects)


def _section(effects: OutcomeEffects, naive: Series) -> DipSection:
    name = effects.outcome.name
    return DipSection(
        key=name,
        title=as_heading(effects.outcome.title),
        sentences=tuple(_sentences(effects, naive)),
        chart=event_study(replace(effects, estimator="declared_reference", others=(naive,)), key=f"{name}-dip"),
        numbers=_table(effects, naive, key=f"{name}-dip-numbers"),
    )


def _sentences(effects: OutcomeEffects, naive: Series) -> Iterator[str]:
    """What was there before the index, and what each reference says at the end."""
    before = [effect for effect in effects.headline if effects.reference[-1].last < effect.first <= 0]
    if before and before[-1].estimate:
        size, inside = _figures(before[-1].estimate, effects)
        yield (
            f"Before the index, in {_when(before[-1], effects)}, the outcome was {size} (95% interval {inside}) than "
            "in the declared reference."
        )
    declared, other = effects.headline[-1], naive.effects[-1]
    if declared.first == other.first >= 1 and declared.estimate and other.estimate:
        (size, inside), (naively, between) = (_figures(one, effects) for one in (declared.estimate, other.estimate))
        yield (
            f"In {_when(declared, effects)} it is {size} (95% interval {inside}) by the declared reference and "
            f"{naively} ({between}) by the naive one. {_apart(declared.estimate, other.estimate, effects)}"
        )


def _figures(estimate: Estimate, effects: OutcomeEffects) -> tuple[str, str]:
    """``£32 a month lower`` and the ends of its interval, without signs."""
    unit, interval = unit_of(effects.outcome.unit), estimate.interval
    decimals = _decimals(interval, effects)

    def plain(value: float) -> str:
        return amount(abs(value), unit, decimals=decimals)

    if plain(estimate.value) == plain(0.0):
        return "no higher or lower", ends(interval, plain)
    direction = "lower" if estimate.value < 0 else "higher"
    return f"{plain(estimate.value)}{unit.suffix} {direction}", ends(interval, plain)


def _apart(declared: Estimate, other: Estimate, effects: OutcomeEffects) -> str:
    """``They are £22 a month apart, 0.4 standard errors of the first.``"""
    gap, unit = abs(other.value - declared.value), unit_of(effects.outcome.unit)
    size = f"{amount(gap, unit, decimals=_decimals(declared.interval, effects))}{unit.suffix}"
    errors = f", {number(gap / declared.std_error, 2)} standard errors of the first" if declared.std_error else ""
    return f"They are {size} apart{errors}."


def _decimals(interval: Interval, effects: OutcomeEffects) -> int:
    """One more than the interval supports: two effects are compared."""
    return min(readable_decimals((interval.upper - interval.lower) / 2, effects.outcome.decimals) + 1, _most(effects))


def _most(effects: OutcomeEffects) -> int:
    """Whole pounds are enough of money."""
    return 0 if effects.outcome.prices else effects.outcome.decimals


def _table(effects: OutcomeEffects, naive: Series, *, key: str) -> Table:
    """A line a bin: both effects, and how far the naive one lies from the declared one."""
    declared = {effect.first: effect for effect in effects.headline}
    other = {effect.first: effect for effect in naive.effects}
    bins: dict[int, Effect | Bin] = {part.first: part for part in (*effects.reference, *naive.reference)}
    bins |= {**other, **declared}
    rows = [
        (
            _when(bins[first], effects),
            with_interval(declared[first], effects.outcome.decimals) if first in declared else REFERENCE,
            with_interval(other[first], effects.outcome.decimals) if first in other else REFERENCE,
            _errors_apart(declared.get(first), other.get(first)),
        )
        for first in sorted(bins)
    ]
    return Table(
        key=key,
        caption=f"Effect on {effects.outcome.title} by reference (95% interval): {effects.outcome.unit}",
        headings=(
            as_heading(effects.period_unit),
            f"Declared reference, {_reference(effects.reference, effects)}",
            f"Naive reference, {_reference(naive.reference, effects)}",
            "Naive less declared, in standard errors of the declared",
        ),
        rows=tuple(rows),
    )


def _errors_apart(declared: Effect | None, other: Effect | None) -> str:
    """How many standard errors of the declared effect lie between both; not where one is the reference."""
    if declared is None or other is None:
        return NOT_APPLICABLE
    if declared.estimate is None or other.estimate is None:
        return NOT_AVAILABLE
    error = declared.estimate.std_error
    return number((other.estimate.value - declared.estimate.value) / error, 2) if error else NOT_AVAILABLE


def _reference(bins: tuple[Bin, ...], effects: OutcomeEffects) -> str:
    return span(bins[0].first, bins[-1].last, unit=effects.period_unit)


def _when(part: Effect | Bin, effects: OutcomeEffects) -> str:
    return span(part.first, part.last, unit=effects.period_unit)
