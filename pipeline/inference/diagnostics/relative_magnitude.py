"""How far may trends have departed after the index before the finding is lost? The breakdown value of each headline."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.inference.diagnostics.honest_did import breakdown, months_weights, of_bins
from pipeline.vocabulary.errors import NotEstimable, RequestError
from pipeline.vocabulary.schemas.results import DIAGNOSTICS
from pipeline.vocabulary.windows import Bin

CHECK = "relative_magnitude"


def check(estimates: pa.Table, *, threshold: float, alpha: float, anticipation: int = 0) -> pa.Table:
    """One row an outcome of the headline estimates: the breakdown value of the effect in an average month.

    The largest step away from parallel trends after the index, as a multiple of the largest step before it, at which an
    interval of confidence ``1 - alpha`` comes to hold zero (Rambachan and Roth 2023, doi 10.1093/restud/rdad018).
    Passes at or above ``threshold``, else is for review. ``not evaluated`` where the effect cannot be told from zero
    were trends parallel, or there are no bins before and after a reference that ends where anticipation may begin.
    """
    headline = estimates.filter((pc.field("role") == "headline") & (pc.field("subgroup") == "all")).to_pandas()
    outcomes = [part.sort_values("months_from") for _, part in headline.groupby("outcome")]
    rows = [_row(part, threshold=threshold, alpha=alpha, anticipation=anticipation) for part in outcomes]
    return DIAGNOSTICS.of_rows(rows)


def _row(rows: pd.DataFrame, *, threshold: float, alpha: float, anticipation: int) -> dict[str, object]:
    labels: dict[str, object] = {name: rows[name].iloc[0] for name in ("evaluation", "estimator", "outcome")}
    labels |= {"check": CHECK, "threshold": threshold}
    try:
        figure = _breakdown(rows, alpha=alpha, anticipation=anticipation)
    except (NotEstimable, RequestError) as error:
        return labels | {"status": "not evaluated", "figure": None, "sentence": f"Not evaluated: {error}"}
    if figure == 0:
        sentence = (
            "The average effect cannot be told from zero even if trends were parallel, so no finding can be lost."
        )
        return labels | {"status": "not evaluated", "figure": None, "sentence": sentence}
    if math.isinf(figure):
        sentence = "The average effect differs from zero however far trends departed after the index."
        return labels | {"status": "pass", "figure": None, "sentence": sentence}
    sentence = (
        "The average effect differs from zero unless trends departed in a period after the index by more than "
        f"{figure:.2f} times as much as in any period before it."
    )
    return labels | {"status": "pass" if figure >= threshold else "review", "figure": figure, "sentence": sentence}


def _breakdown(rows: pd.DataFrame, *, alpha: float, anticipation: int) -> float:
    spans = rows[["months_from", "months_to"]].itertuples(index=False)
    bins = [Bin(number=k, first=int(first), last=int(last), reference=False) for k, (first, last) in enumerate(spans)]
    effects = rows["estimate"].to_numpy(dtype=np.float64)
    covariance = np.array([np.asarray(row, dtype=np.float64) for row in rows["covariance"]])
    given = of_bins(bins, estimates=effects, covariance=covariance, anticipation=anticipation)
    weights = months_weights(bins, estimates=effects, anticipation=anticipation)
    return breakdown(given, restriction="relative_magnitude", weights=weights, alpha=alpha)
