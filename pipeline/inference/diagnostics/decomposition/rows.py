"""The decomposition of an evaluation's outcomes as a table, in published units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.inference.diagnostics.decomposition.decompose import of_panel
from pipeline.inference.diagnostics.decomposition.result import Decomposition
from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.months import first_day
from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.results import DECOMPOSITION

COMPARED = ("ons_fixed_effects", "sun_abraham")
"""The estimators whose gap is decomposed: the second is of the saturated regression that the first is nested in."""


def table(panel: Panel, protocol: Protocol) -> pa.Table:
    """One row an outcome, bin and part (schema ``DECOMPOSITION``); none unless both estimators are declared.

    An outcome that one of them cannot answer for has no rows, nor has such a bin, nor a part without people, nor
    ``not_by_pairs`` where comparisons of timing groups add up to the static coefficient.
    """
    found = [rows for outcome in protocol.evaluation.outcomes for rows in _of_outcome(panel, protocol, outcome)]
    schema = pa.schema([(column.name, column.type) for column in DECOMPOSITION.columns])
    if not found:
        return DECOMPOSITION.conform(schema.empty_table())
    return DECOMPOSITION.conform(pa.Table.from_pandas(pd.concat(found), schema=schema, preserve_index=False))


def _of_outcome(panel: Panel, protocol: Protocol, outcome: Outcome) -> list[pd.DataFrame]:
    design = protocol.evaluation.design
    if not set(COMPARED) <= set(design.estimators):
        return []
    try:
        specification = Specification(window=design.window, age_spline=design.age_spline, covariates=design.covariates)
        decomposed = of_panel(panel, outcome.name, specification=specification)
    except NotEstimable:
        return []
    return [_labelled(rows, protocol, outcome) for rows in _tables(decomposed, treated_in(protocol))]


def treated_in(protocol: Protocol) -> Callable[[int], str]:
    """When people of a timing group were treated, as reported: the calendar year of a month, else the period."""
    design = protocol.evaluation.design
    if design.dated:
        return lambda month: str(first_day(month).year)
    return lambda period: f"{design.period_unit} {period}"


def _tables(decomposed: Decomposition, label: Callable[[int], str]) -> Iterator[pd.DataFrame]:
    cells = decomposed.cells
    both = np.isfinite(cells.coefficients) & np.isfinite(cells.pooled)
    known = [part.first for part, has in zip(cells.bins, both, strict=True) if has]
    for rows in (decomposed.table(), _by_label(decomposed.by_timing_group(), label)):
        yield rows[rows["months_from"].isin(known) & (rows["n_treated"] > 0)]
    if np.isfinite(decomposed.static.coefficient):
        yield _static(decomposed)


def _by_label(groups: pd.DataFrame, label: Callable[[int], str]) -> pd.DataFrame:
    """What people treated in the same year (or period) add to each bin's gap."""
    summed = {"estimate": "sum", "n_treated": "sum", "n_in_bin": "sum", "n_comparison": "max"}
    named = groups.assign(treated_in=groups["treatment_month"].map(label))
    by = ["months_from", "months_to", "treated_in"]
    return named.groupby(by, sort=False).agg(summed).reset_index().assign(part="timing_group")


def _static(decomposed: Decomposition) -> pd.DataFrame:
    """The static coefficient with the signs of its weights, its kinds of comparison, and what these leave over."""
    static, cells = decomposed.static, decomposed.static.cells
    people = {"n_treated": cells.most(cells.people).sum(), "n_comparison": cells.compared.max()}
    whole = {
        "part": "static",
        "estimate": static.coefficient,
        "positive_weight": np.maximum(cells.weights, 0).sum(),
        "negative_weight": np.minimum(cells.weights, 0).sum(),
        **people,
    }
    table = static.table().set_index("part")
    kinds = table.drop("remainder").query("n_treated > 0").rename(columns={"weight": "positive_weight"})
    rows = [
        whole,
        *kinds[["positive_weight", "estimate", "n_treated", "n_comparison"]].reset_index().to_dict("records"),
    ]
    if not static.balanced:
        rows.append({"part": "not_by_pairs", "estimate": table.loc["remainder", "contribution"], **people})
    return pd.DataFrame(rows).assign(months_from=1, months_to=cells.bins[0].last)


def _labelled(rows: pd.DataFrame, protocol: Protocol, outcome: Outcome) -> pd.DataFrame:
    prices = protocol.evaluation.prices
    absent: dict[str, Any] = {"treated_in": "", "positive_weight": np.nan, "negative_weight": np.nan}
    absent["n_in_bin"] = rows["n_treated"]
    return rows.assign(
        **{name: nothing for name, nothing in absent.items() if name not in rows.columns},
        evaluation=protocol.name,
        outcome=outcome.name,
        unit=outcome.unit,
        price_base=str(prices.base_year) if outcome.prices and prices is not None else "",
        estimate=rows["estimate"] * outcome.scale,
        obs_status="",
    )
