"""Why a source may not be used: too many rows in quarantine, or a critical rule on the source as a whole."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.records.validation.quarantine import leading
from pipeline.records.validation.result import RuleResult, Validation
from pipeline.vocabulary.errors import Fault

_LOOK = "The quarantine names every row, the validation report every rule."


def refusals(connection: duckdb.DuckDBPyConnection, validation: Validation, *, quarantine: Path) -> tuple[Fault, ...]:
    """One fault if the share of quarantined rows is over tolerance, and one for each rule that the source fails."""
    whole = [_does_not_hold(validation.source, rule) for rule in validation.rules if _refuses(rule)]
    if validation.share <= validation.tolerance:
        return tuple(whole)
    return (_over_tolerance(connection, validation, quarantine=quarantine), *whole)


def _over_tolerance(connection: duckdb.DuckDBPyConnection, validation: Validation, *, quarantine: Path) -> Fault:
    most = leading(connection, quarantine)
    remedies = [rule.remedy for rule in validation.rules if rule.name == most.rule]
    more = len(most.files) - 1
    return Fault(
        what=(
            f"{validation.share:.2%} of rows break rules, more than the {validation.tolerance:.2%} tolerated; "
            f"{most.rows:,} break {most.rule}"
        ),
        source=validation.source,
        file=most.files[0] + (f" and {more} more" if more else ""),
        column=most.rule.split(":", 1)[-1].replace(",", ", "),
        count=validation.rows_quarantined,
        remedy=" ".join([*(remedies or ["Correct these rows at the source."]), _LOOK]),
    )


def _refuses(rule: RuleResult) -> bool:
    return rule.scope == "source" and rule.status == "fail"


def _does_not_hold(source: str, rule: RuleResult) -> Fault:
    return Fault(
        what=f"{rule.name} does not hold: {rule.sentence.rstrip('.')}",
        source=source,
        column=", ".join(rule.columns),
        count=rule.failing,
        unit=rule.unit,
        remedy=rule.remedy,
    )
