"""Links from National Insurance numbers to census ids; flagged ones are dropped and counted by linkage."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, length, one_of, says, unique
from pipeline.vocabulary.schemas.schema import Schema


def rules(_: Schema, __: date) -> tuple[Rule, ...]:
    """The rules of ``links/nino``."""
    return (
        length("frameworks_nino", 1, 64, words=says("The NINo's id is not blank.", "Deliver the pseudonymised NINo.")),
        length("census_id", 1, 64, words=says("census_id is not blank.", "Leave numbers without a link out.")),
        one_of(
            "census_year",
            (2011, 2021),
            words=says("A link is to the census of 2011 or of 2021.", "Leave other years out, or correct census_year."),
        ),
        unique(
            "frameworks_nino",
            "census_id",
            words=says("A link is delivered once.", "Deliver each pair once.", "warning"),
        ),
    )
