"""The coefficients of an event study as the method wants them: before and after one reference, and how far apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary.effects import EventStudy
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError
from pipeline.vocabulary.windows import Bin

# Below this share of the largest variance a difference of two coefficients has no error of its own; rounding leaves
# 1e-16.
_NO_VARIANCE = 1e-13
# How far a covariance may be from symmetric, relative to its largest entry; sums in another order leave 1e-15.
_ASYMMETRY = 1e-8


@dataclass(frozen=True, kw_only=True)
class Coefficients:
    """``P`` coefficients before the reference and ``T`` after it, in order of event time.

    The reference, whose coefficient is zero, lies between them: ``P + 1 + T`` points in time.

    Attributes
    ----------
    estimates
        ``(P + T,)``, in the outcome's own unit.
    covariance
        ``(P + T, P + T)``.
    n_before
        P, at least 1.
    gaps
        ``(P + T,)`` time from each point to the next; all 1 in the paper and where none are given.

    Raises
    ------
    RequestError
        If shapes do not agree, a number is not finite, the covariance is not symmetric, or a gap is not positive.
    NotEstimable
        If there is no coefficient before or none after the reference, or neighbours differ without error.
    """

    estimates: NDArray[np.float64]
    covariance: NDArray[np.float64]
    n_before: int
    gaps: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for name in ("estimates", "covariance", "gaps"):
            given = getattr(self, name)
            values = np.ones(len(self.estimates)) if given is None else np.array(given, dtype=np.float64)
            values.setflags(write=False)
            object.__setattr__(self, name, values)
        faults = _shape_faults(self)
        if faults:
            raise RequestError(faults)
        _refuse_unusable(self)

    @property
    def n_after(self) -> int:
        """T."""
        return len(self.estimates) - self.n_before

    @property
    def steps(self) -> NDArray[np.float64]:
        """``(P + T,)`` the time from each point to the next."""
        assert self.gaps is not None
        return self.gaps

    @property
    def differences(self) -> NDArray[np.float64]:
        """``(P + T, P + T)``: times the coefficients, the rise from each point to the next."""
        points = np.insert(np.eye(len(self.estimates)), self.n_before, 0.0, axis=0)
        return np.diff(points, axis=0)


def _shape_faults(given: Coefficients) -> list[Fault]:
    n = len(given.estimates)
    if given.estimates.shape != (n,) or given.covariance.shape != (n, n) or given.steps.shape != (n,):
        what = "estimates, covariance and gaps do not have the shapes (n,), (n, n) and (n,)"
        return [Fault(what=what, remedy="Give the coefficients of the event study only, without its reference.")]
    if not all(np.isfinite(part).all() for part in (given.estimates, given.covariance, given.steps)):
        return [Fault(what="a coefficient, covariance or gap is not finite", remedy="Leave such bins out.")]
    faults = []
    if np.abs(given.covariance - given.covariance.T).max(initial=0.0) > _ASYMMETRY * np.abs(given.covariance).max():
        faults.append(Fault(what="the covariance is not symmetric"))
    if (given.steps <= 0).any():
        faults.append(Fault(what="a gap between bins is not positive", remedy="Order the bins by event time."))
    return faults


def _refuse_unusable(given: Coefficients) -> None:
    if not 0 < given.n_before < len(given.estimates):
        raise NotEstimable(
            Fault(
                what="an honest interval needs at least one bin before the reference and one after it",
                remedy="Widen the window.",
            )
        )
    variances = np.diag(given.differences @ given.covariance @ given.differences.T)
    if (variances <= _NO_VARIANCE * np.diag(given.covariance).max()).any():
        what = "the covariance leaves no error in the difference of two neighbouring bins"
        raise NotEstimable(Fault(what=what, remedy="Merge the bins, or cluster on a finer unit."))


def coefficients(study: EventStudy, *, level: str = "") -> Coefficients:
    """The coefficients of one level of an event study, as :func:`of_bins` has them.

    Raises
    ------
    RequestError
        If there is no such level, or the reference is not the last bin before effects may begin.
    NotEstimable
        As :class:`Coefficients`.
    """
    row = _row(study, level)
    n_bins = len(study.bins)
    own = slice(row * n_bins, (row + 1) * n_bins)
    return of_bins(
        study.bins, estimates=study.att[row], covariance=study.covariance[own, own], anticipation=study.anticipation
    )


def of_bins(
    bins: Sequence[Bin],
    *,
    estimates: NDArray[np.float64],
    covariance: NDArray[np.float64],
    anticipation: int = 0,
) -> Coefficients:
    """The coefficients of ``B`` bins in order of event time, the reference not among them; time is counted in months.

    Bins are points in the middle of their months, so that bins of unequal length are unequally far apart. Bins that are
    not identified (NaN) are left out. The reference is what lies between the bins before and after it, one point
    however many bins it has. Months of anticipation come after it: effects may have begun.

    Parameters
    ----------
    bins
        Their months.
    estimates, covariance
        ``(B,)`` and ``(B, B)``.
    anticipation
        Months before the index that may have effects already.

    Raises
    ------
    RequestError
        If the reference is not the last bin before effects may begin.
    NotEstimable
        As :class:`Coefficients`.
    """
    reference = _reference(bins, anticipation=anticipation)
    known = np.isfinite(estimates)
    middles = np.array([_middle(part) for part in bins])[known]
    n_before = int((middles < _middle(reference)).sum())
    return Coefficients(
        estimates=estimates[known],
        covariance=covariance[np.ix_(known, known)],
        n_before=n_before,
        gaps=np.diff(np.insert(middles, n_before, _middle(reference))),
    )


def average_weights(study: EventStudy, *, level: str = "") -> NDArray[np.float64]:
    """``(T,)`` the weights of the effect of an average month from the index month on, as ``study.overall()`` has it.

    Raises
    ------
    RequestError
        If there is no such level.
    """
    return months_weights(study.bins, estimates=study.att[_row(study, level)], anticipation=study.anticipation)


def months_weights(
    bins: Sequence[Bin], *, estimates: NDArray[np.float64], anticipation: int = 0
) -> NDArray[np.float64]:
    """``(T,)`` the share of each identified bin after the reference in all months from the index on."""
    after = [b for b, known in zip(bins, np.isfinite(estimates), strict=True) if known and b.first > -anticipation]
    months = np.array([max(b.last - max(b.first, 1) + 1, 0) for b in after])
    weights: NDArray[np.float64] = months / months.sum()
    return weights


def _row(study: EventStudy, level: str) -> int:
    if level not in study.levels:
        known = ", ".join(repr(name) for name in study.levels)
        raise RequestError(Fault(what=f"the event study has no level {level!r}", remedy=f"There are: {known}."))
    return study.levels.index(level)


def _reference(bins: Sequence[Bin], *, anticipation: int) -> Bin:
    before = [part for part in bins if part.last <= -anticipation]
    after = [part for part in bins if part.first > -anticipation]
    if not before or not after:
        raise NotEstimable(Fault(what="the event study has no bin before its reference, or none after it"))
    reference = Bin(number=0, first=before[-1].last + 1, last=after[0].first - 1, reference=True)
    if reference.first > reference.last or reference.last != -anticipation:
        what = f"the reference of the event study is not the last bin before event time {1 - anticipation}"
        remedy = f"Choose a window whose reference ends at event time {-anticipation}."
        raise RequestError(Fault(what=what, remedy=remedy))
    return reference


def _middle(part: Bin) -> float:
    return (part.first + part.last) / 2
