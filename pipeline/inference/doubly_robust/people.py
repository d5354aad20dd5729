"""One row a person: the arm, what is known before the index, and the outcomes after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.vocabulary.errors import DataRefused, Fault, NotEstimable, RequestError


@dataclass(frozen=True, kw_only=True)
class People:
    """``n`` people in two arms with ``p`` covariates and ``B`` outcomes.

    Attributes
    ----------
    treated
        ``(n,)`` whether a person is in the treated arm.
    covariates, names
        ``(n, p)`` numbers without a gap, known before the index, and the name of each.
    outcomes
        ``(n, B)``; NaN where not observed.
    """

    treated: NDArray[np.bool_]
    covariates: NDArray[np.float64]
    names: tuple[str, ...]
    outcomes: NDArray[np.float64]

    def of(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> People:
        """Only these people, in this order."""
        return replace(self, treated=self.treated[rows], covariates=self.covariates[rows], outcomes=self.outcomes[rows])


def of_frame(
    frame: pd.DataFrame, *, outcomes: Sequence[str], treated: str, numbers: Sequence[str], levels: Sequence[str] = ()
) -> People:
    """The people of a frame with one row each.

    Parameters
    ----------
    treated
        A column of 0 and 1, or of booleans.
    numbers, levels
        Covariates as they are, and covariates as one indicator a level but the first.

    Raises
    ------
    RequestError
        If a column is not there, or the treatment has other values.
    DataRefused
        If a covariate or the treatment is missing for some people.
    """
    named = [*outcomes, treated, *numbers, *levels]
    faults = [Fault(what="column is missing", column=name) for name in dict.fromkeys(named) if name not in frame]
    if faults:
        raise RequestError(faults)
    _refuse_missing(frame, (treated, *numbers, *levels))
    if not frame[treated].isin([0, 1]).all():
        raise RequestError(Fault(what="the treatment is not 0 or 1", column=treated))
    parts = [frame[list(numbers)].astype(np.float64)]
    parts += [pd.get_dummies(frame[name], prefix=name, drop_first=True, dtype=np.float64) for name in levels]
    covariates = pd.concat(parts, axis=1)
    return People(
        treated=frame[treated].to_numpy(dtype=bool),
        covariates=covariates.to_numpy(dtype=np.float64),
        names=tuple(covariates.columns),
        outcomes=frame[list(outcomes)].to_numpy(dtype=np.float64),
    )


def _refuse_missing(frame: pd.DataFrame, names: Sequence[str]) -> None:
    missing = {name: int(frame[name].isna().sum()) for name in names}
    remedy = "Leave these people out before, and count them as an exclusion."
    faults = [
        Fault(what="value is missing", column=name, count=count, unit="people", remedy=remedy)
        for name, count in missing.items()
        if count
    ]
    if faults:
        raise DataRefused(faults)


def refuse_few(people: People, *, folds: int) -> None:
    """Refuse fewer people in an arm than two a fold: models of either arm could not be fitted without one fold.

    Raises
    ------
    NotEstimable
        Saying how many there are of the arm that has fewest.
    """
    fewest = int(min(people.treated.sum(), (~people.treated).sum()))
    if fewest < 2 * folds:
        what = f"an arm has fewer people than two for each of {folds} folds"
        raise NotEstimable(Fault(what=what, count=fewest, unit="people", remedy="Compare more people."))
