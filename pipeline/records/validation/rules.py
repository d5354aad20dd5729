"""What a rule is: a measure of each row (or of the whole source), and the Great Expectations class that judges it.

A suite is a tuple of rules. The functions below write the usual ones; each names its expectation. A measure is
SQL, so that dates, lengths and repeated keys reach Great Expectations as plain numbers, which it judges by the
million; only text that is compared with a list of words reaches it as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from pipeline.records.validation.library import great_expectations

Severity = Literal["critical", "warning"]
"""``critical``: failing rows are quarantined and count towards the tolerance. ``warning``: they are reported."""

Scope = Literal["row", "source"]

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One expectation of a source, in words that its owner can act on.

    Attributes
    ----------
    name
        ``kind:column[,column]``, as in quarantines and reports; never a value.
    columns
        The columns of the source that the rule reads.
    sentence, remedy
        What the rule expects, and what the data owner should do where it does not hold.
    expectation, arguments
        The class in ``great_expectations.expectations`` and what it is given; its columns are keys of ``measures``.
    measures
        Column that Great Expectations sees -> SQL that makes it from a row of ``typed``; for ``scope`` ``"source"``
        a whole query over ``typed`` that gives one number.
    scope
        ``"row"``: failing rows can be named. ``"source"``: the source as a whole holds or fails.
    unit
        What a failing count counts.
    """

    name: str
    columns: tuple[str, ...]
    sentence: str
    remedy: str
    expectation: str
    arguments: Mapping[str, Any]
    measures: Mapping[str, str]
    severity: Severity = "critical"
    scope: Scope = "row"
    unit: str = field(default="rows")

    def expect(self) -> Any:  # noqa: ANN401 - the library ships no types that mypy may follow
        """The Great Expectations object; the rule's name is in its ``meta``."""
        made = getattr(great_expectations().expectations, self.expectation)
        return made(**self.arguments, severity=self.severity, meta={"rule": self.name})


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a rule says to the data owner: the expectation in a sentence, what to do, how serious it is."""

    sentence: str
    remedy: str
    severity: Severity = "critical"


def says(sentence: str, remedy: str, severity: Severity = "critical") -> Words:
    """A rule's words."""
    return Words(sentence=sentence, remedy=remedy, severity=severity)


def between(column: str, least: float | date | None, most: float | date | None, *, words: Words) -> Rule:
    """A rule on a number or a date (``ExpectColumnValuesToBeBetween``), bounds included; null passes."""
    dated = isinstance(least, date) or isinstance(most, date)
    return _bounded("range", (column,), _days(column) if dated else f"{column}::DOUBLE", (least, most), words)


def length(column: str, least: int, most: int, *, words: Words) -> Rule:
    """A rule on how many characters a text has, or entries a list (``ExpectColumnValuesToBeBetween``)."""
    return _bounded("length", (column,), f"len({column})::DOUBLE", (least, most), words)


def entries_match(column: str, pattern: str, *, words: Words) -> Rule:
    """A rule on each entry of a list of codes: how many do not match (``ExpectColumnValuesToBeBetween`` 0 and 0)."""
    wrong = f"len(list_filter({column}, lambda code: NOT regexp_full_match(code, '{pattern}')))::DOUBLE"
    return _bounded("shape", (column,), wrong, (0, 0), words)


def at_most(kind: str, columns: Sequence[str], measure: str, most: float, *, words: Words) -> Rule:
    """A rule on SQL over a row (``ExpectColumnValuesToBeBetween``), the bound included; null passes."""
    return _bounded(kind, tuple(columns), f"({measure})::DOUBLE", (None, most), words)


def one_of(column: str, allowed: Sequence[str] | Sequence[int], *, words: Words) -> Rule:
    """A rule that a text or a number is one of those listed (``ExpectColumnValuesToBeInSet``); null passes."""
    text = isinstance(allowed[0], str)
    return Rule(
        name=f"allowed:{column}",
        columns=(column,),
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": column, "value_set": list(allowed)},
        measures={column: column if text else f"{column}::DOUBLE"},
        **vars(words),
    )


def matches(column: str, pattern: str, *, words: Words) -> Rule:
    """A rule on the shape of a text (``ExpectColumnValuesToMatchRegex``, anchored at both ends); null passes."""
    return Rule(
        name=f"shape:{column}",
        columns=(column,),
        expectation="ExpectColumnValuesToMatchRegex",
        arguments={"column": column, "regex": f"^(?:{pattern})$"},
        measures={column: column},
        **vars(words),
    )


def not_before(later: str, earlier: str, *, words: Words) -> Rule:
    """A rule that one date is not before another (``ExpectColumnPairValuesAToBeGreaterThanB``); null passes."""
    return Rule(
        name=f"order:{earlier},{later}",
        columns=(earlier, later),
        expectation="ExpectColumnPairValuesAToBeGreaterThanB",
        arguments={
            "column_A": f"days_{later}",
            "column_B": f"days_{earlier}",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
        measures={f"days_{later}": _days(later), f"days_{earlier}": _days(earlier)},
        **vars(words),
    )


def given(column: str, *, words: Words) -> Rule:
    """A rule that a column is filled (``ExpectColumnValuesToNotBeNull``)."""
    seen = f"given_{column}"
    return Rule(
        name=f"missing:{column}",
        columns=(column,),
        expectation="ExpectColumnValuesToNotBeNull",
        arguments={"column": seen},
        measures={seen: f"CASE WHEN {column} IS NOT NULL THEN 1.0::DOUBLE END"},
        **vars(words),
    )


def unique(*columns: str, keep: str = "", words: Words) -> Rule:
    """A rule that no two rows share these columns (``ExpectColumnValuesToBeBetween`` on how often they do).

    Without ``keep`` every row of a repeated key fails, for nobody can say which is right. With ``keep``, SQL that
    orders rows of one key, the first passes and the others fail.
    """
    key = ", ".join(columns)
    order = f"row_number() OVER (PARTITION BY {key} ORDER BY {keep}, source_file, row)"
    times = order if keep else f"count(*) OVER (PARTITION BY {key})"
    return _bounded("unique", columns, f"({times})::DOUBLE", (None, 1), words)


def whole(name: str, count: str, *, columns: Sequence[str], words: Words, unit: str) -> Rule:
    """A rule on the source as a whole: a query over ``typed`` counts what is wrong, and must find nothing.

    A count that is null is taken as one: what is not known does not pass.
    """
    return Rule(
        name=name,
        columns=tuple(columns),
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": name, "min_value": 0, "max_value": 0},
        measures={name: f"coalesce(({count}), 1)"},
        scope="source",
        unit=unit,
        **vars(words),
    )


_Bounds = tuple[float | date | None, float | date | None]


def _bounded(kind: str, columns: tuple[str, ...], measure: str, bounds: _Bounds, words: Words) -> Rule:
    name = f"{kind}:{','.join(columns)}"
    least, most = ((bound - EPOCH).days if isinstance(bound, date) else bound for bound in bounds)
    seen = f"{kind}_{'_'.join(columns)}"
    return Rule(
        name=name,
        columns=columns,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": seen, "min_value": least, "max_value": most},
        measures={seen: measure},
        **vars(words),
    )


def _days(column: str) -> str:
    """SQL for whole days since 1970: dates far outside any calendar stay comparable."""
    return f"({column} - DATE '{EPOCH}')::DOUBLE"


def plain_name(rule: str) -> str:
    """A rule's name in letters, digits and underscores, for systems that allow nothing else."""
    return re.sub(r"[^A-Za-z0-9_]", "_", rule)
