"""The estimates of one outcome as checks read them: effects by bin with their covariance, and the average month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Effects for everybody by one estimator: ``B`` bins in order of event time, in the outcome's published unit.

    Attributes
    ----------
    first, last
        ``(B,)`` event times that each bin covers.
    estimate
        ``(B,)``; NaN where not identified.
    covariance
        ``(B, B)``; NaN in the rows and columns of what is not identified.
    """

    evaluation: str
    estimator: str
    outcome: str
    unit: str
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    estimate: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @property
    def months(self) -> NDArray[np.float64]:
        """``(B,)`` months from the index month on that each bin has, 0 where it has no estimate."""
        after = np.where(self.first >= 1, self.last - self.first + 1, 0)
        return np.where(np.isfinite(self.estimate), after, 0).astype(np.float64)

    @property
    def reference(self) -> tuple[int, int] | None:
        """First and last event time of the reference, the only gap between bins; ``None`` where there is no gap."""
        gaps = np.flatnonzero(self.first[1:] > self.last[:-1] + 1)
        return (int(self.last[gaps[0]]) + 1, int(self.first[gaps[0] + 1]) - 1) if len(gaps) else None

    def average(self, months: NDArray[np.float64] | None = None) -> tuple[float, float]:
        """The effect in an average month from the index month on and its standard error; NaN where there is none.

        ``months`` are the ``(B,)`` weights of the bins, :attr:`months` unless said otherwise.
        """
        weights = self.months if months is None else months
        total = weights.sum()
        if total == 0:
            return np.nan, np.nan
        used = np.flatnonzero(weights)
        share = weights[used] / total
        variance = share @ self.covariance[np.ix_(used, used)] @ share
        return float(share @ self.estimate[used]), float(np.sqrt(variance))

    def row(self, check: str, *, status: str, figure: float | None, threshold: float | None, sentence: str) -> Row:
        """The row of the table of checks (schema ``DIAGNOSTICS``)."""
        return {
            "evaluation": self.evaluation,
            "check": check,
            "estimator": self.estimator,
            "outcome": self.outcome,
            "status": status,
            "figure": figure,
            "threshold": threshold,
            "sentence": sentence,
        }


Row = dict[str, object]


def headlines(estimates: pa.Table) -> Iterator[Effects]:
    """The declared headline estimator's effects for everybody, one an outcome."""
    return _each(estimates, pc.field("role") == "headline")


def others(estimates: pa.Table) -> Iterator[Effects]:
    """The other estimators' effects for everybody, without the headline's robustness runs."""
    runs = pc.match_substring(pc.field("estimator"), ":")
    return _each(estimates, (pc.field("role") == "robustness") & ~runs)


def _each(estimates: pa.Table, whose: pc.Expression) -> Iterator[Effects]:
    frame = estimates.filter(whose & (pc.field("subgroup") == "all")).to_pandas()
    for _, part in frame.groupby(["estimator", "outcome"], sort=True):
        yield _effects(part.sort_values("months_from"))


def _effects(rows: pd.DataFrame) -> Effects:
    labels = {name: str(rows[name].iloc[0]) for name in ("evaluation", "estimator", "outcome", "unit")}
    return Effects(
        **labels,
        first=rows["months_from"].to_numpy(dtype=np.int64),
        last=rows["months_to"].to_numpy(dtype=np.int64),
        estimate=rows["estimate"].to_numpy(dtype=np.float64),
        covariance=np.array([np.asarray(row, dtype=np.float64) for row in rows["covariance"]]),
    )
