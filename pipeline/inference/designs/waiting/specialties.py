"""People of a frame, specialty by specialty, and what a dose-response refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.waiting.nuisances import People
from pipeline.inference.designs.waiting.people import refuse_columns, refuse_missing
from pipeline.vocabulary.errors import DataRefused, Fault, NotEstimable, RequestError

# Fewer people than this a fold, and models of outcome and wait are of noise.
_PEOPLE_A_FOLD = 40


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Which column of a frame with one row a person is which; ``None`` where there is none.

    Attributes
    ----------
    wait
        In months.
    covariates
        Measured before the wait, numeric: all that is believed to move both wait and outcome.
    specialty
        People are compared within one; ``None``: they are of one.
    cluster
        Errors are clustered on it, such as the provider; ``None``: on people.
    """

    wait: str
    covariates: tuple[str, ...]
    specialty: str | None = None
    cluster: str | None = None


def specialties(
    frame: pd.DataFrame, outcome: str, *, waits: Waits, folds: int, seed: int
) -> list[tuple[NDArray[np.int64], People]]:
    """The people of each specialty with their rows; folds are drawn, of sizes as equal as can be.

    Covariates that do not vary within a specialty are left out of its models.

    Raises
    ------
    RequestError
    DataRefused
        If the frame is not numbers throughout, or a wait is negative.
    """
    _refuse_frame(frame, outcome, waits=waits)
    code = np.zeros(len(frame), dtype=np.int64)
    if waits.specialty is not None:
        code = pd.factorize(frame[waits.specialty], sort=True)[0].astype(np.int64)
    random = np.random.default_rng(seed)
    covariates = frame[list(waits.covariates)].to_numpy(dtype=np.float64)
    found = []
    for specialty in range(int(code.max()) + 1):
        rows = np.flatnonzero(code == specialty)
        of = covariates[rows]
        people = People(
            outcome=frame[outcome].to_numpy(dtype=np.float64)[rows],
            wait=frame[waits.wait].to_numpy(dtype=np.float64)[rows],
            covariates=of[:, (of != of[:1]).any(axis=0)],
            fold=random.permutation(np.arange(len(rows)) % folds),
        )
        found.append((rows, people))
    return found


def refuse_specialties(parts: Sequence[People], at: NDArray[np.float64], *, folds: int) -> None:
    """Refuse specialties that cannot answer, all at once, with how many they are.

    Raises
    ------
    NotEstimable
        If one has too few people, no covariate that varies, or no waits as short or as long as the curve.
    """
    counts = {
        f"fewer than {_PEOPLE_A_FOLD} people for each of {folds} folds": [
            len(one.wait) < _PEOPLE_A_FOLD * folds for one in parts
        ],
        "no covariate varies among people": [one.covariates.shape[1] == 0 for one in parts],
        "nobody waited as short or nobody as long as the curve asks": [
            one.wait.min() > at[0] or one.wait.max() < at[-1] for one in parts
        ],
    }
    remedy = "Pool specialties, leave small ones out, or ask for a shorter curve."
    faults = [
        Fault(what=what, count=sum(map(bool, hit)), unit="specialties", remedy=remedy)
        for what, hit in counts.items()
        if any(hit)
    ]
    if faults:
        raise NotEstimable(faults)


def refuse_months(at: NDArray[np.float64], contrasts: Sequence[float]) -> None:
    """Refuse a curve that is not of waits in ascending order, or contrasts that lie outside it.

    Raises
    ------
    RequestError
        With a fault for each.
    """
    faults = []
    if at.ndim != 1 or len(at) < 2 or not np.isfinite(at).all() or at[0] < 0 or (np.diff(at) <= 0).any():  # noqa: PLR2004 - a curve has two points
        faults.append(Fault(what="the curve is not of two waits or more in ascending order, from 0 up"))
    elif any(not at[0] <= wait <= at[-1] for wait in contrasts):
        what = "a contrast is of a wait outside the curve"
        faults.append(Fault(what=what, remedy="Ask for a longer curve, or for other waits and standards."))
    if faults:
        raise RequestError(faults)


def refuse_settings(*, bandwidth: float | None, largest_weight: float, folds: int) -> None:
    """Refuse settings that are out of range.

    Raises
    ------
    RequestError
        With a fault for each.
    """
    wrong = {
        "the bandwidth is not a number above 0": bandwidth is not None and not 0 < bandwidth < np.inf,
        "the largest weight is not a number from 1 up": not largest_weight >= 1,
        "there are fewer than two folds": folds < 2,  # noqa: PLR2004 - models are fitted to the others
    }
    faults = [Fault(what=what) for what, hit in wrong.items() if hit]
    if faults:
        raise RequestError(faults)


def _refuse_frame(frame: pd.DataFrame, outcome: str, *, waits: Waits) -> None:
    keys = [name for name in (waits.specialty, waits.cluster) if name is not None]
    numbers = [outcome, waits.wait, *waits.covariates]
    refuse_columns(frame, keys=keys, numbers=numbers)
    refuse_missing(frame, keys=keys, numbers=numbers)
    negative = int((frame[waits.wait] < 0).sum())
    if negative:
        remedy = "Leave these people out before, and count them as an exclusion."
        raise DataRefused(
            Fault(what="the wait is negative", column=waits.wait, count=negative, unit="people", remedy=remedy)
        )
