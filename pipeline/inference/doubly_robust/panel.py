"""A wide panel as one row a person: covariates from before the index, and changes since the reference as outcomes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.doubly_robust.people import People
from pipeline.vocabulary.panels import INDEX_MONTH, PERSON, Panel, PanelShard
from pipeline.vocabulary.windows import Bin, Window

_YEAR = 12
_YEARS = ("", "second ", "third ", "fourth ", "fifth ", "sixth ", "seventh ", "eighth ", "ninth ", "tenth ")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the frame is made of: outcomes, event times and characteristics, as declared."""

    outcomes: tuple[str, ...]
    window: Window
    characteristics: tuple[str, ...] = ()

    @property
    def after(self) -> tuple[Bin, ...]:
        """The bins from the index month on: ``B`` of them."""
        return tuple(part for part in self.window.binned if part.first >= 1)

    @property
    def before(self) -> Mapping[str, tuple[int, int]]:
        """The reference, then each year before it as far as the window goes, by what it is called."""
        first, last = self.window.reference
        found, end = {"the reference": (first, last)}, first - 1
        for which in _YEARS:
            if end < -self.window.before:
                break
            found[f"the {which}year before the reference"] = (max(end - _YEAR + 1, -self.window.before), end)
            end -= _YEAR
        return found


def people_of(panel: Panel, asked: Asked) -> People:
    """Everybody with an index month and an outcome, in an order drawn from their ids: it does not depend on shards.

    Outcomes are ``(n, O * B)``, outcome by outcome: means over each bin less the mean over the reference. Where a
    person is not observed in a whole year before, that covariate is everybody's mean and an indicator says so.
    """
    frames = [pd.concat(list(_of_outcome(panel, outcome, asked)), ignore_index=True) for outcome in asked.outcomes]
    known = pd.concat(list(_of_people(panel, asked)), ignore_index=True)
    paths, changes = _side_by_side(frames, "before"), _side_by_side(frames, "after")
    kept = known.index[(known[INDEX_MONTH].notna() & changes.notna().any(axis=1)).to_numpy()]
    order = sorted(kept, key=lambda row: hashlib.md5(str(known[PERSON][row]).encode(), usedforsecurity=False).digest())
    covariates = pd.concat([_filled(paths.loc[order]), _described(known.loc[order], asked)], axis=1)
    varied = covariates.loc[:, covariates.max() > covariates.min()]
    return People(
        treated=known.loc[order, "treated"].to_numpy(dtype=bool),
        covariates=varied.to_numpy(dtype=np.float64),
        names=tuple(varied.columns),
        outcomes=changes.loc[order].to_numpy(dtype=np.float64),
    )


def _of_outcome(panel: Panel, outcome: str, asked: Asked) -> Iterator[pd.DataFrame]:
    """Each shard's people: means before and changes after the index, columns ``(when, name)``."""
    for shard in panel.shards(outcome, [INDEX_MONTH]):
        means = _Means(shard)
        reference = means.over(*asked.window.reference)
        before = {("before", f"{outcome} in {words}"): means.over(*span) for words, span in asked.before.items()}
        after = {
            ("after", f"{outcome} {part.first}"): means.over(part.first, part.last) - reference for part in asked.after
        }
        yield pd.DataFrame(before | after)


class _Means:
    """Means of a shard's outcome over event times, by sums up to each month."""

    def __init__(self, shard: PanelShard) -> None:
        index = shard.treatment_month if shard.index_month is None else shard.index_month
        self._column = index - shard.first_month
        values = shard.outcome.astype(np.float64)
        self._sums, self._counts = _up_to(np.nan_to_num(values)), _up_to(np.isfinite(values).astype(np.float64))

    def over(self, first: int, last: int) -> NDArray[np.float64]:
        """``(n,)`` the mean over event times ``first .. last``; NaN where no month of them is observed."""
        months = self._sums.shape[1] - 1
        known, rows = np.nan_to_num(self._column).astype(np.int64), np.arange(len(self._column))
        start, stop = (np.clip(known + edge, 0, months) for edge in (first - 1, last))
        count = self._counts[rows, stop] - self._counts[rows, start]
        total = self._sums[rows, stop] - self._sums[rows, start]
        unknown = (count == 0) | np.isnan(self._column)
        means: NDArray[np.float64] = np.divide(total, count, out=np.full(len(rows), np.nan), where=~unknown)
        return means


def _up_to(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, T + 1)`` sums of the first 0, 1, …, T months."""
    return np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))


def _of_people(panel: Panel, asked: Asked) -> Iterator[pd.DataFrame]:
    """Each shard's people: id, arm, index month, month of birth and characteristics in words."""
    for shard in panel.shards(asked.outcomes[0], [PERSON, INDEX_MONTH, *asked.characteristics]):
        words = {
            name: np.array([*panel.levels[name], "missing"], dtype=object)[shard.levels[name]]
            for name in asked.characteristics
        }
        treated = {"treated": ~np.isnan(shard.treatment_month)}
        born = {"birth_month": np.nan if shard.birth_month is None else shard.birth_month}
        yield pd.DataFrame({PERSON: shard.person, INDEX_MONTH: shard.index_month} | treated | born | words)


def _side_by_side(frames: Sequence[pd.DataFrame], when: str) -> pd.DataFrame:
    return pd.concat([frame[when] for frame in frames], axis=1)


def _filled(paths: pd.DataFrame) -> pd.DataFrame:
    """Without gaps: a column's mean where it has one, and who had it."""
    gaps = paths.isna()
    indicators = gaps.loc[:, gaps.any()].add_suffix(", not observed").astype(np.float64)
    return pd.concat([paths.fillna(paths.mean()).fillna(0.0), indicators], axis=1)


def _described(known: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """Age and its square, the calendar year of the index month, and an indicator for each level but the first."""
    age = known[INDEX_MONTH] - known["birth_month"]
    numbers = pd.DataFrame({"age": age, "age squared": age**2}).dropna(axis=1)
    year = ((known[INDEX_MONTH] - 1) // _YEAR).astype(int)
    words = {"year of the index": year} | {name: known[name] for name in asked.characteristics}
    indicators = [
        pd.get_dummies(values, prefix=name, prefix_sep="=", dtype=np.float64) for name, values in words.items()
    ]
    return pd.concat([numbers, *(one.iloc[:, 1:] for one in indicators)], axis=1)
