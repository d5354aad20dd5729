"""An event study pooled from effects by treatment month and month, which it keeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.vocabulary.effects import COLUMNS, EventStudy, intervals
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError


@dataclass(frozen=True, kw_only=True)
class GroupEffects:
    """Effects by treatment month and month: ``M`` cells of everybody, in the outcome's own unit; NaN not identified.

    Attributes
    ----------
    treatment_month, month
        ``(M,)``.
    att, std_error
        ``(M,)``.
    n_treated, n_comparison
        ``(M,)`` people observed in that month: treated then, and those they are compared with.
    """

    treatment_month: NDArray[np.int64]
    month: NDArray[np.int64]
    att: NDArray[np.float64]
    std_error: NDArray[np.float64]
    n_treated: NDArray[np.int64]
    n_comparison: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PreTrend:
    """A joint test of the effects before the index: the F statistic, its degrees of freedom and p value."""

    statistic: float
    effects: int
    residual_df: int
    p_value: float


@dataclass(frozen=True, kw_only=True)
class GroupedEventStudy(EventStudy):
    """An event study that can also be read by timing group.

    Attributes
    ----------
    by_group
        ``None`` for an event study by subgroup.
    """

    by_group: GroupEffects | None

    def group_time(self) -> pd.DataFrame:
        """One row a treatment month and month; the band covers all rows (Bonferroni).

        Raises
        ------
        RequestError
            If this is an event study by subgroup.
        """
        from scipy.special import stdtrit

        if self.by_group is None:
            remedy = "Estimate without a subgroup."
            raise RequestError(Fault(what="effects by treatment month are estimated for everybody", remedy=remedy))
        cells = self.by_group
        level = 1 - (1 - self.confidence) / (2 * max(int(np.isfinite(cells.att).sum()), 1))
        band = np.full(len(cells.att), float(stdtrit(self.n_clusters - 1, level)))
        event_time = cells.month - cells.treatment_month + 1
        frame = intervals(cells.att, cells.std_error, t_critical=self.t_critical, band_critical=band)
        frame = frame.assign(
            subgroup_value=self.levels[0],
            treatment_month=cells.treatment_month,
            month=cells.month,
            event_time=event_time,
            n_treated=cells.n_treated,
            n_comparison=cells.n_comparison,
        )
        labels = ["subgroup_value", "treatment_month", "month", "event_time"]
        return frame[[*labels, *(name for name in COLUMNS if name in frame.columns and name not in labels)]]

    def pre_test(self, level: int = 0) -> PreTrend:
        r"""The estimator's own pre-trend test of one level: no effect before the index and its anticipation.

        :math:`F = b' V^{-1} b / k` of the identified bins, against F(k, clusters - 1), with as many effects k as V has
        rank.

        Raises
        ------
        NotEstimable
            If no such bin is identified.
        """
        from scipy.special import fdtrc

        n_bins = len(self.bins)
        before = np.array([part.last <= -self.anticipation for part in self.bins]) & np.isfinite(self.att[level])
        if not before.any():
            raise NotEstimable(Fault(what="no bin before the index, beside the reference, is identified"))
        rows = level * n_bins + np.flatnonzero(before)
        effects, matrix = self.att[level, before], self.covariance[np.ix_(rows, rows)]
        tested = int(np.linalg.matrix_rank(matrix, hermitian=True))
        statistic = float(effects @ np.linalg.pinv(matrix, hermitian=True) @ effects) / tested
        return PreTrend(
            statistic=statistic,
            effects=tested,
            residual_df=self.n_clusters - 1,
            p_value=float(fdtrc(tested, self.n_clusters - 1, statistic)),
        )
