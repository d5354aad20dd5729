"""The released decomposition goes in; sentences, a table and what a chart draws leave."""

from __future__ import annotations

from pipeline.release.publication.pages.decomposition.gaps import Gap, OutcomeGaps, Part, outcome_gaps
from pipeline.release.publication.pages.decomposition.sentences import sentences
from pipeline.release.publication.pages.decomposition.tables import gap_table, static_table, timing_table

__all__ = ["Gap", "OutcomeGaps", "Part", "gap_table", "outcome_gaps", "sentences", "static_table", "timing_table"]
