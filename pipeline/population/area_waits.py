"""Published waits by area and specialty: how long people wait where those studied live or are treated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from pipeline.vocabulary.schemas.rtt import AREA_WAITS, ENGLAND

Area = Literal["england", "provider", "provider_parent", "commissioner", "commissioner_parent"]
Part = Literal["Part_1A", "Part_1B", "Part_2", "Part_2A"]

NOT_ENGLISH = "NONC"
"""Commissioners outside England, whom NHS England leaves out of its published figures."""

_STANDARD = 18


def waits_in_england(accepted: Path) -> pa.Table:
    """People still waiting (schema ``AREA_WAITS``) in England and in each commissioning board, month by month.

    Parameters
    ----------
    accepted
        The folder of accepted rows of the source ``rtt``; one month of it is in memory at a time.
    """
    rows = ds.dataset(accepted)
    months = pc.unique(rows.to_table(columns=["month"])["month"]).to_pylist()
    made = [AREA_WAITS.arrow.empty_table()]
    for month in sorted(months):
        waiting = rows.to_table(filter=(ds.field("month") == month) & (ds.field("part") == "Part_2"))
        made += [area_waits(waiting, by="england"), area_waits(waiting, by="commissioner_parent")]
    return AREA_WAITS.conform(pa.concat_tables(made))


def area_waits(rtt: pa.Table, *, by: Area, part: Part = "Part_2") -> pa.Table:
    """One row an area, specialty and month (schema ``AREA_WAITS``), of people in one part.

    Parameters
    ----------
    rtt
        Accepted rows of the source ``rtt``.
    by
        What an area is: a provider or commissioner, the integrated care board above it (``_parent``), or England.
        Rows without one are of no area, but in England.
    part
        Whose waits: by default people still waiting at the end of the month. Parts are never added up.

    Notes
    -----
    A band that is blank adds nobody. Within a band waits are taken as evenly spread, as NHS England does for its
    medians: a quantile is interpolated between the limits of its band.
    """
    english = pc.and_(pc.equal(rtt["part"], part), pc.not_equal(rtt["commissioner"], NOT_ENGLISH))
    chosen = _named(rtt.filter(english), by)
    months = sorted(chosen["month"].unique().to_pylist())
    rows = [row for month in months for row in _of_month(chosen.filter(pc.equal(chosen["month"], month)), month)]
    return AREA_WAITS.of_rows(rows)


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


def _named(rows: pa.Table, by: Area) -> pa.Table:
    """The rows of some area, with what it and the specialty are called."""
    if by == "england":
        area, area_name = pa.repeat(ENGLAND, rows.num_rows), pa.repeat("England", rows.num_rows)
    else:
        area, area_name = rows[by], pc.coalesce(rows[f"{by}_name"], rows[by])
    columns = {
        "month": rows["month"],
        "area": area,
        "area_name": area_name,
        "specialty": rows["specialty"],
        "specialty_name": pc.coalesce(rows["specialty_name"], rows["specialty"]),
        "weeks": rows["weeks"],
    }
    named = pa.table(columns)
    return named.filter(pc.is_valid(named["area"]))


def _of_month(rows: pa.Table, month: int) -> Iterator[dict[str, object]]:
    keyed = pd.DataFrame(_bands(rows["weeks"]))
    keyed.index = pd.MultiIndex.from_arrays([rows["area"].to_pylist(), rows["specialty"].to_pylist()])
    called = rows.group_by(["area", "specialty"]).aggregate([("area_name", "min"), ("specialty_name", "min")])
    names = {(row["area"], row["specialty"]): row for row in called.to_pylist()}
    summed = keyed.groupby(level=[0, 1], sort=True).sum()
    for key, counts in zip(summed.index.to_list(), summed.to_numpy(np.float64), strict=True):
        if counts.sum():
            row = names[key]
            said = {"area_name": row["area_name_min"], "specialty_name": row["specialty_name_min"]}
            yield {"month": month, "area": key[0], "specialty": key[1]} | said | _summary(counts)


def _bands(weeks: pa.ChunkedArray) -> NDArray[np.float64]:
    """``(rows, bands)`` counts; the open band starts where the shortest list of the month has it."""
    lengths = pc.list_value_length(weeks).to_numpy()
    shortest, starts = int(lengths.min()), np.repeat(lengths.cumsum() - lengths, lengths)
    band = np.minimum(np.arange(lengths.sum()) - starts, shortest - 1)
    place = np.repeat(np.arange(len(lengths)), lengths) * shortest + band
    counts = pc.fill_null(pc.list_flatten(weeks), 0).to_numpy()
    summed = np.bincount(place, counts, len(lengths) * shortest).astype(np.float64)
    return summed.reshape(len(lengths), shortest)


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
