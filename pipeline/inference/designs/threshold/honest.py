"""Honest estimates at a cutoff: local linear, with intervals that allow for the worst bias under a bounded curvature.

Sharp: Armstrong and Kolesár (2018, doi 10.3982/ECTA14434; 2020, doi 10.3982/QE1199), valid for a running variable of
few values (Kolesár and Rothe 2018, doi 10.1257/aer.20160945). Fuzzy: the Anderson-Rubin set of Noack and Rothe (2024,
doi 10.3982/ECTA19466). The cutoff is the lowest value that is assigned: the effect is that of people at this value, and
the untreated line is drawn to it from the values below. Values may be left out (a donut): lines then reach further, and
the worst bias is still exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.inference.designs.threshold.curvature import Curvature, DataDriven, curvature_of
from pipeline.inference.designs.threshold.fitting import Fitted, fitted
from pipeline.inference.designs.threshold.local_linear import effective_observations
from pipeline.inference.designs.threshold.people import Columns, points_of
from pipeline.inference.designs.threshold.points import Points
from pipeline.inference.designs.threshold.results import ThresholdEstimate, taking_up
from pipeline.vocabulary.errors import Fault, RequestError

ESTIMATOR = "honest_local_linear"


def estimate(  # noqa: PLR0913 - the public signature
    frame: pd.DataFrame,
    *,
    outcome: str,
    running: str,
    cutoff: float,
    curvature: float | DataDriven,
    take_up: str | None = None,
    take_up_curvature: float | DataDriven | None = None,
    covariates: Sequence[str] = (),
    bandwidth: float | None = None,
    confidence: float = 0.95,
) -> ThresholdEstimate:
    """The effect at the cutoff from a DataFrame with one row a person.

    ``outcome``, ``running``, ``take_up`` and ``covariates`` name columns; people whose running variable is at or above
    ``cutoff`` are assigned. With ``take_up`` (0 or 1) the design is fuzzy, without it sharp.

    Parameters
    ----------
    curvature, take_up_curvature
        Bounds on the second derivative of the outcome and of take-up on each side, declared in advance in their units
        per squared unit of the running variable; ``"rule_of_thumb"`` is data-driven and named so in the result.
    bandwidth
        ``None``: the one with the shortest interval, were the variance the same at all values of a side.

    Raises
    ------
    RequestError
        If a column is not there or an argument is out of range.
    DataRefused
        If a value is missing or not a number, or take-up is neither 0 nor 1.
    NotEstimable
        If nobody is on one side, a side has fewer than two values, or an interval needs what the people do not have.
    """
    columns = Columns(
        running=running, cutoff=float(cutoff), outcome=outcome, take_up=take_up, covariates=tuple(covariates)
    )
    refuse_arguments(take_up=take_up, take_up_curvature=take_up_curvature, confidence=confidence)
    points = points_of(frame, columns)
    bounds = [curvature_of(points, 0, asked=curvature)]
    if take_up is not None:
        bounds.append(curvature_of(points, 1, asked=take_up_curvature))
    return at_cutoff(points, bounds, cutoff=columns.cutoff, bandwidth=bandwidth, confidence=confidence)


def at_cutoff(
    points: Points,
    bounds: Sequence[Curvature],
    *,
    cutoff: float,
    bandwidth: float | None = None,
    confidence: float = 0.95,
) -> ThresholdEstimate:
    """The effect from people already summed: one bound for the outcome and, where fuzzy, one for take-up.

    Columns of the points after these are covariates to adjust for. Raises as :func:`fitted`.
    """
    fit = fitted(points, bounds, bandwidth=bandwidth, confidence=confidence)
    return result(fit, cutoff=cutoff, confidence=confidence)


def result(fit: Fitted, *, cutoff: float, confidence: float) -> ThresholdEstimate:
    """What a fit says at one confidence."""
    points, used = fit.points, fit.found.weights != 0
    treated, comparison = points.within(used & points.above), points.within(used & ~points.above)
    lower, upper = fit.interval(confidence=confidence)
    reduced = fit.jump(0, confidence=confidence)
    return ThresholdEstimate(
        estimator=ESTIMATOR,
        outcome=reduced.column,
        **_effect(fit),
        ci_lower=lower,
        ci_upper=upper,
        confidence=confidence,
        n_treated=int(treated.people.sum()),
        n_comparison=int(comparison.people.sum()),
        taking_up_treated=taking_up(treated) if fit.fuzzy else None,
        taking_up_comparison=taking_up(comparison) if fit.fuzzy else None,
        bandwidth=fit.found.bandwidth,
        lowest=float(cutoff + points.distance[used].min()),
        highest=float(cutoff + points.distance[used].max()),
        effective_observations=effective_observations(points, fit.found),
        residual_df=int(points.people[used].sum()) - 4 - (len(points.names) - len(fit.bounds)),
        reduced_form=reduced,
        first_stage=fit.jump(1, confidence=confidence) if fit.fuzzy else None,
    )


def refuse_arguments(*, take_up: str | None, take_up_curvature: float | DataDriven | None, confidence: float) -> None:
    """Refuse a bound without what it bounds, take-up without a bound, and a confidence that is none."""
    faults = []
    if take_up is None and take_up_curvature is not None:
        faults.append(Fault(what="there is a curvature bound for take-up and no take-up", remedy="Name its column."))
    if take_up is not None and take_up_curvature is None:
        remedy = "Declare take_up_curvature, or ask for 'rule_of_thumb', which is data-driven."
        faults.append(Fault(what="there is no curvature bound for take-up", column=take_up, remedy=remedy))
    if not 0 < confidence < 1:
        faults.append(Fault(what="the confidence is not between 0 and 1"))
    if faults:
        raise RequestError(faults)


def _effect(fit: Fitted) -> dict[str, float]:
    """The effect, its error (where fuzzy by the delta method) and its worst bias."""
    gradient, limits = fit.gradient, np.array([bound.bound for bound in fit.bounds])
    return {
        "att": fit.effect,
        "std_error": float(np.sqrt(gradient @ fit.found.covariance @ gradient)),
        "maximum_bias": float(np.abs(gradient) @ limits) * fit.found.bias,
    }
