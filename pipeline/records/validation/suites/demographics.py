"""What holds for the demographic fields of either side: names are hashed, dates of birth are possible."""

from __future__ import annotations

from datetime import date

from pipeline.records.validation.rules import Rule, between, matches, says
from pipeline.vocabulary.schemas.demographics import TOKENS

EARLIEST_BIRTH = date(1890, 1, 1)

_HASHED = r"(?=[^0-9]*[0-9])[A-Za-z0-9+/=_-]{16,128}"
"""Sixteen characters or more of hexadecimal or base 64, a digit among them: no name looks like that."""


def fields(cut_off: date) -> tuple[Rule, ...]:
    """The rules of names and dates of birth."""
    hashed = (
        matches(
            name,
            _HASHED,
            words=says(
                f"{name} is a keyed hash of at least 16 characters, never a name in clear.",
                "Delete this copy securely and deliver hashes made with one key on both sides.",
            ),
        )
        for name in TOKENS
    )
    born = between(
        "birth_date",
        EARLIEST_BIRTH,
        cut_off,
        words=says("A person was born after 1889 and by the cut-off.", "Check birth_date, or leave it empty."),
    )
    return (*hashed, born)
