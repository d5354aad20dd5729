"""Differences between waits, as weights on the points of a curve that is a line between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.designs.waiting.curves import Contrast
from pipeline.vocabulary.errors import Fault, NotEstimable


@dataclass(frozen=True, kw_only=True)
class Weighted:
    """A contrast before it is estimated: ``(A,)`` weights that add up to nought."""

    kind: Literal["longer", "standard"]
    months: float
    weights: NDArray[np.float64]


def longer_wait(at: NDArray[np.float64], months: float) -> Weighted:
    """Of waiting until ``months`` and not the curve's shortest wait."""
    ends = on_curve(at, np.array([months, at[0]]))
    return Weighted(kind="longer", months=float(months), weights=ends[0] - ends[1])


def standard_met(at: NDArray[np.float64], months: float, *, wait: NDArray[np.float64]) -> Weighted:
    """Of waiting until the standard and not as long as those did who waited longer, on average over their waits.

    Raises
    ------
    NotEstimable
        If nobody waited longer.
    """
    beyond = wait[wait > months]
    if not len(beyond):
        what = "nobody waited longer than a standard: there is nothing to meet it for"
        raise NotEstimable(Fault(what=what, count=0, unit="people", remedy="Leave the standard out."))
    weights = on_curve(at, np.array([months]))[0] - on_curve(at, beyond).mean(axis=0)
    return Weighted(kind="standard", months=float(months), weights=weights)


def contrast(
    asked: Weighted,
    *,
    level: NDArray[np.float64],
    covariance: NDArray[np.float64],
    wait: NDArray[np.float64],
    critical: float,
) -> Contrast:
    """The contrast's estimate and interval, and who waited longer than its months."""
    value, error = float(asked.weights @ level), float(np.sqrt(asked.weights @ covariance @ asked.weights))
    beyond = int((wait > asked.months).sum())
    return Contrast(
        kind=asked.kind,
        months=asked.months,
        estimate=value,
        std_error=error,
        ci_lower=value - critical * error,
        ci_upper=value + critical * error,
        n_treated=beyond,
        n_comparison=len(wait) - beyond,
    )


def on_curve(at: NDArray[np.float64], waits: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, A)`` weights that read a curve off at each wait; beyond its ends, at them."""
    return np.stack([np.interp(waits, at, point) for point in np.eye(len(at))], axis=1)
