"""The bridge from validation to Dagster: one asset check per rule. Checks display; code refuses."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.stages.records import source_schema

if TYPE_CHECKING:
    from pipeline.records.validation import Validation


def check_specs(source: str, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks of a source, one for each rule of its suite."""
    from pipeline.records.validation import check_names

    return [dg.AssetCheckSpec(name=name, asset=key) for name in check_names(source_schema(source))]


def shown(validation: "Validation", key: dg.AssetKey, report: dg.PathMetadataValue) -> Iterator[dg.AssetCheckResult]:
    """A validation as Dagster shows it: counts and names of rules, never a value."""
    from pipeline.records.validation import check_results

    for check in check_results(validation):
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=check.name,
            passed=check.passed,
            severity=dg.AssetCheckSeverity[check.severity],
            description=check.description,
            metadata={**check.counts, "report": report},
        )
