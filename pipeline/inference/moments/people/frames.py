"""A long table of person-months as a panel in one shard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.vocabulary.errors import DataRefused, Fault, RequestError
from pipeline.vocabulary.panels import PanelShard


@dataclass(frozen=True, kw_only=True)
class FrameColumns:
    """Which column of a long table is which; ``None`` where there is none."""

    outcome: str
    person: str
    month: str
    treatment_month: str
    birth_month: str | None = None
    weights: str | None = None
    cluster: str | None = None
    characteristics: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()

    @property
    def of_person(self) -> tuple[str, ...]:
        """The columns that must have one value a person."""
        named = (self.treatment_month, self.birth_month, self.weights, self.cluster)
        return tuple(
            dict.fromkeys([*(name for name in named if name is not None), *self.characteristics, *self.covariates])
        )

    @property
    def all(self) -> tuple[str, ...]:
        """Every column that is needed."""
        return tuple(dict.fromkeys([self.outcome, self.person, self.month, *self.of_person]))


@dataclass(frozen=True, kw_only=True)
class FramePanel:
    """A panel held in memory: the Panel protocol over one shard, which holds everything whatever is asked for."""

    outcome: str
    shard: PanelShard
    levels: Mapping[str, tuple[str, ...]]

    @property
    def first_month(self) -> int:
        """The month of column 0."""
        return self.shard.first_month

    @property
    def n_months(self) -> int:
        """How many months each person has a column for."""
        return int(self.shard.outcome.shape[1])

    @property
    def covariates(self) -> tuple[str, ...]:
        """Numeric facts about people."""
        return tuple(self.shard.covariates)

    def shards(self, outcome: str, names: Sequence[str] = ()) -> Iterator[PanelShard]:
        """The one shard.

        Raises
        ------
        RequestError
            If the panel does not hold the outcome, a characteristic or a covariate.
        """
        known = (self.outcome, *self.levels, *self.covariates)
        unknown = [name for name in (outcome, *names) if name not in known]
        if unknown:
            raise RequestError([Fault(what="the panel has no such column", column=name) for name in unknown])
        yield self.shard


class AboutPeople(TypedDict):
    """The columns of :class:`FrameColumns` that describe people."""

    characteristics: tuple[str, ...]
    covariates: tuple[str, ...]


def characteristics_and_covariates(
    frame: pd.DataFrame, covariates: Sequence[str], *, subgroup: str | None
) -> AboutPeople:
    """Which columns are characteristics, the subgroup and covariates that are words, and which numeric covariates.

    A column that is not there counts as numeric: :func:`frame_panel` refuses it.
    """
    numeric = [name for name in covariates if name not in frame or pd.api.types.is_numeric_dtype(frame[name])]
    words = [name for name in covariates if name not in numeric]
    reported = [] if subgroup is None else [subgroup]
    return AboutPeople(
        characteristics=tuple(dict.fromkeys([*words, *reported])), covariates=tuple(dict.fromkeys(numeric))
    )


def frame_panel(frame: pd.DataFrame, columns: FrameColumns) -> FramePanel:
    """The panel of a long table with one row a person and month; a row without an outcome is not observed.

    Raises
    ------
    RequestError
        If a column is missing or is not numeric where it must be.
    DataRefused
        If a person-month repeats, a key is missing, a month is not whole, a weight is not positive, or a column that
        describes people differs within a person. Says which columns and how many, never a value.
    """
    _refuse_columns(frame, columns)
    _refuse_rows(frame, columns)
    person, _ = pd.factorize(frame[columns.person])
    month = frame[columns.month].to_numpy(dtype=np.int64)
    first_month = int(month.min())
    outcome = np.full((person.max() + 1, int(month.max()) - first_month + 1), np.nan)
    outcome[person, month - first_month] = frame[columns.outcome].to_numpy(dtype=np.float64, na_value=np.nan)
    people = frame[list(columns.of_person)][~frame.duplicated(columns.person)]
    levels = {name: tuple(sorted(map(str, people[name].dropna().unique()))) for name in columns.characteristics}
    shard = PanelShard(
        first_month=first_month,
        outcome=outcome,
        treatment_month=_numbers(people[columns.treatment_month]),
        birth_month=None if columns.birth_month is None else _numbers(people[columns.birth_month]),
        cluster=None if columns.cluster is None else pd.factorize(people[columns.cluster])[0].astype(np.int64),
        weights=None if columns.weights is None else _numbers(people[columns.weights]),
        levels={name: _codes(people[name], known) for name, known in levels.items()},
        covariates={name: _numbers(people[name]) for name in columns.covariates},
    )
    return FramePanel(outcome=columns.outcome, shard=shard, levels=levels)


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _codes(column: pd.Series, known: tuple[str, ...]) -> NDArray[np.int32]:
    words = column.map(str, na_action="ignore")
    return pd.Categorical(words, categories=list(known)).codes.astype(np.int32)


def _refuse_columns(frame: pd.DataFrame, columns: FrameColumns) -> None:
    missing = [name for name in columns.all if name not in frame.columns]
    faults = [Fault(what="column is missing", column=name) for name in missing]
    named = (
        *(columns.outcome, columns.month, columns.treatment_month, columns.birth_month, columns.weights),
        *columns.covariates,
    )
    faults += [
        Fault(what="column is not numeric", column=name)
        for name in named
        if name is not None and name not in missing and not pd.api.types.is_numeric_dtype(frame[name])
    ]
    if not len(frame):
        faults.append(Fault(what="the table has no rows"))
    if faults:
        raise RequestError(faults)


def _refuse_rows(frame: pd.DataFrame, columns: FrameColumns) -> None:
    required = [columns.person, columns.month, *(n for n in (columns.weights, columns.cluster) if n is not None)]
    required += columns.covariates
    counted = [("value is missing", name, int(frame[name].isna().sum())) for name in required]
    for name in (columns.month, columns.treatment_month, columns.birth_month):
        if name is not None:
            values = _numbers(frame[name])
            counted.append(("month is not a whole number", name, int((np.isfinite(values) & (values % 1 != 0)).sum())))
            counted.append(("value is not finite", name, int(np.isinf(values).sum())))
    counted += [
        ("value is not finite", name, int(np.isinf(_numbers(frame[name])).sum()))
        for name in (columns.outcome, *columns.covariates)
    ]
    if columns.weights is not None:
        counted.append(("weight is not positive", columns.weights, int((frame[columns.weights] <= 0).sum())))
    repeated = int(frame.duplicated([columns.person, columns.month]).sum())
    counted.append(("person and month repeat", f"{columns.person}, {columns.month}", repeated))
    faults = [Fault(what=what, column=name, count=count) for what, name, count in counted if count]
    for name in columns.of_person:
        pairs = pd.DataFrame({"person": frame[columns.person], "value": frame[name]}).drop_duplicates()
        several = len(pairs.loc[pairs["person"].duplicated(), "person"].unique())
        if several:
            faults.append(Fault(what="column differs within a person", column=name, count=several, unit="people"))
    if faults:
        raise DataRefused(faults)
