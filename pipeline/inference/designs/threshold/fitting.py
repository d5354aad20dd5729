"""One cutoff fitted: the bandwidth with the shortest interval, and intervals at any confidence with that bandwidth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.designs.threshold.curvature import Curvature
from pipeline.inference.designs.threshold.intervals import bias_aware_p_value, half_length, ratio_set
from pipeline.inference.designs.threshold.local_linear import Jumps, LocalLinear, local_linear
from pipeline.inference.designs.threshold.people import POINTS_PER_SIDE
from pipeline.inference.designs.threshold.points import Points
from pipeline.inference.designs.threshold.results import Jump
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError

# Bandwidths tried before the best is refined; the length of the interval is flat about its minimum.
_TRIED = 60
# Of a refined bandwidth: where the length is flat, further ones are those of rounding errors in sums.
_DIGITS = 3
# A bandwidth must exceed the distance of the second value for it to have weight.
_BEYOND = 1 + 1e-6


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The jumps of an outcome and, where fuzzy, of take-up, with one bandwidth.

    Attributes
    ----------
    points
        Outcome, take-up if there is one, then covariates.
    bounds
        Of the outcome's curvature and, where fuzzy, of take-up's.
    """

    points: Points
    bounds: tuple[Curvature, ...]
    found: Jumps

    @property
    def fuzzy(self) -> bool:
        """Whether there is take-up."""
        return len(self.bounds) > 1

    @property
    def effect(self) -> float:
        """The outcome's jump; where fuzzy, over take-up's, and NaN where take-up does not jump at all."""
        if not self.fuzzy:
            return float(self.found.jump[0])
        return float(self.found.jump[0] / self.found.jump[1]) if self.found.jump[1] else float("nan")

    @property
    def gradient(self) -> NDArray[np.float64]:
        """What a change of each jump does to the effect."""
        if not self.fuzzy:
            return np.ones(1)
        first = self.found.jump[1]
        return np.array([1.0, -self.effect]) / first if first else np.full(2, np.nan)

    def half(self, effect: float, *, confidence: float) -> float:
        """Half the length of the interval of the jump of the outcome less ``effect`` times take-up."""
        return _half(self.found, self.bounds, effect=effect, confidence=confidence)

    def interval(self, *, confidence: float) -> tuple[float, float]:
        """Of the outcome's jump; where fuzzy, the set of effects of taking up."""
        if not self.fuzzy:
            jump = self.jump(0, confidence=confidence)
            return jump.ci_lower, jump.ci_upper
        first = self.jump(1, confidence=confidence)
        return ratio_set(
            float(self.found.jump[0]),
            first.estimate,
            half=lambda effect: self.half(effect, confidence=confidence),
            first_half=(first.ci_upper - first.ci_lower) / 2,
        )

    def jump(self, place: int, *, confidence: float) -> Jump:
        """The jump of the outcome (0) or of take-up (1)."""
        estimate = float(self.found.jump[place])
        std_error = float(np.sqrt(self.found.covariance[place, place]))
        bias = self.bounds[place].bound * self.found.bias
        half = half_length(std_error, bias=bias, confidence=confidence)
        return Jump(
            column=self.points.names[place],
            estimate=estimate,
            std_error=std_error,
            maximum_bias=bias,
            ci_lower=estimate - half,
            ci_upper=estimate + half,
            p_value=bias_aware_p_value(estimate, std_error=std_error, bias=bias),
            curvature=self.bounds[place].bound,
            curvature_source=self.bounds[place].source,
        )


def fitted(
    points: Points, bounds: Sequence[Curvature], *, bandwidth: float | None = None, confidence: float = 0.95
) -> Fitted:
    """The jumps with this bandwidth, or with the one whose interval at this confidence is shortest.

    Raises
    ------
    RequestError
        If the bandwidth leaves a side with fewer than two values.
    NotEstimable
        If the outcome does not vary among people at one value.
    """
    fits = local_linear(points, interest=len(bounds))
    if bandwidth is None:
        found = _best(fits, bounds, confidence=confidence)
    else:
        found = fits.at(_allowed(bandwidth, least=_least(points)))
    if not found.covariance[0, 0]:
        what = "the outcome does not vary among people at one value: there is no sampling error to allow for"
        raise NotEstimable(Fault(what=what, column=points.names[0], remedy="Check the outcome."))
    return Fitted(points=points, bounds=tuple(bounds), found=found)


def _best(fits: LocalLinear, bounds: Sequence[Curvature], *, confidence: float) -> Jumps:
    """Sharp: the shortest interval. Fuzzy: of the outcome less the effect times take-up, at the effect found first."""
    found = _shortest(fits, bounds, effect=0.0, confidence=confidence)
    if len(bounds) == 1 or not found.jump[1]:
        return found
    return _shortest(fits, bounds, effect=float(found.jump[0] / found.jump[1]), confidence=confidence)


def _shortest(fits: LocalLinear, bounds: Sequence[Curvature], *, effect: float, confidence: float) -> Jumps:
    from scipy.optimize import minimize_scalar

    least, furthest = _least(fits.points), float(np.abs(fits.points.distance).max())
    tried = np.geomspace(least * _BEYOND, max(furthest, 2 * least), _TRIED)
    pilot = fits.pooled()

    def length(bandwidth: float) -> float:
        return _half(pilot.at(bandwidth), bounds, effect=effect, confidence=confidence)

    lengths = [length(bandwidth) for bandwidth in tried]
    place = int(np.argmin(lengths))
    around = (tried[max(place - 1, 0)], tried[min(place + 1, _TRIED - 1)])
    refined = float(f"{minimize_scalar(length, bounds=around, method='bounded').x:.{_DIGITS}g}")
    better = refined > least and length(refined) < lengths[place]
    return fits.at(refined if better else float(tried[place]))


def _half(found: Jumps, bounds: Sequence[Curvature], *, effect: float, confidence: float) -> float:
    contrast = np.array([1.0, -effect])[: len(bounds)]
    bias = float(np.abs(contrast) @ [bound.bound for bound in bounds]) * found.bias
    spread = float(np.sqrt(contrast @ found.covariance @ contrast))
    return half_length(spread, bias=bias, confidence=confidence)


def _least(points: Points) -> float:
    """The distance of the second value, on the side where it is further."""
    away = [np.sort(np.abs(points.distance[side])) for side in (points.above, ~points.above)]
    return max(float(distances[POINTS_PER_SIDE - 1]) for distances in away)


def _allowed(bandwidth: float, *, least: float) -> float:
    if not np.isfinite(bandwidth) or bandwidth <= least:
        what = "the bandwidth leaves a side of the cutoff with fewer than two values, or is not finite"
        raise RequestError(Fault(what=what, remedy="Choose a larger one, or leave it out for the shortest interval."))
    return float(bandwidth)
