"""Blood tests of people who were not referred to the NHS Diabetes Prevention Programme: one row a test."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, length, says, unique, whole
from pipeline.records.validation.suites.ndpp import FIRST_TEST, hba1c_in_range
from pipeline.vocabulary.schemas.schema import Schema

FIRST_ELIGIBLE = 42
"""mmol/mol, the programme's own lower limit (NHS England, NHS Diabetes Prevention Programme service specification)."""

NOBODY_ELIGIBLE = f"SELECT (count(*) FILTER (WHERE hba1c_mmol_mol >= {FIRST_ELIGIBLE}) = 0)::INTEGER FROM typed"
NOBODY_BELOW = f"SELECT (count(*) FILTER (WHERE hba1c_mmol_mol < {FIRST_ELIGIBLE}) = 0)::INTEGER FROM typed"


def rules(_: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``ndpp/tests``."""
    return (
        length("person_ref", 1, 64, words=says("person_ref is not blank.", "Deliver the pseudonymised person's id.")),
        between(
            "test_date",
            FIRST_TEST,
            cut_off,
            words=says("A test is from 2010 on and by the cut-off.", "Check test_date."),
        ),
        hba1c_in_range(),
        unique(
            "person_ref",
            "test_date",
            words=says("A person has one test a day.", "Deliver each test once, with its final value.", "warning"),
        ),
        whole(
            "below:hba1c_mmol_mol",
            NOBODY_BELOW,
            columns=("hba1c_mmol_mol",),
            unit="empty side",
            words=says("Some tests are below 42.", "Deliver tests of people who were not eligible.", "warning"),
        ),
        whole(
            "eligible:hba1c_mmol_mol",
            NOBODY_ELIGIBLE,
            columns=("hba1c_mmol_mol",),
            unit="empty side",
            words=says(
                "Some tests are 42 or more: people who could have been referred and were not.",
                "Deliver them too: without them everybody at 42 and above took up, and the threshold shows nothing.",
                "warning",
            ),
        ),
    )
