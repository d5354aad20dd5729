"""Benefit spells: one row a person, benefit and first day."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, length, not_before, one_of, says, unique, whole
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import BENEFITS, DISABILITY_BENEFITS, INCAPACITY_BENEFITS

FIRST_SPELL = date(1971, 9, 1)
"""Invalidity benefit, from which the oldest spells still running were converted, began in September 1971."""

MOST_A_WEEK = 2_000_00
"""Pence; no benefit of this list comes near £2,000 a week."""

_OF_HEALTH = ", ".join(f"'{benefit}'" for benefit in (*INCAPACITY_BENEFITS, *DISABILITY_BENEFITS))

MISLABELLED = f"SELECT count(*) FROM typed WHERE benefit IN ({_OF_HEALTH}) AND NOT health_related"


def rules(_: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``dwp_benefits``; spells of one benefit may overlap, and are then counted once."""
    redate = "Correct the date at the source; leave end_date empty while the spell goes on."
    return (
        unique(
            "valid_nino",
            "benefit",
            "start_date",
            words=says("A person starts a benefit once on a day.", "Deliver each spell once, as it stands now."),
        ),
        length("valid_nino", 1, 64, words=says("The person's id is not blank.", "Deliver the pseudonymised NINo.")),
        one_of("benefit", BENEFITS, words=says("The benefit is one that is known.", "Check the spelling of benefit.")),
        between("start_date", FIRST_SPELL, cut_off, words=says("A spell starts by the cut-off.", redate)),
        not_before("end_date", "start_date", words=says("A spell ends on or after the day it starts.", redate)),
        between(
            "weekly_pence",
            0,
            MOST_A_WEEK,
            words=says("A benefit is £0 to £2,000 a week.", "Check that amounts are pounds a week."),
        ),
        whole(
            "health_related:benefit",
            MISLABELLED,
            columns=("benefit", "health_related"),
            unit="spells",
            words=says(
                "Incapacity and disability benefits are flagged as health related.",
                "Check health_related: such a spell counts as a health-related benefit all the same.",
                "warning",
            ),
        ),
    )
