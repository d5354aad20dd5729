"""A validation as an orchestrator may show it: one check a rule, and one for the tolerance. Counts and names only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.records.validation.result import RuleResult, Validation
from pipeline.records.validation.rules import plain_name
from pipeline.records.validation.suites import suite
from pipeline.vocabulary.schemas.schema import Schema

WITHIN_TOLERANCE = "within_tolerance"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One check: ``severity`` is ``"ERROR"`` where the source is refused for it, else ``"WARN"``."""

    name: str
    passed: bool
    severity: Literal["ERROR", "WARN"]
    counts: Mapping[str, int | float]
    description: str


def check_names(schema: Schema) -> tuple[str, ...]:
    """The names of a source's checks, in order, before anything has run; letters, digits and underscores."""
    return (WITHIN_TOLERANCE, *(plain_name(rule.name) for rule in suite(schema)))


def check_results(validation: Validation) -> tuple[CheckResult, ...]:
    """A validation's checks, with the names and in the order of :func:`check_names`."""
    tolerance = CheckResult(
        name=WITHIN_TOLERANCE,
        passed=validation.share <= validation.tolerance,
        severity="ERROR",
        counts={
            "rows_delivered": validation.rows_delivered,
            "rows_accepted": validation.rows_accepted,
            "rows_quarantined": validation.rows_quarantined,
            "share": validation.share,
            "tolerance": validation.tolerance,
        },
        description="The share of quarantined rows is within the source's tolerance.",
    )
    return (tolerance, *(_check(rule, over=not tolerance.passed) for rule in validation.rules))


def _check(rule: RuleResult, *, over: bool) -> CheckResult:
    refuses = rule.severity == "critical" and (over or rule.scope == "source")
    return CheckResult(
        name=plain_name(rule.name),
        passed=rule.status == "pass",
        severity="ERROR" if refuses else "WARN",
        counts={"checked": rule.checked, "failing": rule.failing, "share": rule.share},
        description=f"{rule.sentence} Failing counts {rule.unit}. {rule.remedy}",
    )
