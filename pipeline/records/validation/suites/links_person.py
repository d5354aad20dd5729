"""Links from health ids to census ids. One id of several people is for linkage to refuse; here a pair is one row."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, length, one_of, says, unique
from pipeline.vocabulary.schemas.schema import Schema


def rules(schema: Schema, _: date) -> tuple[Rule, ...]:
    """The rules of ``links/person``."""
    return (
        one_of("source", schema["source"].allowed, words=says("source is hes, iapt, ndpp or trial.", "Check source.")),
        length("health_id", 1, 64, words=says("health_id is not blank.", "Deliver the pseudonymised health id.")),
        length("census_id", 1, 64, words=says("census_id is not blank.", "Leave ids without a link out.")),
        unique(
            "source",
            "health_id",
            "census_id",
            words=says("A link is delivered once.", "Deliver each pair once.", "warning"),
        ),
        between(
            "match_weight", -100, 1000, words=says("A match weight is -100 to 1,000.", "Check match_weight.", "warning")
        ),
    )
