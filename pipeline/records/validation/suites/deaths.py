"""Death registrations: one row a death."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, length, matches, says, unique
from pipeline.vocabulary.schemas.schema import Schema

CENSUS_DAY_2011 = date(2011, 3, 27)


def rules(_: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``deaths``: of several dates for one person the earliest stands."""
    return (
        unique(
            "census_id",
            keep="date_of_death",
            words=says("A person dies once; the earliest date stands.", "Deliver one registration a person."),
        ),
        length("census_id", 1, 64, words=says("census_id is not blank.", "Deliver the id of the census record.")),
        between(
            "date_of_death",
            CENSUS_DAY_2011,
            cut_off,
            words=says("A death is after census day 2011 and by the cut-off.", "Check date_of_death."),
        ),
        matches(
            "underlying_cause",
            "[A-Z][0-9][0-9A-Z][0-9X]?[0-9A-Z]{0,2}",
            words=says("The cause looks like an ICD-10 code.", "Check underlying_cause.", "warning"),
        ),
    )
