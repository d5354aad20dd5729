"""The headline beside other estimators and declared runs: what each says, and what it should say."""

from __future__ import annotations

from pipeline.release.publication.pages.effects import Effect, OutcomeEffects, Series
from pipeline.release.publication.pages.tables import Table, with_interval
from pipeline.release.publication.pages.words import NOT_APPLICABLE, NOT_AVAILABLE, as_heading, count, span


def estimators_table(effects: OutcomeEffects, *, key: str) -> Table:
    """Every estimator's effects by bin, the headline's first; without rows where there is but one."""
    everyone = (Series(name=effects.estimator, title=as_heading(effects.estimator), effects=effects.headline),)
    series = (*everyone, *effects.others) if effects.others else ()
    by_bin = [{effect.first: effect for effect in one.effects} for one in series]
    decimals = effects.outcome.decimals
    rows = [
        (
            span(effect.first, effect.last, unit=effects.period_unit),
            *(with_interval(one[effect.first], decimals) if effect.first in one else NOT_AVAILABLE for one in by_bin),
        )
        for effect in (effects.headline if series else ())
    ]
    return Table(
        key=key,
        caption=f"Effect on {effects.outcome.title} by estimator (95% interval): {effects.outcome.unit}",
        headings=(as_heading(effects.period_unit), *(one.title for one in series)),
        rows=tuple(rows),
    )


def compared(effects: OutcomeEffects) -> tuple[tuple[str, Effect, bool], ...]:
    """A line each: the headline, the other estimators, the runs; the last bin, and whether it should be zero.

    A run or estimator without rows has no line.
    """
    headline = f"Headline: {as_heading(effects.estimator)}"
    everyone = (Series(name=effects.estimator, title=headline, effects=effects.headline),)
    series = (*everyone, *effects.others, *effects.runs)
    return tuple((one.title, one.effects[-1], one.placebo) for one in series if one.effects)


def robustness_table(effects: OutcomeEffects, *, key: str) -> Table:
    """The last bin of the headline, of each other estimator and of each run, and what it should be."""
    rows = [
        (
            f"Placebo: {title[:1].lower()}{title[1:]}" if placebo else title,
            span(effect.first, effect.last, unit=effects.period_unit),
            _expected(effect, placebo=placebo, headline=place == 0),
            with_interval(effect, effects.outcome.decimals),
            count(effect.n_treated, suppressed=effect.suppressed),
            count(effect.n_comparison, suppressed=effect.suppressed),
        )
        for place, (title, effect, placebo) in enumerate(compared(effects))
    ]
    return Table(
        key=key,
        caption=f"Effect on {effects.outcome.title} under each choice: {effects.outcome.unit}",
        headings=(
            "Estimated",
            as_heading(effects.period_unit),
            "Should be",
            "Effect (95% interval)",
            "Treated people",
            "Comparison people",
        ),
        rows=tuple(rows),
        labels=3,
    )


def _expected(effect: Effect, *, placebo: bool, headline: bool) -> str:
    """``zero, which the interval includes``."""
    if not placebo:
        return NOT_APPLICABLE if headline else "close to the headline"
    if effect.estimate is None:
        return "zero"
    includes = effect.estimate.interval.lower <= 0 <= effect.estimate.interval.upper
    return f"zero, which the interval {'includes' if includes else 'does not include'}"
