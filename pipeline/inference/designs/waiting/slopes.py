r"""Regressions on what is left of one column, with errors clustered on the provider or on provider and month.

With one instrument, two-stage least squares is the ratio of two slopes on the queue: the outcome's (reduced form) and
the wait's (first stage). Their clustered covariance gives everything: the error of the ratio, by the delta method,
which here is that of two-stage least squares exactly; the first stage's F; and Anderson and Rubin's set, the effects
:math:`\beta` at which the slope of :math:`y - \beta w` on the queue is not told from zero, which holds the truth as
often as it says however weak the instrument is (1949, doi 10.1214/aoms/1177730090).

Providers are few, and some are large: residuals of a cluster with a large share of what is left of the queue are too
small, and there are fewer degrees of freedom than clusters. The default errors divide each cluster's score by the root
of what others have (CR2, Bell and McCaffrey 2002, Survey Methodology 28(2), 169-181; Imbens and Kolesár 2016,
doi 10.1162/REST_a_00552), and their degrees of freedom are Bell and McCaffrey's. With one regressor left, both have a
closed form in the clusters' shares; what partialling out months and covariates does to them enters by a factor only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.designs.waiting.partialled import Partialled
from pipeline.inference.designs.waiting.results import Slope
from pipeline.inference.moments.regression.intervals import clustered_factor, t_critical
from pipeline.vocabulary.errors import Fault, NotEstimable

Cluster = Literal["provider", "provider_month"]
Errors = Literal["CR2", "fixest"]
"""``fixest``: as R's ``fixest`` and ``pyfixest``, with clusters less one degrees of freedom."""

_ALL = 1 - 1e-9


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
    df, ordinary_df
        Degrees of freedom of slopes on the queue, and on the wait.
    """

    slope: NDArray[np.float64]
    covariance: NDArray[np.float64]
    ordinary: NDArray[np.float64]
    ordinary_covariance: NDArray[np.float64]
    n_clusters: int
    df: float
    ordinary_df: float

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
        critical = t_critical(confidence=confidence, df=self.df) ** 2
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
        variance = self.covariance[place, place]
        return _slope(self.slope[place], variance, df=self.df, column=column, confidence=confidence)

    def on_wait(self, place: int, *, column: str, confidence: float) -> Slope:
        """One slope on the wait, with its interval."""
        variance = self.ordinary_covariance[place, place]
        return _slope(self.ordinary[place], variance, df=self.ordinary_df, column=column, confidence=confidence)


def slopes_of(left: Partialled, *, cluster: Cluster, errors: Errors = "CR2") -> Slopes:
    """The slopes. Provider effects are nested in clusters of providers and do not count in the small-sample factor.

    Raises
    ------
    NotEstimable
        If there are too few clusters or people for an error, or one cluster has all that is left of the queue or wait.
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
    if errors == "CR2":  # dividing scores does what clusters over clusters less one does on average
        factor *= clusters.max() / (clusters.max() + 1)
    slope, covariance, df = _on(left.moments, -1, clusters=clusters, errors=errors)
    ordinary, ordinary_covariance, ordinary_df = _on(left.moments, -2, clusters=clusters, errors=errors)
    outcomes = len(slope) - 2
    return Slopes(
        slope=slope[: outcomes + 1],
        covariance=factor * covariance[: outcomes + 1, : outcomes + 1],
        ordinary=ordinary[:outcomes],
        ordinary_covariance=factor * ordinary_covariance[:outcomes, :outcomes],
        n_clusters=int(clusters.max()) + 1,
        df=df,
        ordinary_df=ordinary_df,
    )


def p_value(estimate: float, std_error: float, *, df: float) -> float:
    """Two-sided, of no slope, by Student's t."""
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(estimate) / std_error)) if std_error else float(estimate == 0)


def _on(
    moments: NDArray[np.float64], regressor: int, *, clusters: NDArray[np.int64], errors: Errors
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Slopes of every column on one of them, their clustered covariance without a factor, and degrees of freedom."""
    products = moments[:, :, regressor]
    size = products[:, regressor].sum()
    slope = products.sum(axis=0) / size
    scores = np.zeros((int(clusters.max()) + 1, len(slope)))
    np.add.at(scores, clusters, products - products[:, [regressor]] * slope)
    df = float(len(scores) - 1)
    if errors == "CR2":
        share = np.bincount(clusters, products[:, regressor]) / size
        _refuse_one_cluster(share)
        scores /= np.sqrt(1 - share)[:, None]
        df = degrees_of_freedom(share)
    return slope, scores.T @ scores / size**2, df


def degrees_of_freedom(share: NDArray[np.float64]) -> float:
    r"""Bell and McCaffrey's for a slope on one regressor, where clusters have these shares of its variation.

    They match the variance estimate's first two moments to a chi-squared's where errors are alike and unrelated: with
    :math:`B_{gg} = s_g` and :math:`B_{gh} = -s_g s_h / \sqrt{(1 - s_g)(1 - s_h)}`, the square of the trace of B over
    the sum of its squares. Equal shares give clusters less one.
    """
    scaled = share / np.sqrt(1 - share)
    off = np.square(np.outer(scaled, scaled))
    np.fill_diagonal(off, 0.0)
    return float(share.sum() ** 2 / (np.square(share).sum() + off.sum()))


def _refuse_one_cluster(share: NDArray[np.float64]) -> None:
    if share.max() > _ALL:
        what = "one cluster has all of what is left of the queue or the wait: there is no error to be had"
        raise NotEstimable(Fault(what=what, remedy="More providers are needed, or clusters of provider and month."))


def _slope(estimate: float, variance: float, *, df: float, column: str, confidence: float) -> Slope:
    std_error = float(np.sqrt(variance))
    half = t_critical(confidence=confidence, df=df) * std_error
    return Slope(
        column=column,
        estimate=float(estimate),
        std_error=std_error,
        ci_lower=float(estimate) - half,
        ci_upper=float(estimate) + half,
        p_value=p_value(float(estimate), std_error, df=df),
    )
