r"""Regressions on what is left of one column, with errors clustered on the provider or on provider and month.

With one instrument, two-stage least squares is the ratio of two slopes on the queue: the outcome's (reduced form) and
the wait's (first stage). Their clustered covariance gives everything: the error of the ratio, by the delta method,
which here is that of two-stage least squares exactly; the first stage's F; and Anderson and Rubin's set, the effects
:math:`\beta` at which the slope of :math:`y - \beta w` on the queue is not told from zero, which holds the truth as
often as it says however weak the instrument is (1949, doi 10.1214/aoms/1177730090).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.designs.waiting.partialled import Partialled
from pipeline.inference.designs.waiting.results import Slope
from pipeline.inference.moments.regression.intervals import clustered_factor, t_critical

Cluster = Literal["provider", "provider_month"]


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """Slopes of outcomes and wait on the queue: ``T + 1`` of them, the wait's last.

    Attributes
    ----------
    slope
        ``(T + 1,)``.
    covariance
        ``(T + 1, T + 1)``, clustered.
    ordinary, ordinary_covariance
        ``(T,)`` and ``(T, T)``: slopes of the outcomes on the wait itself, by ordinary least squares.
    n_clusters
        Degrees of freedom are one less.
    """

    slope: NDArray[np.float64]
    covariance: NDArray[np.float64]
    ordinary: NDArray[np.float64]
    ordinary_covariance: NDArray[np.float64]
    n_clusters: int

    @property
    def f_statistic(self) -> float:
        """Of the first stage, robust to clusters: with one instrument the effective F of Montiel Olea and Pflueger."""
        return float(self.slope[-1] ** 2 / self.covariance[-1, -1])

    @property
    def effects(self) -> NDArray[np.float64]:
        """``(T,)`` of one more month, by two-stage least squares."""
        return np.asarray(self.slope[:-1] / self.slope[-1])

    @property
    def effects_covariance(self) -> NDArray[np.float64]:
        """``(T, T)``."""
        outcomes = len(self.slope) - 1
        gradient = np.concatenate([np.eye(outcomes), -self.effects[:, None]], axis=1) / self.slope[-1]
        return np.asarray(gradient @ self.covariance @ gradient.T)

    def anderson_rubin(self, outcome: int, *, confidence: float) -> tuple[float, float]:
        """The ends of the set; infinite where the first stage is not told from zero at this confidence."""
        critical = t_critical(confidence=confidence, df=self.n_clusters - 1) ** 2
        reduced, first = self.slope[outcome], self.slope[-1]
        a = first**2 - critical * self.covariance[-1, -1]
        if a <= 0:
            return -np.inf, np.inf
        b = reduced * first - critical * self.covariance[outcome, -1]
        c = reduced**2 - critical * self.covariance[outcome, outcome]
        half = np.sqrt(max(b**2 - a * c, 0.0))
        return float((b - half) / a), float((b + half) / a)

    def on_queue(self, place: int, *, column: str, confidence: float) -> Slope:
        """One slope on the queue, with its interval."""
        return self._slope(self.slope[place], self.covariance[place, place], column=column, confidence=confidence)

    def on_wait(self, place: int, *, column: str, confidence: float) -> Slope:
        """One slope on the wait, with its interval."""
        variance = self.ordinary_covariance[place, place]
        return self._slope(self.ordinary[place], variance, column=column, confidence=confidence)

    def _slope(self, estimate: float, variance: float, *, column: str, confidence: float) -> Slope:
        std_error = float(np.sqrt(variance))
        half = t_critical(confidence=confidence, df=self.n_clusters - 1) * std_error
        return Slope(
            column=column,
            estimate=float(estimate),
            std_error=std_error,
            ci_lower=float(estimate) - half,
            ci_upper=float(estimate) + half,
            p_value=p_value(float(estimate), std_error, df=self.n_clusters - 1),
        )


def slopes_of(left: Partialled, *, cluster: Cluster) -> Slopes:
    """The slopes, with the small-sample factor of R's ``fixest`` and of ``pyfixest``.

    Provider effects are nested in clusters of providers and do not count there.

    Raises
    ------
    NotEstimable
        If there are too few clusters or people for an error.
    """
    providers = int(left.providers.max()) + 1
    clusters = left.providers if cluster == "provider" else np.arange(len(left.people))
    nested = providers - 1 if cluster == "provider" else 0
    factor = clustered_factor(
        "fixest",
        observations=left.n_people,
        regressors=left.covariates + 1,
        month_effects=left.effects - nested,
        clusters=int(clusters.max()) + 1,
    )
    slope, covariance = _on(left.moments, -1, clusters=clusters)
    ordinary, ordinary_covariance = _on(left.moments, -2, clusters=clusters)
    outcomes = len(slope) - 2
    return Slopes(
        slope=slope[: outcomes + 1],
        covariance=factor * covariance[: outcomes + 1, : outcomes + 1],
        ordinary=ordinary[:outcomes],
        ordinary_covariance=factor * ordinary_covariance[:outcomes, :outcomes],
        n_clusters=int(clusters.max()) + 1,
    )


def p_value(estimate: float, std_error: float, *, df: int) -> float:
    """Two-sided, of no slope, by Student's t."""
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(estimate) / std_error)) if std_error else float(estimate == 0)


def _on(
    moments: NDArray[np.float64], regressor: int, *, clusters: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slopes of every column on one of them, and their clustered covariance without a small-sample factor."""
    products = moments[:, :, regressor]
    size = products[:, regressor].sum()
    slope = products.sum(axis=0) / size
    scores = np.zeros((int(clusters.max()) + 1, len(slope)))
    np.add.at(scores, clusters, products - products[:, [regressor]] * slope)
    return slope, scores.T @ scores / size**2
