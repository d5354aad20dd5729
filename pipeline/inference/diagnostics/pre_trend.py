"""Were treated and comparison people on the same path before the index? A joint test of earlier bins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.vocabulary.schemas.results import DIAGNOSTICS

CHECK = "pre_trend"


def check(estimates: pa.Table, *, alpha: float, anticipation: int = 0) -> pa.Table:
    r"""One row an outcome of the headline estimates: the p value of no effect in any bin before the reference.

    The Wald statistic :math:`b' V^{-1} b` of the identified bins that end before the index and its anticipation,
    against chi-squared with as many degrees of freedom as their covariance has rank. Passes at or above ``alpha``;
    ``not evaluated`` where there is no such bin.
    """
    headline = estimates.filter((pc.field("role") == "headline") & (pc.field("subgroup") == "all")).to_pandas()
    groups = headline.groupby("outcome")
    rows = [_row(part.sort_values("months_from"), alpha=alpha, anticipation=anticipation) for _, part in groups]
    return DIAGNOSTICS.of_rows(rows)


def wald_p_value(effects: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    """The p value of all effects being zero."""
    from scipy.special import chdtrc

    statistic = effects @ np.linalg.pinv(covariance, hermitian=True) @ effects
    return float(chdtrc(np.linalg.matrix_rank(covariance, hermitian=True), statistic))


def _row(rows: pd.DataFrame, *, alpha: float, anticipation: int) -> dict[str, object]:
    labels: dict[str, object] = {name: rows[name].iloc[0] for name in ("evaluation", "estimator", "outcome")}
    labels |= {"check": CHECK, "threshold": alpha}
    before = ((rows["months_to"] <= -anticipation) & rows["estimate"].notna()).to_numpy()
    if not before.any():
        sentence = "No bin before the reference has an estimate, so earlier paths cannot be compared."
        return labels | {"status": "not evaluated", "figure": None, "sentence": sentence}
    covariance = np.array([np.asarray(row, dtype=np.float64) for row in rows["covariance"]])
    p_value = wald_p_value(rows["estimate"].to_numpy()[before], covariance[np.ix_(before, before)])
    passed = p_value >= alpha
    found = "do not differ detectably" if passed else "differ"
    periods = "1 period" if before.sum() == 1 else f"{before.sum()} periods"
    sentence = (
        f"Before the reference period, the paths of treated and comparison people {found} "
        f"(joint test of {periods}, p {_words(p_value)})."
    )
    return labels | {"status": "pass" if passed else "fail", "figure": p_value, "sentence": sentence}


def _words(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"  # noqa: PLR2004 - as journals print it
