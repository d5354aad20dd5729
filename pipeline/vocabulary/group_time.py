"""What an estimator of group-time effects returns: the event study, the cells behind it, other ways to add them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.vocabulary.effects import EventStudy, intervals
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError

Summary = Literal["simple", "dynamic", "group", "calendar"]

# An effect that one person's outcomes would reveal, and whose error they cannot give, is not reported.
FEWEST = 2


@dataclass(frozen=True, kw_only=True)
class GroupTimes:
    """Effects by timing group and month: ``J`` cells.

    Attributes
    ----------
    level, treatment_month, month, event_time
        ``(J,)`` whose effect, when.
    att, std_error
        ``(J,)``; NaN where there is no effect. Errors are NaN too where clusters of people, or a reference of several
        months, would need a covariance that was too large to keep.
    covariance
        ``(J, J)``, or ``None`` where it was too large to keep.
    n_treated, n_comparison
        ``(J,)`` people observed in both months of the cell.
    """

    level: NDArray[np.int64]
    treatment_month: NDArray[np.int64]
    month: NDArray[np.int64]
    event_time: NDArray[np.int64]
    att: NDArray[np.float64]
    std_error: NDArray[np.float64]
    covariance: NDArray[np.float64] | None
    n_treated: NDArray[np.int64]
    n_comparison: NDArray[np.int64]
    band_critical: float


@dataclass(frozen=True, kw_only=True)
class Summed:
    """Effects of one level in one dimension: ``K`` of them.

    Attributes
    ----------
    index
        ``(K,)`` event times, treatment months or months; empty for the simple mean.
    att, covariance
        ``(K,)``, ``(K, K)``.
    overall_att, overall_std_error
        Their summary.
    band_critical
        Of the simultaneous band of the ``K`` effects.
    """

    index: tuple[int, ...]
    att: NDArray[np.float64]
    covariance: NDArray[np.float64]
    overall_att: float
    overall_std_error: float
    band_critical: float


@dataclass(frozen=True, kw_only=True)
class PreTest:
    """A joint test that all effects before the index month are zero, against chi-squared with ``df`` degrees."""

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True, kw_only=True)
class GroupTimeStudy(EventStudy):
    """An event study made of group-time effects.

    Attributes
    ----------
    cells
        The effects by timing group and month.
    summed
        By kind of summary, one :class:`Summed` a level. Those of one model without detail have no series.
    """

    cells: GroupTimes
    summed: dict[str, tuple[Summed, ...]]

    def group_time(self) -> pd.DataFrame:
        """One row a level, treatment month and month; null where fewer than two people are on either side."""
        cells = self.cells
        shown = np.minimum(cells.n_treated, cells.n_comparison) >= FEWEST
        frame = intervals(
            np.where(shown, cells.att, np.nan),
            np.where(shown, cells.std_error, np.nan),
            t_critical=self.t_critical,
            band_critical=np.full(len(cells.att), cells.band_critical),
        )
        names = {"subgroup_value": [self.levels[k] for k in cells.level], "treatment_month": cells.treatment_month}
        names |= {"month": cells.month, "event_time": cells.event_time}
        counts = {"n_treated": cells.n_treated, "n_comparison": cells.n_comparison}
        return pd.concat([pd.DataFrame(names), frame, pd.DataFrame(counts)], axis=1)

    def aggregate(self, kind: Summary) -> pd.DataFrame:
        """Effects by ``kind``, one row each, then one a level that summarises them (``index`` null).

        ``"simple"``: all months from the index month on, timing groups by mass. ``"dynamic"``: by event time.
        ``"group"``: by treatment month. ``"calendar"``: by month. As ``aggte`` of R's ``did``.

        Raises
        ------
        RequestError
            If there is no such summary.
        """
        if kind not in self.summed:
            raise RequestError(Fault(what=f"no summary {kind!r}", remedy=f"There are {', '.join(self.summed)}."))
        frames = []
        for name, part in zip(self.levels, self.summed[kind], strict=True):
            att = np.append(part.att, part.overall_att)
            errors = np.append(np.sqrt(np.diag(part.covariance)), part.overall_std_error)
            critical = np.append(np.full(len(part.att), part.band_critical), self.t_critical)
            frame = intervals(att, errors, t_critical=self.t_critical, band_critical=critical)
            frame.insert(0, "index", pd.Series([*part.index, None], dtype="Int64"))
            frame.insert(0, "subgroup_value", name)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def pre_test(self, level: int = 0) -> PreTest:
        """The Wald test of one level's effects before the index month and before anticipation may have begun.

        Of the group-time effects where their covariance was kept, as ``did`` reports it without anticipation (with it,
        ``did`` tests the months of anticipation too); else of the event-time bins.

        Raises
        ------
        NotEstimable
            If there is no such effect.
        """
        from scipy.special import chdtrc

        effects, covariance = self._before(level)
        if not len(effects):
            raise NotEstimable(Fault(what="no effect before the index month is estimated"))
        rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
        statistic = float(effects @ np.linalg.pinv(covariance, hermitian=True) @ effects)
        return PreTest(statistic=statistic, df=rank, p_value=float(chdtrc(rank, statistic)))

    def _before(self, level: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        cells = self.cells
        if cells.covariance is not None:
            which = (cells.level == level) & (cells.event_time <= -self.anticipation) & np.isfinite(cells.att)
            return cells.att[which], cells.covariance[np.ix_(which, which)]
        n_bins = len(self.bins)
        which = np.array([part.last <= -self.anticipation for part in self.bins]) & np.isfinite(self.att[level])
        places = level * n_bins + np.flatnonzero(which)
        return self.att[level, which], self.covariance[np.ix_(places, places)]
