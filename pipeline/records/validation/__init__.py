"""Typed tables go in; accepted tables, a quarantine and a report leave; a source over its tolerance is refused.

Rules are in ``suites``, one file a source; Great Expectations judges them and stays inside ``expectations``. What
leaves is counts, rule names and the keys of failing rows, never a value.
"""

from pipeline.records.validation.acceptance import accept
from pipeline.records.validation.checks import CheckResult, check_names, check_results
from pipeline.records.validation.report_page import report
from pipeline.records.validation.result import Rejection, RuleResult, Validation
from pipeline.records.validation.verdict import validate

__all__ = [
    "CheckResult",
    "Rejection",
    "RuleResult",
    "Validation",
    "accept",
    "check_names",
    "check_results",
    "report",
    "validate",
]
