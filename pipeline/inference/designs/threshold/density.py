r"""Whether people were moved across the cutoff: is there a heap or a gap at it that chance does not make?

Two checks of counts alone, for a running variable of whole numbers. ``frandsen`` looks at the cutoff and its two
neighbours and lets the frequency bend by a declared share; ``density_jump`` draws a line through the logarithms of the
counts on each side and lets them bend by a declared curvature. The first sees one heaped value, the second a shift over
several values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.threshold.curvature import Curvature
from pipeline.inference.designs.threshold.honest import at_cutoff
from pipeline.inference.designs.threshold.people import Columns, checked, refuse_sides
from pipeline.inference.designs.threshold.points import Points, support_points
from pipeline.inference.designs.threshold.results import Jump
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError

# Fewer people at a value than this, and the logarithm of their number is not near normal.
_FEW = 10


@dataclass(frozen=True, kw_only=True)
class HeapCheck:
    """Frandsen's test: people at the cutoff among those at it and at its two neighbours.

    Attributes
    ----------
    k
        The declared bound on how far the frequency at a value may be from the mean of its neighbours', as a share.
    share, share_lower, share_upper
        The share of the three counts that is at the cutoff, and between what it may lie were nobody moved.
    p_value
        Of the hypothesis that nobody was moved.
    """

    n_below: int
    n_at: int
    n_above: int
    k: float
    share: float
    share_lower: float
    share_upper: float
    p_value: float


def frandsen(frame: pd.DataFrame, *, running: str, cutoff: int, k: float) -> HeapCheck:
    r"""Frandsen's test for manipulation of a discrete running variable (2017, doi 10.1108/S0731-905320170000038012).

    If the frequency at the cutoff is within a share k of the mean of its neighbours', the count there is, given the
    three, binomial with a probability between :math:`(1-k)/(3-k)` and :math:`(1+k)/(3+k)`. The p-value is the largest,
    over these, of a count at least as far from their midpoint. For a normal density with standard deviation s units the
    share is about :math:`|z^2 - 1| / (2s^2)` at z standard deviations from the mean.

    Raises
    ------
    RequestError
        If a column is not there or k is not between 0 and 1.
    DataRefused
        If the running variable is missing or not whole.
    NotEstimable
        If nobody is at the cutoff and its neighbours.
    """
    if not 0 <= k < 1:
        raise RequestError(
            Fault(what="k is not a number from 0 up to 1", remedy="Declare how far a frequency may bend.")
        )
    checked(frame, Columns(running=running, cutoff=float(cutoff)), whole=True)
    below, at, above = (int((frame[running] == value).sum()) for value in (cutoff - 1, cutoff, cutoff + 1))
    people = below + at + above
    if not people:
        what = "nobody is at the cutoff or next to it"
        raise NotEstimable(Fault(what=what, column=running, count=0, unit="people", remedy="Check the cutoff."))
    lower, upper = (1 - k) / (3 - k), (1 + k) / (3 + k)
    return HeapCheck(
        n_below=below,
        n_at=at,
        n_above=above,
        k=k,
        share=at / people,
        share_lower=lower,
        share_upper=upper,
        p_value=_p_value(at, people, lower=lower, upper=upper),
    )


def _p_value(count: int, people: int, *, lower: float, upper: float) -> float:
    """The chance of not falling strictly nearer to the midpoint; it is largest at an end of what is allowed."""
    from scipy.special import bdtr, bdtrc

    middle = people * (lower + upper) / 2
    away = abs(count - middle)
    most, least = int(np.ceil(middle + away - 1e-9)), int(np.floor(middle - away + 1e-9))
    chances = []
    for probability in (lower, upper):
        over = 1.0 if most <= 0 else float(bdtrc(most - 1, people, probability))
        under = 0.0 if least < 0 else float(bdtr(least, people, probability))
        chances.append(over + under)
    return min(1.0, max(chances))


def density_jump(frame: pd.DataFrame, *, running: str, cutoff: int, curvature: float, confidence: float = 0.95) -> Jump:
    """The jump of the logarithm of the frequency at the cutoff, with its honest interval.

    The log-count of a value has variance one over the count. ``curvature`` bounds the second derivative of the log
    frequency per squared unit: 1/s² for a normal density with standard deviation s units. Used are the values around
    the cutoff without a gap that have at least ten people each.

    Raises
    ------
    RequestError
        If a column is not there or the curvature bound is not a number from 0 up.
    DataRefused
        If the running variable is missing or not whole.
    NotEstimable
        If a side has fewer than two such values.
    """
    columns = Columns(running=running, cutoff=float(cutoff))
    checked(frame, columns, whole=True)
    if not (np.isfinite(curvature) and curvature >= 0):
        raise RequestError(Fault(what="the curvature bound is not a finite number from 0 up"))
    counted = support_points(frame, [], running=running, cutoff=float(cutoff))
    counted = counted.within(_contiguous(counted))
    refuse_sides(counted, column=running)
    bound = Curvature(bound=float(curvature), source="declared")
    found = at_cutoff(_log_counts(counted), [bound], cutoff=float(cutoff), confidence=confidence)
    return found.reduced_form


def _log_counts(counted: Points) -> Points:
    """As if the log-count were the mean of as many people, each with variance 1: its variance is one over the count."""
    return Points(
        names=("log frequency",),
        distance=counted.distance,
        people=counted.people,
        mean=np.log(counted.people)[:, None].astype(np.float64),
        products=np.asarray(counted.people - 1, np.float64)[:, None, None],
    )


def _contiguous(counted: Points) -> NDArray[np.bool_]:
    """The run of consecutive values with enough people that holds the cutoff."""
    enough = dict(zip(counted.distance.astype(int), counted.people >= _FEW, strict=True))
    first, last = 0, -1
    while enough.get(first - 1, False):
        first -= 1
    while enough.get(last + 1, False):
        last += 1
    return np.asarray((counted.distance >= first) & (counted.distance <= last))
