"""Were treated and comparison people on the same path before the index? A joint test of the bins before the reference."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.vocabulary.schemas.results import DIAGNOSTICS

CHECK = "pre_trend"


def check(estimates: pa.Table, *, alpha: float) -> pa.Table:
    r"""One row an outcome of the headline estimates: the p value of no effect in every bin that ends before event time 1.

    The Wald statistic :math:`b' V^{-1} b` of the identified bins, against chi-squared with as many degrees of freedom
    as the covariance has rank. Passes at or above ``alpha``; ``not evaluated`` where there is no such bin.
    """
    headline = estimates.filter(
        pc.and_(pc.equal(estimates["role"], "headline"), pc.equal(estimates["subgroup"], "all"))
    )
    outcomes = list(dict.fromkeys(headline["outcome"].to_pylist()))
    rows = [_row(headline.filter(pc.equal(headline["outcome"], name)).to_pylist(), alpha=alpha) for name in outcomes]
    return DIAGNOSTICS.conform(
        pa.Table.from_pylist(rows, schema=pa.schema([(c.name, c.type) for c in DIAGNOSTICS.columns]))
    )


def wald_p_value(effects: np.ndarray, covariance: np.ndarray) -> float:
    """The p value of all effects being zero."""
    from scipy.stats import chi2

    statistic = effects @ np.linalg.pinv(covariance, hermitian=True) @ effects
    return float(chi2.sf(statistic, np.linalg.matrix_rank(covariance, hermitian=True)))


def _row(rows: list[dict[str, object]], *, alpha: float) -> dict[str, object]:
    rows = sorted(rows, key=lambda row: row["months_from"])
    before = [place for place, row in enumerate(rows) if row["months_to"] <= 0 and row["estimate"] is not None]
    labels = {name: rows[0][name] for name in ("evaluation", "estimator", "outcome")} | {"check": CHECK}
    if not before:
        sentence = "No bin before the reference has an estimate, so earlier trends cannot be compared."
        return labels | {"status": "not evaluated", "figure": None, "threshold": alpha, "sentence": sentence}
    covariance = np.array([[rows[i]["covariance"][j] for j in before] for i in before], dtype=float)
    p_value = wald_p_value(np.array([rows[place]["estimate"] for place in before]), covariance)
    passed = p_value >= alpha
    found = "do not differ detectably" if passed else "differ"
    sentence = (
        f"Before the reference period, treated and comparison people's paths {found} "
        f"(joint test of {len(before)} {'period' if len(before) == 1 else 'periods'}, p {_words(p_value)})."
    )
    status = "pass" if passed else "fail"
    return labels | {"status": status, "figure": p_value, "threshold": alpha, "sentence": sentence}


def _words(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"  # noqa: PLR2004 - as journals print it
