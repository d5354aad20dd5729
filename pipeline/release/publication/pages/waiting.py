"""What a report shows of waiting besides the headline: the path of those who wait, and what standards do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages import tables
from pipeline.release.publication.pages.charts.drawing import Drawing
from pipeline.release.publication.pages.charts.event_study import event_study
from pipeline.release.publication.pages.effects import OutcomeEffects
from pipeline.release.publication.pages.words import as_heading, count, span

INSTRUMENT = "first_stage_of_wait"


@dataclass(frozen=True, kw_only=True)
class WaitingSection:
    """One outcome on the waiting list: the chart of its path, the numbers behind it, and the standards."""

    key: str
    title: str
    chart: tuple[Drawing, ...]
    numbers: tables.Table
    standards: tables.Table


def instrument(release: Release) -> str:
    """What the check of the first stage says, with its F; nothing where there is no such check."""
    said = (row["sentence"] for row in release.diagnostics.to_pylist() if row["check"] == INSTRUMENT)
    return next(said, "")


def waiting_sections(effects: tuple[OutcomeEffects, ...]) -> tuple[WaitingSection, ...]:
    """A section an outcome that has a path."""
    return tuple(_section(one) for one in effects if one.path)


def _section(effects: OutcomeEffects) -> WaitingSection:
    name = effects.outcome.name
    path = replace(effects, headline=effects.path, reference=effects.path_reference, estimator="path", runs=())
    return WaitingSection(
        key=name,
        title=as_heading(effects.outcome.title),
        chart=event_study(path, key=f"{name}-path"),
        numbers=tables.effect_table(path, key=f"{name}-path-numbers"),
        standards=_standards(effects, key=f"{name}-standards"),
    )


def _standards(effects: OutcomeEffects, *, key: str) -> tables.Table:
    """Each standard by each estimator, in the last bin."""
    last = [(one.title, one.effects[-1]) for one in effects.standards]
    rows = [
        (
            title,
            span(effect.first, effect.last, unit=effects.period_unit),
            tables.with_interval(effect, effects.outcome.decimals),
            count(effect.n_treated, suppressed=effect.suppressed),
            count(effect.n_comparison, suppressed=effect.suppressed),
        )
        for title, effect in last
    ]
    return tables.Table(
        key=key,
        caption=f"What meeting a standard does to {effects.outcome.title}, for those who waited longer: "
        f"{effects.outcome.unit}",
        headings=(
            "Standard",
            as_heading(effects.period_unit),
            "Effect (95% interval)",
            "Longer queue or wait",
            "Shorter",
        ),
        rows=tuple(rows),
        labels=2,
    )
