"""The NHS Diabetes Prevention Programme: one row a referral."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, length, not_before, says, unique, whole
from pipeline.vocabulary.schemas.schema import Schema

FIRST_NDPP = date(2015, 4, 1)
"""Demonstrator sites began in 2015, the programme itself in June 2016."""

FIRST_TEST = date(2010, 1, 1)
"""Laboratories report mmol/mol alone since October 2011."""

LOWEST_HBA1C, HIGHEST_HBA1C = 20, 200
"""mmol/mol: 4 to 20 per cent. Below it a value is in per cent."""

UNMEASURED = "SELECT count(*) FROM typed WHERE hba1c_mmol_mol IS NULL AND fpg_mmol_l IS NULL"


def rules(_: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``ndpp``."""
    redate = "Correct the date at the source, or deliver it empty if it is not known."
    return (
        unique("referral_id", words=says("referral_id names one referral.", "Deliver each referral's latest state.")),
        length("referral_id", 1, 64, words=says("referral_id is not blank.", "Deliver the key of the referral.")),
        length("person_ref", 1, 64, words=says("person_ref is not blank.", "Deliver the pseudonymised person's id.")),
        between(
            "referral_date",
            FIRST_NDPP,
            cut_off,
            words=says("A referral is made after the programme began and by the cut-off.", redate),
        ),
        hba1c_in_range(),
        between(
            "fpg_mmol_l",
            2,
            40,
            words=says("Fasting plasma glucose is 2 to 40 mmol/l.", "Check fpg_mmol_l.", "warning"),
        ),
        between("test_date", FIRST_TEST, cut_off, words=says("A test is from 2010 on.", redate, "warning")),
        between("discharge_date", FIRST_NDPP, cut_off, words=says("A discharge is by the cut-off.", redate, "warning")),
        not_before(
            "referral_date",
            "test_date",
            words=says("A referral is on the day of its test or later.", redate, "warning"),
        ),
        not_before(
            "initial_assessment_date",
            "referral_date",
            words=says("An assessment is on the day of referral or later.", redate, "warning"),
        ),
        not_before(
            "discharge_date",
            "referral_date",
            words=says("A discharge is on the day of referral or later.", redate, "warning"),
        ),
        between(
            "sessions_attended", 0, 100, words=says("Sessions are 0 to 100.", "Check sessions_attended.", "warning")
        ),
        between("weight_first_kg", 25, 350, words=says("A weight is 25 to 350 kg.", "Check the unit.", "warning")),
        between("weight_last_kg", 25, 350, words=says("A weight is 25 to 350 kg.", "Check the unit.", "warning")),
        between("practice_wave", 1, 3, words=says("A practice's wave is 1 to 3.", "Check practice_wave.", "warning")),
        whole(
            "measured:hba1c_mmol_mol,fpg_mmol_l",
            UNMEASURED,
            columns=("hba1c_mmol_mol", "fpg_mmol_l"),
            unit="referrals",
            words=says(
                "Every referral has an HbA1c or a fasting plasma glucose.",
                "Deliver the test that the referral was made on.",
                "warning",
            ),
        ),
    )


def hba1c_in_range() -> Rule:
    """HbA1c in mmol/mol."""
    return between(
        "hba1c_mmol_mol",
        LOWEST_HBA1C,
        HIGHEST_HBA1C,
        words=says("HbA1c is 20 to 200 mmol/mol.", "Deliver it in mmol/mol, not in per cent."),
    )
