"""A panel that its owner linked already: rules made from the schema that its evaluation declares."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, length, says, unique, whole
from pipeline.vocabulary.schemas.schema import Schema

SEVERAL_TREATMENTS = """
    SELECT count(*) FROM (
        SELECT person_id FROM typed GROUP BY person_id
        HAVING count(DISTINCT treatment_period) + (count(DISTINCT treatment_period IS NULL) - 1) > 1
    )
"""


def rules(schema: Schema, _: date) -> tuple[Rule, ...]:
    """The rules of ``panels/<name>``."""
    outcomes = [column.name for column in schema.columns if column.role == "outcome"]
    return (
        unique("person_id", "period", words=says("A person has one row a period.", "Deliver each period once.")),
        length("person_id", 1, 64, words=says("The person's id is not blank.", "Deliver the pseudonymised id.")),
        whole(
            "constant:treatment_period",
            SEVERAL_TREATMENTS,
            columns=("treatment_period",),
            unit="people",
            words=says(
                "A person's treatment period is the same in all their rows.",
                "Deliver the period of the first treatment in every row, or leave it empty in every row.",
            ),
        ),
        *(_observed(outcome) for outcome in outcomes),
    )


def _observed(outcome: str) -> Rule:
    return whole(
        f"observed:{outcome}",
        f"SELECT CASE WHEN count({outcome}) = 0 THEN 1 ELSE 0 END FROM typed",
        columns=(outcome,),
        unit="empty column",
        words=says(f"{outcome} is observed in some rows.", f"Check the column that {outcome} is read from."),
    )
