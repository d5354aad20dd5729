"""Benefit spells: amounts in pounds, an end far in the future for a spell that goes on, spells delivered again."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records.ingestion.conversion import Converted, day, one_of, pence
from pipeline.records.ingestion.readings import Reading
from pipeline.vocabulary.schemas.sources import BENEFITS

LAST_YEAR = 2199
"""An end in a later year (9999-12-31, say) stands for none."""


def end(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """The last day of a spell; null while it goes on."""
    given = day(columns, kinds)
    far = f"coalesce(({given.value}) > DATE '{LAST_YEAR}-12-31', false)"
    return Converted(
        value=f"CASE WHEN NOT {far} THEN {given.value} END",
        present=given.present,
        sentinel=f"({far} OR {given.sentinel})",
        failed=given.failed,
    )


READING = Reading(
    conversions={
        "benefit": one_of({benefit.lower(): benefit for benefit in BENEFITS}),
        "end_date": end,
        "weekly_pence": pence,
    },
    redelivered=("valid_nino", "benefit", "start_date"),
    # A spell that has ended stands above the same one while it went on; then the one that ends last.
    latest=("CAST(end_date IS NOT NULL AS INTEGER)", "coalesce(end_date, start_date)"),
)
