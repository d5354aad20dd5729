"""What a frame with one row a person must be before waits are compared; what it is not is refused in full."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.vocabulary.errors import DataRefused, Fault, RequestError


def refuse_columns(frame: pd.DataFrame, *, keys: Sequence[str], numbers: Sequence[str]) -> None:
    """Refuse a frame in which a column is not there, has two parts, or is not numeric where it must be.

    Raises
    ------
    RequestError
        With a fault for each.
    """
    named = [*keys, *numbers]
    each = dict.fromkeys(named)
    missing = [name for name in each if name not in frame.columns]
    faults = [Fault(what="column is missing", column=name) for name in missing]
    faults += [
        Fault(what="column is named more than once", column=name, remedy="Give each column one part.")
        for name in each
        if named.count(name) > 1
    ]
    faults += [
        Fault(what="column is not numeric", column=name)
        for name in dict.fromkeys(numbers)
        if name not in missing and not pd.api.types.is_numeric_dtype(frame[name])
    ]
    if not len(frame):
        faults.append(Fault(what="the table has no rows", remedy="Check who was included."))
    if faults:
        raise RequestError(faults)


def refuse_missing(frame: pd.DataFrame, *, keys: Sequence[str], numbers: Sequence[str]) -> None:
    """Refuse values that are missing or not finite.

    Raises
    ------
    DataRefused
        With how many people for each column.
    """
    counts = [("value is missing", name, int(frame[name].isna().sum())) for name in (*keys, *numbers)]
    for name in numbers:
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        counts.append(("value is not finite", name, int(np.isinf(values).sum())))
    remedy = "Leave these people out before, and count them as an exclusion."
    faults = [
        Fault(what=what, column=name, count=count, unit="people", remedy=remedy)
        for what, name, count in counts
        if count
    ]
    if faults:
        raise DataRefused(faults)


def refuse_confidence(confidence: float) -> None:
    """Refuse a confidence that is not between 0 and 1.

    Raises
    ------
    RequestError
        If it is not.
    """
    if not 0 < confidence < 1:
        raise RequestError(Fault(what="the confidence is not between 0 and 1", remedy="0.95 is usual."))
