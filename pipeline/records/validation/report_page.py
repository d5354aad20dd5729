"""The validation report: one static page that a data owner can act on. Counts, rule names and column names only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.engine.store import write_whole
from pipeline.records.validation.result import RuleResult, Validation
from pipeline.vocabulary.errors import Fault

_ORDER = {"fail": 0, "warn": 1, "pass": 2}

SMALLEST_SHARE = 0.0001
"""The smallest share that two decimals of a percentage can show."""

KINDS = {
    "missing": "has no value, and must have one",
    "type": "holds something that is not of the column's type",
}
"""What ingestion's rules mean, by the part of their names before the colon."""


def report(validations: Sequence[Validation], *, delivery: str, target: Path, unreadable: Sequence[Fault] = ()) -> None:
    """Write ``target/validation.html``: refusals first, then each source with its rules, failing ones first.

    Parameters
    ----------
    unreadable
        Why sources were refused before any rule could look at them.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pipeline.records.validation", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"thousands": "{:,}".format, "per_cent": per_cent, "meaning": meaning}
    page = environment.get_template("validation.html.j2").render(
        delivery=delivery,
        validations=sorted(validations, key=lambda validation: (not validation.refused, validation.source)),
        refused=[validation for validation in validations if validation.refused],
        by_status=by_status,
        unreadable=unreadable,
    )
    target.mkdir(parents=True, exist_ok=True)
    write_whole(target / "validation.html", page)


def by_status(rules: Sequence[RuleResult]) -> list[RuleResult]:
    """Rules with those that fail first, then warnings, then those that hold; each in the suite's order."""
    return sorted(rules, key=lambda rule: _ORDER[rule.status])


def per_cent(share: float) -> str:
    """A share as a percentage that shows neither nought nor a hundred for a share that is not exactly that."""
    if 0 < share < SMALLEST_SHARE:
        return f"under {SMALLEST_SHARE:.2%}"
    if 1 - SMALLEST_SHARE < share < 1:
        return f"over {1 - SMALLEST_SHARE:.2%}"
    return f"{share:.2%}"


def meaning(rule: str) -> str:
    """An ingestion rule's name in words."""
    kind, _, column = rule.partition(":")
    return f"{column} {KINDS[kind]}" if kind in KINDS and column else rule.replace(":", " ").replace("_", " ")
