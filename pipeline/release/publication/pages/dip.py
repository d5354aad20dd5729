"""What a dip before the index does: the declared reference beside a naive one, which ends at the index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.release.publication.pages.charts.drawing import Drawing
from pipeline.release.publication.pages.charts.event_study import event_study
from pipeline.release.publication.pages.effects import Effect, OutcomeEffects, Series
from pipeline.release.publication.pages.tables import Table, with_interval
from pipeline.release.publication.pages.words import (
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
        chart=event_study(replace(effects, others=(naive,)), key=f"{name}-dip"),
        numbers=_table(effects, naive, key=f"{name}-dip-numbers"),
    )


def _sentences(effects: OutcomeEffects, naive: Series) -> Iterator[str]:
    """What was there before the index, and what each reference says at the end."""
    before = [effect for effect in effects.headline if effects.reference[-1].last < effect.first <= 0]
    if before and before[-1].estimate is not None:
        size, interval = _figures(before[-1], effects)
        yield (
            f"Before the index, in {_when(before[-1], effects)}, the difference from the declared reference is {size} "
            f"(95% interval {interval})."
        )
    both = _last_of_both(effects, naive)
    if both is None:
        return
    declared, other = (_figures(effect, effects) for effect in both)
    yield (
        f"In {_when(both[0], effects)} the declared reference gives {declared[0]} (95% interval {declared[1]}), the "
        f"naive one {other[0]} ({other[1]}): {_apart(*both, effects=effects)}."
    )


def _last_of_both(effects: OutcomeEffects, naive: Series) -> tuple[Effect, Effect] | None:
    """The last bin after the index, if both references give a number for it."""
    declared, other = effects.headline[-1], naive.effects[-1]
    if declared.first != other.first or declared.first < 1 or declared.estimate is None or other.estimate is None:
        return None
    return declared, other


def _figures(effect: Effect, effects: OutcomeEffects) -> tuple[str, str]:
    """An effect and its interval, with as many decimals as the interval supports."""
    if effect.estimate is None:
        return NOT_AVAILABLE, NOT_AVAILABLE
    interval = effect.estimate.interval
    decimals = readable_decimals((interval.upper - interval.lower) / 2, effects.outcome.decimals)
    unit = unit_of(effects.outcome.unit)
    lower, upper = (amount(end, unit, decimals=decimals) for end in (interval.lower, interval.upper))
    return f"{amount(effect.estimate.value, unit, decimals=decimals)}{unit.suffix}", f"{lower} to {upper}"


def _apart(declared: Effect, other: Effect, *, effects: OutcomeEffects) -> str:
    """``£33 a month more, 1.2 standard errors of the first``."""
    if declared.estimate is None or other.estimate is None:
        return NOT_AVAILABLE
    gap = other.estimate.value - declared.estimate.value
    interval, unit = declared.estimate.interval, unit_of(effects.outcome.unit)
    decimals = readable_decimals((interval.upper - interval.lower) / 2, effects.outcome.decimals)
    size = f"{amount(abs(gap), unit, decimals=decimals)}{unit.suffix} {'less' if gap < 0 else 'more'}"
    error = declared.estimate.std_error
    return f"{size}, {number(abs(gap) / error, 1)} standard errors of the first" if error else size


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
    if declared is None or other is None or declared.estimate is None or other.estimate is None:
        return NOT_AVAILABLE
    error = declared.estimate.std_error
    return number((other.estimate.value - declared.estimate.value) / error, 2) if error else NOT_AVAILABLE


def _reference(bins: tuple[Bin, ...], effects: OutcomeEffects) -> str:
    return span(bins[0].first, bins[-1].last, unit=effects.period_unit)


def _when(part: Effect | Bin, effects: OutcomeEffects) -> str:
    return span(part.first, part.last, unit=effects.period_unit)
