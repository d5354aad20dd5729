"""What a frame with one row a person must be before a threshold is looked at; what it is not is refused in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.inference.designs.threshold.points import NEIGHBOURS, Points, support_points
from pipeline.vocabulary.errors import DataRefused, Fault, NotEstimable, RequestError

POINTS_PER_SIDE = 2
"""A line on each side needs two values of the running variable."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which column of a frame is which; ``None`` where there is none."""

    running: str
    cutoff: float
    outcome: str | None = None
    take_up: str | None = None
    covariates: tuple[str, ...] = ()

    @property
    def measured(self) -> tuple[str, ...]:
        """Outcome, take-up and covariates, in this order, those there are."""
        return tuple(name for name in (self.outcome, self.take_up, *self.covariates) if name is not None)


def points_of(frame: pd.DataFrame, columns: Columns, *, whole: bool = False) -> Points:
    """The people of a frame as sums over the running variable's values, with people and two values on each side.

    Parameters
    ----------
    whole
        Whether the running variable must be of whole numbers.

    Raises
    ------
    RequestError
        If a column is missing, named twice or not numeric, or the cutoff is not a number (a whole one, if ``whole``).
    DataRefused
        If a value is missing, not finite or not whole where it must be, or take-up is neither 0 nor 1.
    NotEstimable
        If nobody is on one side, or a side has fewer than two values or four people.
    """
    checked(frame, columns, whole=whole)
    points = support_points(frame, columns.measured, running=columns.running, cutoff=columns.cutoff)
    refuse_sides(points, column=columns.running)
    return points


def checked(frame: pd.DataFrame, columns: Columns, *, whole: bool = False) -> None:
    """Refuse a frame that is not numbers throughout; as :func:`points_of`."""
    _refuse_columns(frame, columns, whole=whole)
    faults = _unusable(frame, [columns.running, *columns.measured])
    if whole:
        values = frame[columns.running].to_numpy(dtype=np.float64, na_value=np.nan)
        values = values[np.isfinite(values)]
        unwhole = int((values != np.trunc(values)).sum())
        remedy = "Deliver it as it was measured, in whole units, or use the honest estimate alone."
        faults += _counted("the running variable is not a whole number", columns.running, unwhole, remedy=remedy)
    if columns.take_up is not None:
        taken = frame[columns.take_up]
        neither = int((~taken.isin([0, 1]) & taken.notna()).sum())
        faults += _counted("take-up is neither 0 nor 1", columns.take_up, neither, remedy="Say for each person which.")
    if faults:
        raise DataRefused(faults)


def refuse_sides(points: Points, *, column: str) -> None:
    """Refuse people who do not stand on both sides of the cutoff at enough values.

    Raises
    ------
    NotEstimable
        With a fault for each side.
    """
    faults = []
    for side, chosen in (("at or above", points.above), ("below", ~points.above)):
        people, values = int(points.people[chosen].sum()), int(chosen.sum())
        if not people:
            remedy = "Check the cutoff, and whether people who are not eligible were delivered."
            faults.append(_side(f"nobody is {side} the cutoff", column, 0, unit="people", remedy=remedy))
        elif values < POINTS_PER_SIDE:
            what = f"fewer than {POINTS_PER_SIDE} values {side} the cutoff: no line can be drawn to it"
            faults.append(_side(what, column, values, unit="values", remedy="Keep people further from the cutoff."))
        elif people <= NEIGHBOURS:
            what = f"fewer than {NEIGHBOURS + 1} people {side} the cutoff: no variance can be measured"
            faults.append(_side(what, column, people, unit="people", remedy="Keep people further from the cutoff."))
    if faults:
        raise NotEstimable(faults)


def _side(what: str, column: str, count: int, *, unit: str, remedy: str) -> Fault:
    return Fault(what=what, column=column, count=count, unit=unit, remedy=remedy)


def _refuse_columns(frame: pd.DataFrame, columns: Columns, *, whole: bool) -> None:
    named = [columns.running, *columns.measured]
    missing = [name for name in dict.fromkeys(named) if name not in frame.columns]
    faults = [Fault(what="column is missing", column=name) for name in missing]
    faults += [
        Fault(what="column is named more than once", column=name, remedy="Give each column one part.")
        for name in dict.fromkeys(named)
        if named.count(name) > 1
    ]
    faults += [
        Fault(what="column is not numeric", column=name)
        for name in dict.fromkeys(named)
        if name not in missing and not pd.api.types.is_numeric_dtype(frame[name])
    ]
    if not np.isfinite(columns.cutoff) or (whole and columns.cutoff % 1):
        faults.append(Fault(what=f"the cutoff is not a {'whole' if whole else 'finite'} number"))
    if not len(frame):
        faults.append(Fault(what="the table has no rows", remedy="Check who was included."))
    if faults:
        raise RequestError(faults)


def _unusable(frame: pd.DataFrame, names: Sequence[str]) -> list[Fault]:
    faults = []
    for name in names:
        missing = int(frame[name].isna().sum())
        infinite = int(np.isinf(frame[name].to_numpy(dtype=np.float64, na_value=np.nan)).sum())
        remedy = "Leave these people out before, and count them as an exclusion."
        faults += _counted("value is missing", name, missing, remedy=remedy)
        faults += _counted("value is not finite", name, infinite, remedy=remedy)
    return faults


def _counted(what: str, column: str, count: int, *, remedy: str) -> list[Fault]:
    return [Fault(what=what, column=column, count=count, unit="people", remedy=remedy)] if count else []
