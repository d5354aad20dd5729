"""Honest estimates at a cutoff: local linear, with intervals that allow for the worst bias under a bounded curvature.

Sharp: Armstrong and Kolesár (2018, doi 10.3982/ECTA14434; 2020, doi 10.3982/QE1199), valid for a running variable of
few values (Kolesár and Rothe 2018, doi 10.1257/aer.20160945). Fuzzy: the Anderson-Rubin set of Noack and Rothe (2024,
doi 10.3982/ECTA19466). The cutoff is the lowest value that is assigned: the effect is that of people at this value, and
the untreated line is drawn to it from the values below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.threshold.curvature import Curvature, DataDriven, curvature_of
from pipeline.inference.designs.threshold.intervals import bias_aware_p_value, half_length, ratio_set
from pipeline.inference.designs.threshold.local_linear import (
    Jumps,
    LocalLinear,
    effective_observations,
    local_linear,
)
from pipeline.inference.designs.threshold.people import POINTS_PER_SIDE, Columns, points_of
from pipeline.inference.designs.threshold.points import Points
from pipeline.inference.designs.threshold.results import Jump, ThresholdEstimate
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError

ESTIMATOR = "honest_local_linear"
# Bandwidths tried before the best is refined; the length of the interval is flat about its minimum.
_TRIED = 60
# A bandwidth must exceed the distance of the second value for it to have weight.
_BEYOND = 1 + 1e-6


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
    _refuse_arguments(take_up=take_up, take_up_curvature=take_up_curvature, confidence=confidence)
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

    Columns of the points after these are covariates to adjust for.

    Raises
    ------
    RequestError
        If the bandwidth leaves a side with fewer than two values.
    NotEstimable
        If the outcome does not vary at all.
    """
    search = _Search(
        fits=local_linear(points, interest=len(bounds)),
        curvature=np.array([bound.bound for bound in bounds]),
        confidence=confidence,
    )
    found = search.best() if bandwidth is None else search.fits.at(_allowed(bandwidth, least=search.least))
    return _result(found, search, bounds, cutoff=cutoff)


@dataclass(frozen=True, kw_only=True)
class _Search:
    """Half-lengths at any bandwidth and effect, and the bandwidth with the shortest interval."""

    fits: LocalLinear
    curvature: NDArray[np.float64]
    confidence: float

    @cached_property
    def least(self) -> float:
        """The distance of the second value, on the side where it is further."""
        points = self.fits.points
        return max(
            float(np.sort(np.abs(points.distance[side]))[POINTS_PER_SIDE - 1]) for side in (points.above, ~points.above)
        )

    @property
    def fuzzy(self) -> bool:
        return len(self.curvature) > 1

    def best(self) -> Jumps:
        """Sharp: the shortest interval. Fuzzy: of the outcome less the effect times take-up, at the effect found so."""
        found = self._shortest(0.0)
        if not self.fuzzy or not found.jump[1]:
            return found
        return self._shortest(found.jump[0] / found.jump[1])

    def half(self, found: Jumps, effect: float) -> float:
        """Of the jump of outcome less ``effect`` times take-up."""
        contrast = np.array([1.0, -effect])[: len(self.curvature)]
        bias = float(np.abs(contrast) @ self.curvature) * found.bias
        spread = float(np.sqrt(contrast @ found.covariance @ contrast))
        return half_length(spread, bias=bias, confidence=self.confidence)

    def _shortest(self, effect: float) -> Jumps:
        from scipy.optimize import minimize_scalar

        furthest = float(np.abs(self.fits.points.distance).max())
        pilot = self.fits.pooled()
        tried = np.geomspace(self.least * _BEYOND, max(furthest, 2 * self.least), _TRIED)

        def length(bandwidth: float) -> float:
            return self.half(pilot.at(bandwidth), effect)

        lengths = [length(bandwidth) for bandwidth in tried]
        place = int(np.argmin(lengths))
        around = (tried[max(place - 1, 0)], tried[min(place + 1, _TRIED - 1)])
        refined = float(minimize_scalar(length, bounds=around, method="bounded").x)
        return self.fits.at(refined if length(refined) < lengths[place] else float(tried[place]))


def _result(found: Jumps, search: _Search, bounds: Sequence[Curvature], *, cutoff: float) -> ThresholdEstimate:
    points = search.fits.points
    jumps = [_jump(found, k, bound, name=points.names[k], search=search) for k, bound in enumerate(bounds)]
    reduced, first = jumps[0], jumps[1] if search.fuzzy else None
    used = found.weights != 0
    people = {side: points.within(used & chosen) for side, chosen in _sides(points).items()}
    values = cutoff + points.distance[used]
    return ThresholdEstimate(
        estimator=ESTIMATOR,
        outcome=reduced.column,
        **_effect(found, search, reduced=reduced, first=first),
        confidence=search.confidence,
        n_treated=int(people["treated"].people.sum()),
        n_comparison=int(people["comparison"].people.sum()),
        taking_up_treated=taking_up(people["treated"]) if search.fuzzy else None,
        taking_up_comparison=taking_up(people["comparison"]) if search.fuzzy else None,
        bandwidth=found.bandwidth,
        lowest=float(values.min()),
        highest=float(values.max()),
        effective_observations=effective_observations(points, found),
        residual_df=int(points.people[used].sum()) - 4 - (len(points.names) - len(bounds)),
        reduced_form=reduced,
        first_stage=first,
    )


def taking_up(points: Points) -> int:
    """How many of the points' people took up: the second column counts them."""
    return round(float(points.people @ points.mean[:, 1]))


def _effect(found: Jumps, search: _Search, *, reduced: Jump, first: Jump | None) -> dict[str, float]:
    if first is None:
        names = ("std_error", "maximum_bias", "ci_lower", "ci_upper")
        return {"att": reduced.estimate, **{name: getattr(reduced, name) for name in names}}
    att = reduced.estimate / first.estimate if first.estimate else float("nan")
    contrast = np.array([1.0, -att])
    spread = float(np.sqrt(contrast @ found.covariance @ contrast))
    lower, upper = ratio_set(
        reduced.estimate,
        first.estimate,
        half=lambda effect: search.half(found, effect),
        first_half=(first.ci_upper - first.ci_lower) / 2,
    )
    bias = reduced.maximum_bias + abs(att) * first.maximum_bias
    ends = {"ci_lower": lower, "ci_upper": upper}
    if not first.estimate:
        return {"att": att, "std_error": att, "maximum_bias": att, **ends}
    size = abs(first.estimate)
    return {"att": att, "std_error": spread / size, "maximum_bias": bias / size, **ends}


def _jump(found: Jumps, place: int, bound: Curvature, *, name: str, search: _Search) -> Jump:
    estimate, std_error = float(found.jump[place]), float(np.sqrt(found.covariance[place, place]))
    if not std_error and place == 0:
        what = "the outcome does not vary among people at one value: there is no sampling error to allow for"
        raise NotEstimable(Fault(what=what, column=name, remedy="Check the outcome."))
    bias = bound.bound * found.bias
    half = half_length(std_error, bias=bias, confidence=search.confidence)
    return Jump(
        column=name,
        estimate=estimate,
        std_error=std_error,
        maximum_bias=bias,
        ci_lower=estimate - half,
        ci_upper=estimate + half,
        p_value=bias_aware_p_value(estimate, std_error=std_error, bias=bias),
        curvature=bound.bound,
        curvature_source=bound.source,
    )


def _sides(points: Points) -> dict[str, NDArray[np.bool_]]:
    return {"treated": points.above, "comparison": ~points.above}


def _allowed(bandwidth: float, *, least: float) -> float:
    if not np.isfinite(bandwidth) or bandwidth <= least:
        what = "the bandwidth leaves a side of the cutoff with fewer than two values, or is not finite"
        raise RequestError(Fault(what=what, remedy="Choose a larger one, or leave it out for the shortest interval."))
    return float(bandwidth)


def _refuse_arguments(*, take_up: str | None, take_up_curvature: float | DataDriven | None, confidence: float) -> None:
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
