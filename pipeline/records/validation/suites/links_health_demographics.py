"""Demographic fields of health ids: one row an id, names hashed, dates possible."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, length, one_of, says, unique
from pipeline.records.validation.suites.demographics import fields
from pipeline.vocabulary.schemas.schema import Schema


def rules(schema: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``links/health_demographics``."""
    return (
        one_of("source", schema["source"].allowed, words=says("source is hes, iapt, ndpp or trial.", "Check source.")),
        length("health_id", 1, 64, words=says("health_id is not blank.", "Deliver the pseudonymised health id.")),
        unique("source", "health_id", words=says("A health id is delivered once.", "Deliver one row an id.")),
        *fields(cut_off),
    )
