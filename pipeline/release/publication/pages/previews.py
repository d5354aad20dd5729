"""The charts of a release on their own, for where a whole page is too much."""

from __future__ import annotations

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.charts.event_study import event_study
from pipeline.release.publication.pages.effects import outcome_effects


def headline_charts(release: Release) -> dict[str, str]:
    """The wide event-study chart of each outcome, as an ``<svg>`` element, by the outcome's name."""
    drawn = (
        (effects.outcome.name, event_study(effects, key=effects.outcome.name)) for effects in outcome_effects(release)
    )
    return {name: drawings[0].svg for name, drawings in drawn}
