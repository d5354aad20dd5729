"""Published waits by area and specialty: how long people wait where those studied live or are treated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.vocabulary.schemas.rtt import AREA_WAITS

Area = Literal["provider", "provider_parent", "commissioner", "commissioner_parent"]
Part = Literal["Part_1A", "Part_1B", "Part_2", "Part_2A"]

NOT_ENGLISH = "NONC"
"""Commissioners outside England, whom NHS England leaves out of its published figures."""

_STANDARD = 18


def area_waits(rtt: pa.Table, *, by: Area, part: Part = "Part_2") -> pa.Table:
    """One row an area, specialty and month (schema ``AREA_WAITS``), of people in one part.

    Parameters
    ----------
    rtt
        Accepted rows of the source ``rtt``.
    by
        What an area is: a provider or commissioner, or the integrated care board above it (``_parent``). Rows without
        one are of no area.
    part
        Whose waits: by default people still waiting at the end of the month. Parts are never added up.

    Notes
    -----
    A band that is blank adds nobody. Within a band waits are taken as evenly spread, as NHS England does for its
    medians: a quantile is interpolated between the limits of its band.
    """
    english = pc.and_(pc.equal(rtt["part"], part), pc.not_equal(rtt["commissioner"], NOT_ENGLISH))
    chosen = rtt.filter(pc.and_(english, pc.is_valid(rtt[by])))
    months = sorted(chosen["month"].unique().to_pylist())
    rows = [row for month in months for row in _of_month(chosen.filter(pc.equal(chosen["month"], month)), month, by)]
    return AREA_WAITS.conform(pa.Table.from_pylist(rows, schema=AREA_WAITS.arrow))


def quantile(counts: NDArray[np.float64], share: float) -> float | None:
    """The wait in weeks that this share of people do not exceed; ``None`` in the open band.

    Parameters
    ----------
    counts
        ``(bands,)`` people by week waited; the last band is open. At least one person.
    """
    reached, target = counts.cumsum(), share * counts.sum()
    band = int(np.searchsorted(reached, target))
    if band >= len(counts) - 1:
        return None
    return float(band + 1 - (reached[band] - target) / counts[band])


def _of_month(rows: pa.Table, month: int, by: Area) -> Iterator[dict[str, object]]:
    keyed = pd.DataFrame(_bands(rows["weeks"].to_pylist()))
    keyed.index = pd.MultiIndex.from_arrays([rows[by].to_pylist(), rows["specialty"].to_pylist()])
    summed = keyed.groupby(level=[0, 1], sort=True).sum()
    for (area, specialty), counts in zip(summed.index.to_list(), summed.to_numpy(np.float64), strict=True):
        if counts.sum():
            yield {"month": month, "area": area, "specialty": specialty} | _summary(counts)


def _bands(weeks: list[list[int | None]]) -> NDArray[np.float64]:
    """``(rows, bands)`` counts; the open band starts where the shortest list of the month has it."""
    shortest = min(map(len, weeks))
    filled = [[count or 0 for count in row] for row in weeks]
    return np.array([[*row[: shortest - 1], sum(row[shortest - 1 :])] for row in filled], np.float64)


def _summary(counts: NDArray[np.float64]) -> dict[str, object]:
    people, within = int(counts.sum()), int(counts[:_STANDARD].sum())
    return {
        "n_waits": people,
        "n_within_18_weeks": within,
        "n_in_open_band": int(counts[-1]),
        "median_weeks": quantile(counts, 0.5),
        "percentile_92_weeks": quantile(counts, 0.92),
        "within_18_weeks": within / people,
    }
