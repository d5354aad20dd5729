"""Small-sample factors, pointwise and simultaneous critical values: from a covariance matrix to intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.errors import Fault, NotEstimable


def t_critical(*, confidence: float, df: float) -> float:
    """The two-sided critical value of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(df, (1 + confidence) / 2))


def sup_t_critical(covariance: NDArray[np.float64], *, df: int, specification: Specification) -> float:
    """The critical value of a simultaneous band: the quantile of the largest absolute t statistic.

    Simulated from the covariance, as multivariate t with ``df`` degrees of freedom so that a band of one coefficient
    is its pointwise interval (Montiel Olea and Plagborg-Møller 2019, doi 10.1002/jae.2656). The same covariance and
    seed give the same value. NaN where nothing is estimated.
    """
    errors = np.sqrt(np.diag(covariance))
    used = errors > 0
    pointwise = t_critical(confidence=specification.confidence, df=df)
    if used.sum() <= 1:
        return pointwise if used.any() else float("nan")
    correlation = covariance[np.ix_(used, used)] / np.outer(errors[used], errors[used])
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    random = np.random.default_rng(specification.seed)
    normal = random.standard_normal((specification.draws, len(values))) @ root.T
    spread = np.sqrt(random.chisquare(df, specification.draws) / df)
    simulated = float(np.quantile(np.abs(normal).max(axis=1) / spread, specification.confidence))
    return max(simulated, pointwise)


def fixest_factor(*, observations: int, regressors: int, month_effects: int, clusters: int) -> float:
    r"""The CRV1 factor of R's ``fixest`` and of ``pyfixest``: :math:`\frac{G}{G-1}\frac{N-1}{N-K}`.

    K counts regressors and month effects; person effects are nested in the clusters and do not count
    (``K.fixef = "nonnested"``).
    """
    return clusters / (clusters - 1) * (observations - 1) / (observations - regressors - month_effects)


def felm_factor(*, observations: int, regressors: int, month_effects: int, clusters: int) -> float:  # noqa: ARG001 - as fixest_factor
    r"""The factor of R's ``lfe::felm`` with an effect nested in the clusters: :math:`\frac{G}{G-1}\frac{N-1}{N-k-1}`.

    From version 2.8-4 ``felm`` gives all effects' degrees of freedom back but one where any is nested in the clusters
    (Gormley and Matsa 2014, doi 10.1093/rfs/hht047), so that only the k regressors and a constant count.
    """
    return clusters / (clusters - 1) * (observations - 1) / (observations - regressors - 1)


SMALL_SAMPLE = {"fixest": fixest_factor, "felm": felm_factor}


def clustered_factor(
    small_sample: str, *, observations: int, regressors: int, month_effects: int, clusters: int
) -> float:
    """The named small-sample factor.

    Raises
    ------
    NotEstimable
        If there are too few clusters or observations for an error.
    """
    if clusters <= 1 or observations <= regressors + month_effects:
        raise NotEstimable(
            Fault(
                what="too few clusters or person-months for a standard error",
                count=clusters,
                unit="clusters",
                remedy="Choose fewer bins or a larger cohort.",
            )
        )
    return SMALL_SAMPLE[small_sample](
        observations=observations, regressors=regressors, month_effects=month_effects, clusters=clusters
    )
