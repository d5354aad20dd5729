"""How much an outcome may bend: declared before it is looked at, or a rule of thumb that is named data-driven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.inference.designs.threshold.points import Points
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError

DataDriven = Literal["rule_of_thumb"]
Source = Literal["declared", "data-driven rule of thumb"]
_DEGREE = 4


@dataclass(frozen=True, kw_only=True)
class Curvature:
    """A bound on the second derivative, in the column's unit per squared unit of the running variable, and its origin.

    A rule of thumb is estimated from the outcome it then limits. No data-driven bound makes intervals honest over a
    whole smoothness class (Armstrong and Kolesár 2018, doi 10.3982/ECTA14434): a declared one does.
    """

    bound: float
    source: Source


def curvature_of(points: Points, column: int, *, asked: float | DataDriven | None) -> Curvature:
    """The bound asked for one column of the points.

    Raises
    ------
    RequestError
        If it is neither a finite number from 0 up nor ``"rule_of_thumb"``.
    NotEstimable
        If a side has too few values for the rule of thumb.
    """
    if asked == "rule_of_thumb":
        bound = rule_of_thumb(points, column)
        return Curvature(bound=bound, source="data-driven rule of thumb")
    if isinstance(asked, bool) or not isinstance(asked, int | float) or not (np.isfinite(asked) and asked >= 0):
        what = "the curvature bound is not a finite number from 0 up"
        remedy = "Declare how much the outcome may bend, or ask for 'rule_of_thumb', which is data-driven."
        raise RequestError(Fault(what=what, column=points.names[column], remedy=remedy))
    return Curvature(bound=float(asked), source="declared")


def rule_of_thumb(points: Points, column: int) -> float:
    """The largest second derivative of a quartic fitted to all people of each side (Armstrong and Kolesár 2020, 4.1).

    Raises
    ------
    NotEstimable
        If a side has fewer than five values.
    """
    values = [int(side.sum()) for side in (points.above, ~points.above)]
    if min(values) <= _DEGREE:
        what = f"the rule of thumb for curvature needs {_DEGREE + 1} values of the running variable on each side"
        remedy = "Declare a curvature bound."
        raise NotEstimable(
            Fault(what=what, column=points.names[column], count=min(values), unit="values", remedy=remedy)
        )
    return max(_largest(points.within(side), column) for side in (points.above, ~points.above))


def _largest(side: Points, column: int) -> float:
    scale = float(np.abs(side.distance).max())
    place = side.distance / scale
    fitted = np.polynomial.Polynomial.fit(
        place, side.mean[:, column], _DEGREE, w=np.sqrt(side.people), domain=[-1, 1], window=[-1, 1]
    )
    bend = fitted.deriv(2)
    turns = bend.deriv().roots()
    tried = [place.min(), place.max(), *(t.real for t in turns if place.min() < t.real < place.max())]
    return float(np.abs(bend(np.array(tried))).max()) / scale**2
