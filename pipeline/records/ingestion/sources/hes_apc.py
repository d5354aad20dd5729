"""Hospital Episode Statistics, Admitted Patient Care: padded codes, sentinels, episodes delivered again.

An episode without a start date is kept: one stands in NHS England's own artificial extract. An operation in it counts
only where it has its own date.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records.ingestion.conversion import (
    EARLIEST_YEAR,
    Converted,
    day,
    integer,
    integer_unless,
    one_of,
    text_unless,
)
from pipeline.records.ingestion.readings import Reading

CODE_LENGTH = 4
"""A code has four characters (short ones are padded: I10X); what follows is a dagger, an asterisk or a local suffix."""

_BABIES = ", ".join(str(age) for age in range(7001, 7008))
_NOTHING = ("-", "&")
"""What stands for no code."""


def clean_code(text: str) -> str:
    """SQL of a diagnosis or operation code: upper case, four characters, without spaces or dots; null for none."""
    squeezed = f"upper(translate({text}, ' .', ''))"
    return f"CASE WHEN left({squeezed}, 1) NOT IN ('-', '&', '') THEN left({squeezed}, {CODE_LENGTH}) END"


def codes(columns: Sequence[str], kinds: Sequence[str]) -> Converted:  # noqa: ARG001 - every code is read as text
    """The codes in order as one list, nulls at its end left off."""
    cleaned = f"list_transform({_texts(columns)}, lambda code: {clean_code('code')})"
    last = f"coalesce(list_max(list_transform({cleaned}, lambda code, n: CASE WHEN code IS NOT NULL THEN n END)), 0)"
    return Converted(value=f"list_resize({cleaned}, {last})", present="true", failed="false")


def days(columns: Sequence[str], kinds: Sequence[str]) -> Converted:  # noqa: ARG001 - dates turn into ISO text
    """The dates in order as one list; fails where any of them cannot be read."""
    each = day(["given"], ["VARCHAR"])
    return Converted(
        value=f"list_transform({_texts(columns)}, lambda given: {each.value})",
        present="true",
        sentinel=f"list_contains(list_transform({_texts(columns)}, lambda given: {each.sentinel}), true)",
        failed=f"list_contains(list_transform({_texts(columns)}, lambda given: {each.failed}), true)",
    )


def _texts(columns: Sequence[str]) -> str:
    """SQL of the columns as a list of text up to the last that holds anything: most episodes have three of twenty."""
    texts = ", ".join(f"CAST({column} AS VARCHAR)" for column in columns)
    held = " ".join(f"WHEN {columns[n - 1]} IS NOT NULL THEN {n}" for n in range(len(columns), 0, -1))
    return f"list_resize([{texts}], CASE {held} ELSE 0 END)"


def age_at_start(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """Age in years; 7001 to 7007 are babies of less than a year."""
    given = integer(columns, kinds)
    value = f"CASE WHEN ({given.value}) IN ({_BABIES}) THEN 0 ELSE {given.value} END"
    return Converted(value=value, present=given.present, failed=given.failed)


_TEXTS = (
    "admimeth",
    "classpat",
    "epitype",
    "ethnos",
    "lsoa11",
    "procode3",
    "procode5",
    "tretspef",
    "mainspef",
    "resgor",
)

READING = Reading(
    conversions={
        **dict.fromkeys(_TEXTS, text_unless(*_NOTHING)),
        "elecdur": integer_unless(9998, 9999),  # not applicable, not known
        "epiorder": integer_unless(98, 99),  # not applicable, not known (HES data dictionary)
        "diagnoses": codes,
        "operations": codes,
        "operation_dates": days,
        "startage": age_at_start,
        "sex": one_of({"1": "male", "2": "female"}, unknown=("0", "9", "X", "x")),
    },
    aligned={"operation_dates": "operations"},
    redelivered=("epikey",),
    # Finished (3) beats unfinished (1); then the episode that ends last; then, so that the order of files does not
    # matter, the record itself.
    latest=("coalesce(epistat, 0)", f"coalesce(epiend, DATE '{EARLIEST_YEAR}-01-01')"),
)
