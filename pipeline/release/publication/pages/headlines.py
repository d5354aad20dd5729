"""An effect as one sentence that a minister could read out."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.release.publication.pages.effects import Effect, Estimate, Interval, OutcomeEffects
from pipeline.release.publication.pages.words import amount, readable_decimals, span, symbol, unit_of


def headlines(effects: OutcomeEffects, intervention: str) -> tuple[str, ...]:
    """What the last bin says and, where it is another, what the index month says: both fixed before results."""
    after = [effect for effect in effects.headline if effect.first > 0]
    if not after:
        return ()
    told = (after[-1], after[0]) if len(after) > 1 else (after[-1],)
    return tuple(sentence(effect, effects, intervention) for effect in told)


def sentence(effect: Effect, effects: OutcomeEffects, intervention: str) -> str:
    """One effect with its interval, or that it is withheld."""
    when = f"In {_when(effect, effects.period_unit, intervention)}, {_subject(effects.outcome.title)}"
    if effect.estimate is None:
        reason = "withheld to protect confidentiality" if effect.suppressed else "not estimable from these data"
        return f"{when}: the effect is {reason} {symbol(suppressed=effect.suppressed)}."
    interval = effect.estimate.interval
    doubt = " The interval includes no difference." if interval.lower <= 0 <= interval.upper else ""
    return f"{when} {_size(effect.estimate, effects)} it would have been on this comparison.{doubt}"


def _when(effect: Effect, period_unit: str, intervention: str) -> str:
    if effect.first == effect.last == 1:
        return f"the {period_unit} of {intervention}"
    return f"{span(effect.first, effect.last, unit=period_unit)} after {intervention}"


def _subject(title: str) -> str:
    """A title that qualifies itself after a comma needs a second one."""
    return f"{title}," if "," in title else title


def _size(estimate: Estimate, effects: OutcomeEffects) -> str:
    """``was £84 a month higher (95% interval £63 to £106) than``."""
    unit, interval = unit_of(effects.outcome.unit), estimate.interval
    decimals = readable_decimals((interval.upper - interval.lower) / 2, effects.outcome.decimals)

    def plain(value: float) -> str:
        return amount(abs(value), unit, decimals=decimals)

    size = f"{plain(estimate.value)}{unit.suffix}"
    direction = "lower" if estimate.value < 0 else "higher"
    prices = f"; {effects.price_base} prices" if effects.price_base else ""
    inside = f"(95% interval {ends(interval, plain)}{prices})"
    if plain(estimate.value) == plain(0.0):
        return f"differed by {size} {inside} from what"
    return f"was {size} {direction} {inside} than"


def ends(interval: Interval, plain: Callable[[float], str]) -> str:
    """Both ends without signs: the words say which way they lie."""
    lower, upper = plain(interval.lower), plain(interval.upper)
    if interval.lower > 0:
        return f"{lower} to {upper}"
    if interval.upper < 0:
        return f"{upper} to {lower} lower"
    return f"{lower} lower to {upper} higher"
