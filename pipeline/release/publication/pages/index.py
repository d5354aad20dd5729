"""The front page of a publication: what was evaluated, one line and one small chart each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.facts import Facts
from pipeline.release.publication.pages import waits
from pipeline.release.publication.pages.charts.drawing import Drawing
from pipeline.release.publication.pages.charts.sparkline import sparkline
from pipeline.release.publication.pages.effects import declaration, outcome_effects
from pipeline.release.publication.pages.evidence import Evidence, evidence
from pipeline.release.publication.pages.headlines import headlines
from pipeline.release.publication.pages.templates import render


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file of the publication and what is in it; ``described`` by a CSVW file beside it where it is a CSV."""

    file: str
    holds: str

    @property
    def described(self) -> bool:
        """Whether a CSVW metadata file stands beside it."""
        return self.file.endswith(".csv")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One evaluation on the front page."""

    name: str
    title: str
    question: str
    sentence: str
    chart: Drawing
    evidence: Evidence


DOWNLOADS = (
    Download(file="estimates.csv", holds="Every published estimate, one row a number"),
    Download(file="estimates.xlsx", holds="The same with the other tables, as an accessible spreadsheet"),
    Download(file="estimates.parquet", holds="The same estimates for analysis software"),
    Download(file="diagnostics.csv", holds="Credibility checks"),
    Download(file="attrition.csv", holds="Who was excluded, step by step"),
    Download(file="balance.csv", holds="Characteristics of treated and comparison people"),
    Download(file="decomposition.csv", holds="Why fixed-effects and Sun-Abraham estimates differ"),
    Download(file="support.csv", holds="Which years of treatment identify which horizon"),
    Download(file="linkage_quality.csv", holds="Shares of people linked"),
    Download(file="waits.csv", holds="Published waiting times by area and specialty"),
    Download(file="revisions.csv", holds="What changed since the version before"),
    Download(file="manifest.json", holds="The digest of every file, and of all that they were made from"),
)


def index_page(releases: Sequence[Release], facts: Facts) -> str:
    """The front page of a publication as one HTML file that needs nothing else."""
    entries = tuple(_entry(release) for release in sorted(releases, key=lambda release: release.evaluation))
    england = waits.england_table(pa.concat_tables(release.waits for release in releases))
    downloads = tuple(one for one in DOWNLOADS if england.rows or one.file != "waits.csv")
    return render(
        "index.html.j2", entries=entries, facts=facts, downloads=downloads, waits=england, waits_source=waits.SOURCE
    )


def _entry(release: Release) -> Entry:
    """The first declared outcome stands for the evaluation: chosen in the protocol, not after results."""
    evaluation = declaration(release)
    first, *_ = outcome_effects(release)
    said = headlines(first, evaluation.intervention)
    return Entry(
        name=release.evaluation,
        title=evaluation.title,
        question=evaluation.question,
        sentence=said[0] if said else "No effect is published.",
        chart=sparkline(first, key=f"{release.evaluation}-chart"),
        evidence=evidence(release),
    )
