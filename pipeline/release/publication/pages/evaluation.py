"""The report of one evaluation."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.facts import Facts
from pipeline.release.publication.pages import protocol, tables, waits
from pipeline.release.publication.pages.causal import causal_section
from pipeline.release.publication.pages.charts.drawing import Drawing
from pipeline.release.publication.pages.charts.event_study import event_study
from pipeline.release.publication.pages.charts.forest import choices, forest
from pipeline.release.publication.pages.charts.gap import gap_chart
from pipeline.release.publication.pages.decomposition import (
    OutcomeGaps,
    gap_table,
    outcome_gaps,
    sentences,
    static_table,
    timing_table,
)
from pipeline.release.publication.pages.dip import dip_sections
from pipeline.release.publication.pages.effects import (
    OutcomeEffects,
    declaration,
    outcome_effects,
    period_unit,
)
from pipeline.release.publication.pages.evidence import Evidence, evidence
from pipeline.release.publication.pages.flow import flows
from pipeline.release.publication.pages.headlines import headlines
from pipeline.release.publication.pages.robustness import estimators_table, robustness_table
from pipeline.release.publication.pages.support import support_section
from pipeline.release.publication.pages.templates import render
from pipeline.release.publication.pages.waiting import instrument, waiting_sections
from pipeline.release.publication.pages.words import as_heading, listed, named
from pipeline.vocabulary.protocol import Evaluation
from pipeline.vocabulary.schemas.people import AFTER_TREATMENT


@dataclass(frozen=True, kw_only=True)
class OutcomeSection:
    """One outcome: its sentences, its charts and the numbers behind them."""

    key: str
    title: str
    sentences: tuple[str, ...]
    chart: tuple[Drawing, ...]
    numbers: tables.Table
    estimators: tables.Table
    robustness_chart: tuple[Drawing, ...]
    robustness: tables.Table
    subgroup_chart: tuple[Drawing, ...]
    subgroup_numbers: tables.Table


@dataclass(frozen=True, kw_only=True)
class GapSection:
    """Why the estimators of one outcome differ: sentences, the chart and the numbers behind both."""

    key: str
    title: str
    sentences: tuple[str, ...]
    chart: tuple[Drawing, ...]
    tables: tuple[tables.Table, ...]


def evaluation_page(release: Release, facts: Facts, *, revisions: pa.Table) -> str:
    """The report of one evaluation as one HTML file that needs nothing else.

    Parameters
    ----------
    release
        What passed the disclosure door; nothing else is read.
    revisions
        What changed since the version before; without rows in a first version.
    """
    evaluation = declaration(release)
    outcomes = outcome_effects(release)
    sections = tuple(_section(effects, evaluation.intervention) for effects in outcomes)
    said: Evidence = evidence(release)
    return render(
        "evaluation.html.j2",
        release=release,
        facts=facts,
        evaluation=evaluation,
        period_unit=period_unit(evaluation),
        sections=sections,
        waiting=waiting_sections(outcomes),
        instrument=instrument(release),
        gaps=tuple(_gap_section(gaps) for gaps in outcome_gaps(release).values()),
        evidence=said,
        causal=causal_section(release, evaluation),
        descriptive=_descriptive(evaluation),
        dips=dip_sections(evaluation, outcomes),
        support=support_section(release),
        waits=waits.waits(release.waits),
        waits_source=waits.SOURCE,
        flows=flows(release),
        balance=tables.balance_table(release),
        linkage=tables.linkage_table(release),
        checks=tables.checks_table(release),
        disclosure=tables.disclosure_table(release),
        revisions=tables.revisions_table(revisions, release.evaluation),
        protocol=protocol.items(evaluation),
        codelists=protocol.codelists(release),
        registered=protocol.registered(release),
    )


def _descriptive(evaluation: Evaluation) -> str:
    """The declared characteristics that come about after treatment, in words; nothing where there are none."""
    return listed(
        tuple(named(name).removesuffix(" (descriptive)") for name in evaluation.subgroups if name in AFTER_TREATMENT)
    )


def _section(effects: OutcomeEffects, intervention: str) -> OutcomeSection:
    name = effects.outcome.name
    return OutcomeSection(
        key=name,
        title=as_heading(effects.outcome.title),
        # In the month of joining nobody has waited yet: there is nothing to say of it.
        sentences=headlines(effects, intervention)[: 1 if effects.path else None],
        chart=event_study(effects, key=f"{name}-chart"),
        numbers=tables.effect_table(effects, key=f"{name}-numbers"),
        estimators=estimators_table(effects, key=f"{name}-estimators"),
        robustness_chart=choices(effects, key=f"{name}-robustness"),
        robustness=robustness_table(effects, key=f"{name}-robustness-numbers"),
        subgroup_chart=forest(effects, key=f"{name}-subgroups"),
        subgroup_numbers=tables.subgroup_table(effects, key=f"{name}-subgroup-numbers"),
    )


def _gap_section(gaps: OutcomeGaps) -> GapSection:
    name = gaps.outcome.name
    shown = (
        gap_table(gaps, key=f"{name}-gap-numbers"),
        timing_table(gaps, key=f"{name}-gap-timing"),
        static_table(gaps, key=f"{name}-static"),
    )
    return GapSection(
        key=name,
        title=as_heading(gaps.outcome.title),
        sentences=sentences(gaps),
        chart=gap_chart(gaps, key=f"{name}-gap"),
        tables=tuple(table for table in shown if table.rows),
    )
