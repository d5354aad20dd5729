"""NHS Talking Therapies referrals, v2.1 and v1.5: monthly submissions of one referral, of which the latest counts.

Version 1.5 gives a provisional diagnosis (ICD-10) where version 2 gives the category of a problem, and marks the row
of a pathway to use where version 2 marks the latest submission; both are read as the newer column.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records.ingestion.conversion import Converted, as_text, one_of
from pipeline.records.ingestion.readings import Reading
from pipeline.vocabulary.schemas.sources import PROBLEMS

_DEPRESSION, _ANXIETY, _OTHER_MENTAL, _OTHER = PROBLEMS

PROBLEM = {
    "depression": _DEPRESSION,
    "anxiety and stress related disorders (total)": _ANXIETY,
    "anxiety and stress related disorders": _ANXIETY,
    "other mental health problems": _OTHER_MENTAL,
    "other recorded problems": _OTHER,
}

NO_PROBLEM = ("Unspecified", "Invalid Data supplied", "-1", "-3")
"""What stands for a problem that nobody recorded."""

_DIAGNOSES = {"F3[23].*": _DEPRESSION, "F4[0-3].*": _ANXIETY, "F.*": _OTHER_MENTAL, "[A-Z][0-9].*": _OTHER}
"""Provisional diagnoses of version 1.5, the first pattern that fits."""


def problem(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """The problem's category, by its words (version 2) or by a provisional diagnosis (version 1.5)."""
    given = as_text(columns[0], kinds[0])
    cases = " ".join(
        f"WHEN regexp_full_match(upper({given}), '{pattern}') THEN '{name}'" for pattern, name in _DIAGNOSES.items()
    )
    return one_of(PROBLEM, unknown=NO_PROBLEM, default=f"CASE {cases} END")(columns, kinds)


READING = Reading(
    conversions={"problem": problem},
    redelivered=("unique_service_request_id",),
    latest=("coalesce(TRY_CAST(unique_submission_id AS BIGINT), 0)",),
    current="is_latest",
)
