"""Which comparisons pull the fixed-effects estimate away, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.release.publication.pages.decomposition.gaps import Gap, OutcomeGaps, Part
from pipeline.release.publication.pages.words import (
    SUPPRESSED,
    amount,
    as_heading,
    listed,
    number,
    readable_decimals,
    span,
    unit_of,
)

Amount = Callable[[float], str]


def sentences(gaps: OutcomeGaps) -> tuple[str, ...]:
    """The last bin's gap and its parts, who pulls most, and the regression with one effect: fixed before results."""
    told = [] if not gaps.gaps else [_gap(gaps.gaps[-1], gaps), *_weights(gaps.gaps[-1], gaps)]
    static = [] if gaps.static is None or gaps.static.value is None else [_static(gaps.static, gaps)]
    return (*told, *static)


def _gap(gap: Gap, gaps: OutcomeGaps) -> str:
    """``In months 55 to 60 fixed effects say £84 a month, £5 more than the £79 of Sun and Abraham. …``."""
    when = f"In {span(gap.first, gap.last, unit=gaps.period_unit)}"
    fixed, other = gap.fixed_effects.value, gap.sun_abraham.value
    if fixed is None or other is None:
        return (
            f"{when} an estimate is withheld to protect confidentiality {SUPPRESSED}, and with it what it is made of."
        )
    plain = _plain(fixed - other, gaps)
    suffix = unit_of(gaps.outcome.unit).suffix
    said = f"{when} fixed effects say {plain(fixed)}{suffix}"
    if plain(fixed - other) == plain(0.0):
        return f"{said}, and so does Sun and Abraham. {_parts(gap, gaps, plain)}"
    more = "more" if fixed > other else "less"
    size, against = plain(abs(fixed - other)), _against_error(gap)
    return f"{said}, {size} {more} than the {plain(other)} of Sun and Abraham{against}. {_parts(gap, gaps, plain)}"


def _against_error(gap: Gap) -> str:
    """How large the gap is beside what chance does to the estimate."""
    if not gap.std_error or gap.size is None:
        return ""
    return f" (the difference is {number(abs(gap.size) / gap.std_error, 1)} times the estimate's standard error)"


def _plain(gap: float, gaps: OutcomeGaps) -> Amount:
    """Amounts with as many decimals as the gap needs to be told from nothing."""
    decimals = readable_decimals(abs(gap), gaps.outcome.decimals)
    return lambda value: amount(value, unit_of(gaps.outcome.unit), decimals=decimals)


def _parts(gap: Gap, gaps: OutcomeGaps, plain: Amount) -> str:
    if not gap.shown:
        return f"What lies between them is withheld to protect confidentiality {SUPPRESSED}."
    added = tuple(
        f"{part_words(part, gaps)} {'adds' if part.value > 0 else 'takes off'} {plain(abs(part.value))}"
        for part in gap.parts
        if part.value is not None and plain(abs(part.value)) != plain(0.0)
    )
    return f"{as_heading(listed(added))}." if added else "Nothing pulls them apart."


def part_words(part: Part, gaps: OutcomeGaps) -> str:
    """A part of a gap, as the subject of a sentence."""
    unit = gaps.period_unit
    return {
        "timing_group_weights": "weighting timing groups otherwise than by their people",
        "other_months_after": f"mixing in effects of other {unit}s after the index",
        "months_before": f"mixing in differences in {unit}s before the index",
        "not_told_apart": f"what cannot be told apart by timing group and {unit}",
    }[part.name]


def _weights(gap: Gap, gaps: OutcomeGaps) -> Iterator[str]:
    """Negative weights in the bin, weights on other bins, and who pulls most."""
    if not gap.shown:
        return
    named = {part.name: part for part in gap.parts}
    own = named["timing_group_weights"]
    elsewhere = sum(part.above or 0.0 for part in gap.parts if part.name in ("other_months_after", "months_before"))
    yield (
        f"Among the timing groups of that period, weights below zero come to {number(own.below or 0.0, 2)} of a total "
        f"of 1. Effects of other {gaps.period_unit}s enter with weights that "
        f"come to {number(elsewhere, 2)} above and as much below zero: they cancel only if timing groups' effects are "
        f"alike.{_most(gap, gaps)}"
    )


def _most(gap: Gap, gaps: OutcomeGaps) -> str:
    shown = [(abs(part.value), part.value, part.treated_in) for part in gap.timing if part.value is not None]
    if len(shown) < 2 or gap.size is None:  # noqa: PLR2004 - of one there is no most
        return ""
    _, value, when = max(shown)
    text = amount(value, unit_of(gaps.outcome.unit), decimals=readable_decimals(abs(gap.size), gaps.outcome.decimals))
    among = " of those shown" if len(shown) < len(gap.timing) else ""
    return f" People treated in {when} pull most{among} ({'+' if value > 0 else ''}{text})."


def _static(static: Part, gaps: OutcomeGaps) -> str:
    unit = unit_of(gaps.outcome.unit)
    size = amount(
        static.value or 0.0, unit, decimals=readable_decimals(abs(static.value or 0.0), gaps.outcome.decimals)
    )
    below = f"weights below zero come to {number(static.below or 0.0, 2)}"
    one = f"A regression with one effect for all {gaps.period_unit}s from the index on would say {size}{unit.suffix}"
    return f"{one}; its {below}, of a total of 1.{_comparisons(gaps)}"


def _comparisons(gaps: OutcomeGaps) -> str:
    """What the static estimate compares, in hundredths, and what of it is no comparison of two timing groups."""
    words = {
        "treated_versus_never_treated": "treated with never treated people",
        "earlier_versus_later_treated": "people treated earlier with people not treated yet",
        "later_versus_earlier_treated": "people treated later with people treated already, which takes off how the "
        "effect on these changes",
    }
    shares = tuple(
        f"{number(100 * part.above, 0)}% {words[part.name]}"
        for part in gaps.comparisons
        if part.name in words and part.above is not None
    )
    return f" Of its weight, these compare: {listed(shares)}.{_left_over(gaps)}" if shares else ""


def _left_over(gaps: OutcomeGaps) -> str:
    left = next((part.value for part in gaps.comparisons if part.name == "not_by_pairs"), None)
    if left is None or gaps.static is None:
        return ""
    decimals = readable_decimals(abs(left), gaps.outcome.decimals)
    size = amount(left, unit_of(gaps.outcome.unit), decimals=decimals)
    return f" {size} of it comes from months not observed or from age, which no such comparison has."
