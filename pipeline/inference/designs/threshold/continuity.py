"""What must not jump: characteristics from before, and outcomes where nothing is assigned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.threshold.curvature import DataDriven, curvature_of
from pipeline.inference.designs.threshold.honest import at_cutoff
from pipeline.inference.designs.threshold.people import Columns, checked, points_of, refuse_sides
from pipeline.inference.designs.threshold.points import support_points
from pipeline.inference.designs.threshold.results import Jump, ThresholdEstimate
from pipeline.vocabulary.errors import Fault, RequestError


@dataclass(frozen=True, kw_only=True)
class Continuity:
    """Jumps that should be none, one a column or placebo cutoff.

    Attributes
    ----------
    kind
        What ``about`` names: ``"covariate"`` or ``"cutoff"``.
    adjusted
        P-values that hold for all together (Holm 1979).
    n_treated, n_comparison
        People with weight at or above and below.
    """

    kind: str
    about: tuple[str, ...]
    jumps: tuple[Jump, ...]
    adjusted: tuple[float, ...]
    n_treated: tuple[int, ...]
    n_comparison: tuple[int, ...]

    @property
    def p_value(self) -> float:
        """Of none of them jumping: the smallest adjusted p-value."""
        return min(self.adjusted)

    def table(self) -> pd.DataFrame:
        """One row a column or cutoff."""
        rows = pd.DataFrame([vars(jump) for jump in self.jumps]).assign(
            adjusted_p_value=self.adjusted, n_treated=self.n_treated, n_comparison=self.n_comparison
        )
        rows.insert(0, self.kind, self.about)
        return rows


def covariates(
    frame: pd.DataFrame,
    *,
    running: str,
    cutoff: float,
    curvature: Mapping[str, float | DataDriven],
    confidence: float = 0.95,
) -> Continuity:
    """The jump of each characteristic at the cutoff, by the honest estimate; ``curvature`` names them with their bound.

    Raises
    ------
    RequestError
        If there is none, a column is not there or a bound is out of range.
    DataRefused
        If a value is missing or not a number.
    NotEstimable
        As the estimate itself.
    """
    names = tuple(curvature)
    if not names:
        raise RequestError(Fault(what="there is no characteristic to check", remedy="Name some with their bounds."))
    points = points_of(frame, Columns(running=running, cutoff=float(cutoff), covariates=names))
    found = []
    for name in names:
        alone = points.chosen([name])
        bound = curvature_of(alone, 0, asked=curvature[name])
        found.append(at_cutoff(alone, [bound], cutoff=float(cutoff), confidence=confidence))
    return _continuity(found, kind="covariate", about=names)


def placebo_cutoffs(  # noqa: PLR0913 - the estimate's own arguments and the placebos
    frame: pd.DataFrame,
    *,
    outcome: str,
    running: str,
    cutoff: float,
    placebos: Sequence[float],
    curvature: float | DataDriven,
    confidence: float = 0.95,
) -> Continuity:
    """The outcome's jump at cutoffs that are none, among people on the same side of the real one.

    Raises
    ------
    RequestError
        If there is no placebo or one is the cutoff, a column is not there or a bound is out of range.
    DataRefused
        If a value is missing or not a number.
    NotEstimable
        If people do not stand on both sides of a placebo.
    """
    if not placebos or float(cutoff) in map(float, placebos):
        what = "there is no placebo cutoff, or one of them is the cutoff"
        raise RequestError(Fault(what=what, remedy="Declare others."))
    columns = Columns(running=running, cutoff=float(cutoff), outcome=outcome)
    checked(frame, columns)
    points = support_points(frame, columns.measured, running=running, cutoff=columns.cutoff)
    found = []
    for placebo in placebos:
        side = points.within(points.above == (placebo > cutoff)).moved(placebo - cutoff)
        refuse_sides(side, column=running)
        bound = curvature_of(side, 0, asked=curvature)
        found.append(at_cutoff(side, [bound], cutoff=float(placebo), confidence=confidence))
    return _continuity(found, kind="cutoff", about=tuple(f"{placebo:g}" for placebo in placebos))


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Holm's step-down adjustment, in the order given."""
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    stepped = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _continuity(found: Sequence[ThresholdEstimate], *, kind: str, about: tuple[str, ...]) -> Continuity:
    jumps = tuple(one.reduced_form for one in found)
    return Continuity(
        kind=kind,
        about=about,
        jumps=jumps,
        adjusted=tuple(float(p) for p in holm([jump.p_value for jump in jumps])),
        n_treated=tuple(one.n_treated for one in found),
        n_comparison=tuple(one.n_comparison for one in found),
    )
