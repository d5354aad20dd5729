"""NHS Talking Therapies referrals: one row a referral, as last submitted."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, length, not_before, one_of, says, unique, whole
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import PROBLEMS

FIRST_REFERRAL = date(2007, 10, 1)
"""The first services (Doncaster and Newham) opened in 2006-07; the data set begins later."""

MOST_CONTACTS = 500
HIGHEST_PHQ9, HIGHEST_GAD7 = 27, 21
"""The scales' own ends: nine and seven items scored 0 to 3."""

CONTRADICTED = """
    SELECT count(*) FROM typed
    WHERE completed_treatment AND NOT (discharge_date IS NOT NULL AND coalesce(treatment_contacts, 0) >= 2)
"""

IN_SESSION = """
    SELECT count(*) FROM typed WHERE first_session IS NULL AND treatment_contacts >= 2
"""


def rules(_: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``iapt/IDS101Referral``."""
    redate = "Correct the date at the source, or deliver it empty if it is not known."
    scores = "Check the first and last scores of PHQ-9 and GAD-7."
    return (
        unique("unique_service_request_id", words=says("A referral is one row.", "Deliver its latest state.")),
        length("unique_service_request_id", 1, 64, words=says("The referral's id is not blank.", "Deliver its id.")),
        length("iapt_person_id", 1, 64, words=says("The person's id is not blank.", "Deliver the pseudonymised id.")),
        between("referral_date", FIRST_REFERRAL, cut_off, words=says("A referral is by the cut-off.", redate)),
        between("first_session", FIRST_REFERRAL, cut_off, words=says("Therapy starts by the cut-off.", redate)),
        between("discharge_date", FIRST_REFERRAL, cut_off, words=says("Discharge is by the cut-off.", redate)),
        not_before("first_session", "referral_date", words=says("Therapy starts after the referral.", redate)),
        not_before("discharge_date", "first_session", words=says("Discharge is after the first session.", redate)),
        not_before(
            "second_session", "first_session", words=says("The second session is after the first.", redate, "warning")
        ),
        between(
            "treatment_contacts",
            0,
            MOST_CONTACTS,
            words=says("A referral has 0 to 500 treatment contacts.", "Check the count of treatment contacts."),
        ),
        *(
            between(name, 0, most, words=says(f"{name} is 0 to {most}.", scores, "warning"))
            for name, most in _scores().items()
        ),
        one_of("problem", PROBLEMS, words=says("The problem is one that is known.", "Check the problem.")),
        whole(
            "completed:treatment_contacts",
            CONTRADICTED,
            columns=("completed_treatment", "discharge_date", "treatment_contacts"),
            unit="referrals",
            words=says(
                "A course flagged as completed was discharged with two treatment contacts or more.",
                "Check the flag: Causeway goes by the discharge and the contacts.",
                "warning",
            ),
        ),
        whole(
            "started:first_session",
            IN_SESSION,
            columns=("first_session", "treatment_contacts"),
            unit="referrals",
            words=says(
                "A referral with two treatment contacts or more has a first therapy session.",
                "Deliver the date of the first therapy session: without it a course cannot be studied.",
                "warning",
            ),
        ),
    )


def _scores() -> dict[str, int]:
    return {
        "phq9_first": HIGHEST_PHQ9,
        "phq9_last": HIGHEST_PHQ9,
        "gad_first": HIGHEST_GAD7,
        "gad_last": HIGHEST_GAD7,
    }
