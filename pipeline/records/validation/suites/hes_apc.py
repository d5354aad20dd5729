"""Hospital Episode Statistics, Admitted Patient Care: one row a finished episode.

Codes: ICD-10 and OPCS-4 as NHS England holds them, without the dot, short codes padded with X.
"""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, entries_match, length, not_before, one_of, says, unique
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import SEXES

FIRST_HES = date(1989, 4, 1)
"""HES begins with the financial year 1989-90."""

LONGEST_WAIT = 10_000
"""Days; more than 27 years on a waiting list is a fault of the record."""

ICD10 = "[A-Z][0-9][0-9A-Z][0-9X]?[0-9A-Z]{0,2}"
OPCS4 = "[A-Z][0-9]{2}[0-9X]?"


def rules(_: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``hes_apc``."""
    redate = "Correct the date at the source, or deliver it empty if it is not known."
    return (
        unique("epikey", words=says("EPIKEY names one episode.", "Deliver each episode once, in its latest version.")),
        length("epikey", 1, 64, words=says("EPIKEY is not blank.", "Deliver the key of the episode.")),
        length(
            "pseudo_hesid", 1, 64, words=says("PSEUDO_HESID is not blank.", "Deliver the pseudonymised patient id.")
        ),
        between(
            "epistart", FIRST_HES, cut_off, words=says("An episode starts after HES began and by the cut-off.", redate)
        ),
        between(
            "epiend", FIRST_HES, cut_off, words=says("An episode ends after HES began and by the cut-off.", redate)
        ),
        not_before("epiend", "epistart", words=says("An episode ends on or after the day it starts.", redate)),
        not_before("disdate", "admidate", words=says("Discharge is on or after admission.", redate)),
        not_before("epistart", "admidate", words=says("An episode starts on or after admission.", redate, "warning")),
        not_before("admidate", "elecdate", words=says("The decision to admit is by admission.", redate, "warning")),
        between(
            "elecdur",
            0,
            LONGEST_WAIT,
            words=says("A wait is 0 to 10,000 days.", "Deliver 9998 or 9999 if none.", "warning"),
        ),
        between("startage", 0, 120, words=says("Age at start is 0 to 120.", "Check STARTAGE.", "warning")),
        one_of("sex", SEXES, words=says("Sex is male, female or missing.", "Check SEX.", "warning")),
        length("diagnoses", 1, 20, words=says("A diagnosis is given.", "Check DIAG_4_01.", "warning")),
        entries_match("diagnoses", ICD10, words=says("Diagnoses look like ICD-10.", "Check DIAG_4_nn.", "warning")),
        entries_match("operations", OPCS4, words=says("Operations look like OPCS-4.", "Check OPERTN_4_nn.", "warning")),
    )
