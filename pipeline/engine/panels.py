"""Panels in the store, read a shard at a time: what is asked for and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.vocabulary.errors import DataRefused, Fault, RequestError
from pipeline.vocabulary.panels import INDEX_MONTH, LINKAGE_WEIGHT, PERSON, PanelShard


class StoredPanel:
    """The panel of a result, as the :class:`~pipeline.vocabulary.panels.Panel` that estimators walk through.

    Parameters
    ----------
    folder
        The result's folder: it holds the shards in ``panel/`` and ``panel.json``.

    Raises
    ------
    DataRefused
        If the folder holds no panel.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._note: dict[str, Any] = json.loads((folder / "panel.json").read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError):
            fault = Fault(what="there is no panel here", file="panel.json", remedy="Make the panel first.")
            raise DataRefused(fault) from None
        self._files = tuple(folder / "panel" / name for name in self._note["shards"])
        self._levels = {name: tuple(found) for name, found in self._note["levels"].items()}

    @property
    def first_month(self) -> int:
        """The month (or period) of column 0."""
        return int(self._note["first_month"])

    @property
    def n_months(self) -> int:
        """How many months (or periods) each person has a column for."""
        return int(self._note["n_months"])

    @property
    def n_people(self) -> int:
        """How many people the panel has."""
        return int(self._note["n_people"])

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that :meth:`shards` can be asked for."""
        return tuple(self._note["outcomes"])

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """The levels of each characteristic, in the order that shards number them."""
        return self._levels

    @property
    def covariates(self) -> tuple[str, ...]:
        """Numeric facts about people, one value each; none in panels whose note does not list them."""
        return tuple(self._note.get("covariates", ()))

    @property
    def _of_people(self) -> tuple[str, ...]:
        """Whether shards say who people are and which month was drawn for them: those that the stages make do."""
        columns = _columns(self._files[0]) if self._files else ()
        return tuple(name for name in (PERSON, INDEX_MONTH, LINKAGE_WEIGHT) if name in columns)

    def shards(self, outcome: str, names: Sequence[str] = ()) -> Iterator[PanelShard]:
        """One shard after another, with the outcome and what is named: characteristics, covariates, ids, index months.

        Raises
        ------
        RequestError
            If the panel has no such outcome, characteristic or covariate; says which it has.
        DataRefused
            If a shard cannot be read, or a covariate is missing for some of its people.
        """
        faults = [
            *_unknown("outcome", [outcome], known=self.outcomes),
            *_unknown("characteristic or covariate", names, known=(*self._levels, *self.covariates, *self._of_people)),
        ]
        if faults:
            raise RequestError(faults)
        return (self._shard(file, outcome, names=names) for file in self._files)

    def _shard(self, file: Path, outcome: str, *, names: Sequence[str]) -> PanelShard:
        ages = ["birth_month"] if self._note["ages"] else []
        table = _read(file, ["treatment_month", *ages, outcome, *names])
        covariates = [name for name in names if name in self.covariates]
        _refuse_missing(table, covariates, file=file)
        return PanelShard(
            first_month=self.first_month,
            outcome=_matrix(table[outcome], n_months=self.n_months),
            treatment_month=_numbers(table["treatment_month"]),
            birth_month=_numbers(table["birth_month"]) if ages else None,
            levels={name: _codes(table[name], levels=self._levels[name]) for name in names if name in self._levels},
            covariates={name: _numbers(table[name]) for name in covariates},
            person=table[PERSON].to_numpy() if PERSON in names else None,
            index_month=_numbers(table[INDEX_MONTH]) if INDEX_MONTH in names else None,
            linkage_weight=_numbers(table[LINKAGE_WEIGHT]) if LINKAGE_WEIGHT in names else None,
        )


def _columns(file: Path) -> tuple[str, ...]:
    """What columns one shard has."""
    try:
        return tuple(pq.read_schema(file, memory_map=True).names)
    except (OSError, pa.ArrowException):
        raise _unreadable(file) from None


def _unreadable(file: Path) -> DataRefused:
    return DataRefused(
        Fault(what="a shard of the panel cannot be read", file=file.name, remedy="Make the panel again.")
    )


def _read(file: Path, columns: list[str]) -> pa.Table:
    """The columns of one shard; memory-mapped, so that only their bytes are touched."""
    try:
        with pq.ParquetFile(file, memory_map=True) as shard:
            return shard.read(columns=columns).combine_chunks()
    except (OSError, pa.ArrowException):
        raise _unreadable(file) from None


def _matrix(column: pa.ChunkedArray, *, n_months: int) -> NDArray[np.floating]:
    """``(n, T)`` of a column of lists, null as NaN; without a copy where nothing is null."""
    (lists,) = column.chunks
    numbers: NDArray[np.floating] = lists.flatten().to_numpy(zero_copy_only=False)
    return numbers.reshape(-1, n_months)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """A column of numbers as floats, null as NaN."""
    numbers: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return numbers


def _codes(column: pa.ChunkedArray, *, levels: tuple[str, ...]) -> NDArray[np.int32]:
    """Positions in ``levels``; -1 where null."""
    positions = pc.index_in(column, value_set=pa.array(levels, pa.string()))
    codes: NDArray[np.int32] = pc.fill_null(positions, -1).to_numpy()
    return codes


def _refuse_missing(table: pa.Table, covariates: Sequence[str], *, file: Path) -> None:
    """Say where a number is null or not finite: no estimator can do with a covariate that people lack."""
    remedy = "Make the panel without these people, or name another covariate."
    missing = {name: int((~np.isfinite(_numbers(table[name]))).sum()) for name in covariates}
    faults = [
        Fault(what="covariate is missing", file=file.name, column=name, count=count, unit="people", remedy=remedy)
        for name, count in missing.items()
        if count
    ]
    if faults:
        raise DataRefused(faults)


def _unknown(kind: str, names: Sequence[str], *, known: tuple[str, ...]) -> list[Fault]:
    remedy = f"It has {', '.join(known) or 'none'}."
    return [Fault(what=f"the panel has no {kind} {name!r}", remedy=remedy) for name in names if name not in known]
