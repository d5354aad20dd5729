"""Whether the queue is related to what it cannot have caused: outcomes before the referral, severity, who people are.

If people referred in a long queue were other people, or already did worse, the queue is no instrument. Neither is it if
it moves outcomes that waiting cannot move (placebo outcomes). Each column's slope on the queue is estimated as the
reduced form is, with provider and month effects; leave the covariates out of ``referrals`` to see the balance before
they are partialled out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.threshold.continuity import holm
from pipeline.inference.designs.waiting.cells import Referrals, cells_of
from pipeline.inference.designs.waiting.partialled import partialled
from pipeline.inference.designs.waiting.people import refuse_confidence
from pipeline.inference.designs.waiting.results import Slope
from pipeline.inference.designs.waiting.slopes import Cluster, Errors, slopes_of
from pipeline.inference.moments.regression.solve import inverse
from pipeline.vocabulary.errors import Fault, RequestError


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """Slopes on the queue that should be none, one a column.

    Attributes
    ----------
    adjusted
        P-values that hold for all together (Holm 1979).
    joint_p_value
        Of all slopes being none, by a clustered Wald test as F with as many degrees of freedom as slopes that can be
        told apart, and clusters less one. It is NaN where there are no more clusters than that.
    standardised
        Slopes in standard deviations of what is left of the column, for one standard deviation of what is left
        of the queue: how large an imbalance is, not how sure.
    """

    slopes: tuple[Slope, ...]
    adjusted: tuple[float, ...]
    joint_p_value: float
    standardised: tuple[float, ...]

    @property
    def p_value(self) -> float:
        """Of none of them being related to the queue: the smallest adjusted p-value."""
        return min(self.adjusted)

    def table(self) -> pd.DataFrame:
        """One row a column."""
        rows = pd.DataFrame([vars(slope) for slope in self.slopes])
        return rows.assign(adjusted_p_value=self.adjusted, standardised=self.standardised)


def related(
    frame: pd.DataFrame,
    columns: Sequence[str],
    *,
    referrals: Referrals,
    cluster: Cluster = "provider",
    errors: Errors = "CR2",
    confidence: float = 0.95,
) -> Exclusion:
    """The slope on the queue of each column that it cannot have caused.

    Raises
    ------
    RequestError
        If there is no column, one is a covariate that is partialled out too, is not there or not numeric.
    DataRefused
        If a value is missing or not finite.
    NotEstimable
        If nothing is left of the queue, or there are too few clusters.
    """
    refuse_confidence(confidence)
    if not columns:
        raise RequestError(Fault(what="there is no column to check", remedy="Name outcomes and facts from before."))
    left = partialled(cells_of(frame, columns, referrals=referrals), referrals=referrals)
    found = slopes_of(left, cluster=cluster, errors=errors)
    slopes = tuple(found.on_queue(i, column=name, confidence=confidence) for i, name in enumerate(columns))
    spread = np.sqrt(np.diag(left.moments.sum(axis=0)))
    ratio = np.divide(spread[-1], spread[: len(columns)], out=np.zeros(len(columns)), where=spread[: len(columns)] > 0)
    return Exclusion(
        slopes=slopes,
        adjusted=tuple(float(p) for p in holm([slope.p_value for slope in slopes])),
        joint_p_value=_wald(found.slope[:-1], found.covariance[:-1, :-1], df=found.df),
        standardised=tuple(float(value) for value in found.slope[:-1] * ratio),
    )


def _wald(slope: NDArray[np.float64], covariance: NDArray[np.float64], *, df: float) -> float:
    from scipy.special import fdtrc

    solved = inverse(covariance)
    if not 0 < solved.rank < df:
        return float("nan")
    return float(fdtrc(solved.rank, df, slope @ solved.bread @ slope / solved.rank))
