"""Who there is, in which months, and where the covariates lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.design import Design, known_people, raw_covariates
from pipeline.vocabulary.panels import PanelShard

_Key = TypeVar("_Key")
_Number = TypeVar("_Number", int, float)


class Cohort(NamedTuple):
    """People of one level who are first treated in one month: one timing group."""

    treatment_month: int
    level: int


@dataclass(frozen=True, kw_only=True)
class Census:
    """People observed at least once whose level and covariates are known.

    Attributes
    ----------
    masses, people
        By timing group, their weight and their number.
    never
        By level, people never treated.
    months
        ``(T,)`` people observed by month.
    singletons, excluded
        Observed in one month only; observed, but a level or covariate is missing.
    sums, squares
        ``(p - 1,)`` of the covariates.
    """

    masses: Mapping[Cohort, float]
    people: Mapping[Cohort, int]
    never: Mapping[int, int]
    months: NDArray[np.int64]
    singletons: int
    excluded: int
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]

    def __add__(self, other: Census) -> Census:
        """The census of both."""
        return Census(
            masses=_merged(self.masses, other.masses),
            people=_merged(self.people, other.people),
            never=_merged(self.never, other.never),
            months=self.months + other.months,
            singletons=self.singletons + other.singletons,
            excluded=self.excluded + other.excluded,
            sums=self.sums + other.sums,
            squares=self.squares + other.squares,
        )

    @property
    def n_people(self) -> int:
        """How many people."""
        return sum(self.people.values()) + sum(self.never.values())

    def design(self, covariates: Sequence[str], levels: Mapping[str, int]) -> Design:
        """The design whose covariates have mean 0 and variance 1 over these people."""
        centre = self.sums / max(self.n_people, 1)
        spread = np.sqrt(np.maximum(self.squares / max(self.n_people, 1) - centre**2, 0.0))
        return Design(
            covariates=tuple(covariates), levels=levels, centre=centre, scale=np.where(spread > 0, spread, 1.0)
        )


def _merged(mine: Mapping[_Key, _Number], other: Mapping[_Key, _Number]) -> dict[_Key, _Number]:
    merged = dict(mine)
    for key, number in other.items():
        merged[key] = merged[key] + number if key in merged else number
    return merged


def census(shard: PanelShard, *, covariates: Sequence[str], levels: Mapping[str, int], subgroup: str | None) -> Census:
    """The census of one shard."""
    raw = raw_covariates(shard, covariates, levels=levels)
    plain = Design(
        covariates=tuple(covariates), levels=levels, centre=np.zeros(raw.shape[1]), scale=np.ones(raw.shape[1])
    )
    known = known_people(shard, plain, subgroup=subgroup)
    observed = ~np.isnan(shard.outcome)
    level = np.zeros(len(known), dtype=np.int32) if subgroup is None else shard.levels[subgroup]
    weights = np.ones(len(known)) if shard.weights is None else shard.weights
    month = shard.treatment_month
    never = known & np.isnan(month)
    masses, people = {}, {}
    for g, k in sorted(
        set(zip(month[known & ~never].astype(int).tolist(), level[known & ~never].tolist(), strict=True))
    ):
        own = known & (month == g) & (level == k)
        masses[Cohort(g, k)], people[Cohort(g, k)] = float(weights[own].sum()), int(own.sum())
    return Census(
        masses=masses,
        people=people,
        never={int(k): int((never & (level == k)).sum()) for k in np.unique(level[never])},
        months=observed[known].sum(axis=0),
        singletons=int((observed[known].sum(axis=1) == 1).sum()),
        excluded=int((observed.any(axis=1) & ~known).sum()),
        sums=raw[known].sum(axis=0),
        squares=(raw[known] ** 2).sum(axis=0),
    )
