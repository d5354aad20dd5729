"""Demographic fields of census records: one row a record, names hashed, dates possible."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, length, says, unique
from pipeline.records.validation.suites.demographics import fields
from pipeline.vocabulary.schemas.schema import Schema


def rules(_: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``links/census_demographics``."""
    return (
        length("census_id", 1, 64, words=says("census_id is not blank.", "Deliver the id of the census record.")),
        unique("census_id", words=says("A census record is delivered once.", "Deliver one row a record.")),
        *fields(cut_off),
    )
