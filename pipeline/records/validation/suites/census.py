"""Census 2011 and 2021: one row a person enumerated. Wales is legal; the cohort decides on residence."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, length, one_of, says, unique
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import ETHNIC_GROUPS, REGIONS, SEXES

FIRST_BIRTH_YEAR = 1890
"""Nobody enumerated in 2011 was born earlier."""


def rules(_: Schema, cut_off: date) -> tuple[Rule, ...]:
    """The rules of ``census``."""
    return (
        unique("census_id", words=says("census_id names one person of one census.", "Deliver each record once.")),
        length("census_id", 1, 64, words=says("census_id is not blank.", "Deliver the record's id.")),
        one_of(
            "census_year",
            (2011, 2021),
            words=says("The census is that of 2011 or of 2021.", "Leave other years out, or correct census_year."),
        ),
        one_of("sex", SEXES, words=says("Sex is male or female.", "Check the spelling of sex.")),
        between(
            "birth_year",
            FIRST_BIRTH_YEAR,
            min(2021, cut_off.year),
            words=says("A person was born from 1890 to 2021.", "Check birth_year."),
        ),
        between("birth_quarter", 1, 4, words=says("The quarter of birth is 1 to 4.", "Check birth_quarter.")),
        one_of(
            "ethnic_group",
            ETHNIC_GROUPS,
            words=says("Ethnic group is one of the six aggregated groups.", "Check ethnic_group."),
        ),
        between("imd_quintile", 1, 5, words=says("The deprivation quintile is 1 to 5.", "Check imd_quintile.")),
        one_of(
            "region",
            (*REGIONS, "Wales"),
            words=says("Region is one of England's nine, or Wales.", "Check the spelling of region.", "warning"),
        ),
    )
