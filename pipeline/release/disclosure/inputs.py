"""What may come to the door: the declared tables, every column with a rule, every number a number."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.vocabulary.errors import DisclosureError, Fault, SchemaError
from pipeline.vocabulary.schemas.people import ATTRITION, LINKAGE_QUALITY
from pipeline.vocabulary.schemas.results import (
    BALANCE,
    DECOMPOSITION,
    DIAGNOSTICS,
    ESTIMATES,
    PUBLISHED_ATTRITION,
    PUBLISHED_BALANCE,
    PUBLISHED_DECOMPOSITION,
    PUBLISHED_ESTIMATES,
    PUBLISHED_LINKAGE_QUALITY,
    PUBLISHED_SUPPORT,
    SUPPORT,
)
from pipeline.vocabulary.schemas.rtt import AREA_WAITS, PUBLISHED_WAITS
from pipeline.vocabulary.schemas.schema import Column, Schema

DELIVERED = {
    "estimates": ESTIMATES,
    "attrition": ATTRITION,
    "linkage_quality": LINKAGE_QUALITY,
    "balance": BALANCE,
    "diagnostics": DIAGNOSTICS,
    "decomposition": DECOMPOSITION,
    "support": SUPPORT,
    "waits": AREA_WAITS,
}
"""The schemas of the tables that come to the door."""

PUBLISHED = {
    "estimates": PUBLISHED_ESTIMATES,
    "attrition": PUBLISHED_ATTRITION,
    "linkage_quality": PUBLISHED_LINKAGE_QUALITY,
    "balance": PUBLISHED_BALANCE,
    "diagnostics": DIAGNOSTICS,
    "decomposition": PUBLISHED_DECOMPOSITION,
    "support": PUBLISHED_SUPPORT,
    "waits": PUBLISHED_WAITS,
}
"""The schemas of the tables that leave."""

RULED = {
    "estimates": {
        "months_from", "months_to",  # the protocol's bins
        "estimate", "std_error", "ci_lower", "ci_upper", "band_lower", "band_upper", "n_treated", "n_comparison",
    },
    "attrition": {"step", "excluded", "remaining"},
    "linkage_quality": {"n_people", "n_linked", "link_rate"},
    "balance": {"n_treated", "n_comparison", "share_treated", "share_comparison", "smd"},
    "diagnostics": {"figure", "threshold"},
    "decomposition": {
        "months_from", "months_to", "estimate", "positive_weight", "negative_weight", "n_treated", "n_comparison",
    },
    "support": {"months_from", "months_to", "n_treated", "n_with_reference"},
    "waits": {
        "n_waits", "n_within_18_weeks", "n_in_open_band", "median_weeks", "percentile_92_weeks", "within_18_weeks",
    },
}  # fmt: skip
"""The numeric columns that a rule of this folder knows; a schema that grows another is refused until it has one."""

_ROLES_THAT_LEAVE = ("count", "statistic", "label")

_OF_OTHERS = {"waits": ("published", "label")}
"""What leaves as its owner published it, and the roles of its columns: nothing of people's records stands in it."""


def refuse_unruled(name: str, schema: Schema, *, ruled: set[str]) -> None:
    """Refuse a published schema with a column that no rule covers.

    Raises
    ------
    DisclosureError
        Naming every column whose disclosure role may not leave, and every number without a rule.
    """
    leaving = _OF_OTHERS.get(name, _ROLES_THAT_LEAVE)
    faults = [
        Fault(
            what="column has no disclosure rule",
            source=name,
            column=column.name,
            remedy="Give it a rule in pipeline/release/disclosure, or keep it back.",
        )
        for column in schema.columns
        if column.role not in leaving or (_is_numeric(column) and column.name not in ruled)
    ]
    if faults:
        raise DisclosureError(faults)


def checked(name: str, table: pa.Table) -> pa.Table:
    """A table as its schema declares it, if it has no column too many and no count below zero or missing.

    Raises
    ------
    DisclosureError
        Saying which table and column, how many rows, and what to do; never a value.
    """
    schema = DELIVERED[name]
    surplus = [column for column in table.column_names if column not in schema.names]
    if surplus:
        remedy = "Declare it in the schema and give it a rule, or leave it out."
        raise DisclosureError(
            [Fault(what="column is not declared", source=name, column=c, remedy=remedy) for c in surplus]
        )
    try:
        conformed = schema.conform(table)
    except SchemaError as error:
        raise DisclosureError(error.faults) from None
    faults = [fault for column in schema.columns for fault in _count_faults(name, column, conformed)]
    if faults:
        raise DisclosureError(faults)
    return conformed


def refuse_not_numbers(name: str, table: pa.Table) -> None:
    """Refuse figures that are not finite: they are the trace of a fault, and some formats print them as text.

    Raises
    ------
    DisclosureError
        Naming table, column and how many.
    """
    faults = []
    for field in table.schema:
        if not pa.types.is_floating(field.type):
            continue
        wrong = pc.sum(pc.invert(pc.is_finite(table[field.name]))).as_py() or 0
        if wrong:
            remedy = "Find why the figure cannot be computed; what is not estimable is null."
            faults.append(
                Fault(what="figure is not a finite number", source=name, column=field.name, count=wrong, remedy=remedy)
            )
    if faults:
        raise DisclosureError(faults)


def _is_numeric(column: Column) -> bool:
    return any(is_type(column.type) for is_type in (pa.types.is_integer, pa.types.is_floating, pa.types.is_nested))


def _count_faults(name: str, column: Column, table: pa.Table) -> list[Fault]:
    if column.role not in ("count", "published") or not pa.types.is_integer(column.type):
        return []
    negative = pc.sum(pc.less(table[column.name], 0)).as_py() or 0
    remedy = "Find the stage that made it: a count of people starts at 0."
    fault = Fault(what="count is below zero", source=name, column=column.name, count=negative, remedy=remedy)
    return [fault] if negative else []
