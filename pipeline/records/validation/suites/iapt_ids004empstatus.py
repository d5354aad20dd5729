"""Employment status in NHS Talking Therapies records: one row a referral and day."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, length, one_of, says, unique
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import EMPLOYMENT_STATUSES

FIRST_RECORD = date(2007, 10, 1)


def rules(_: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``iapt/IDS004EmpStatus``."""
    return (
        unique(
            "unique_service_request_id",
            "recorded_date",
            words=says("A referral has one employment status a day.", "Deliver the one that is right."),
        ),
        length("unique_service_request_id", 1, 64, words=says("The referral's id is not blank.", "Deliver its id.")),
        between(
            "recorded_date",
            FIRST_RECORD,
            cut_off,
            words=says("A status is recorded from 2007 to the cut-off.", "Check EmployStatusRecDate."),
        ),
        one_of(
            "employment_status",
            EMPLOYMENT_STATUSES,
            words=says("The status is one of the data dictionary's.", "Check EmployStatus."),
        ),
    )
