"""How people's covariates become columns: a constant, numbers, and an indicator for each level but the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary.panels import PanelShard


@dataclass(frozen=True, kw_only=True)
class Design:
    """How people become rows of a model: a constant, then covariates, centred and scaled.

    Attributes
    ----------
    covariates
        Names of numeric covariates, then of characteristics, which have an indicator for each level but the first.
    levels
        How many levels each characteristic has.
    centre, scale
        ``(p - 1,)``: effects do not depend on either, the conditioning of the normal equations does.
    """

    covariates: tuple[str, ...] = ()
    levels: Mapping[str, int]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]

    @property
    def n_columns(self) -> int:
        """``p``: the constant and the covariates."""
        return 1 + len(self.centre)

    def rows(self, shard: PanelShard) -> NDArray[np.float64]:
        """``(n, p)``; NaN for people whose characteristic is missing."""
        columns = (raw_covariates(shard, self.covariates, levels=self.levels) - self.centre) / self.scale
        return np.concatenate([np.ones((len(columns), 1)), columns], axis=1)


NO_COVARIATES = Design(levels={}, centre=np.empty(0), scale=np.empty(0))


def raw_covariates(shard: PanelShard, covariates: Sequence[str], *, levels: Mapping[str, int]) -> NDArray[np.float64]:
    """``(n, p - 1)`` covariates as they are; NaN where a characteristic is missing."""
    columns = [np.empty((len(shard.treatment_month), 0))]
    for name in covariates:
        if name in levels:
            codes = shard.levels[name]
            indicators = (codes[:, None] == np.arange(1, levels[name])).astype(np.float64)
            indicators[codes < 0] = np.nan
            columns.append(indicators)
        else:
            columns.append(shard.covariates[name][:, None])
    return np.concatenate(columns, axis=1)


def known_people(shard: PanelShard, design: Design, *, subgroup: str | None) -> NDArray[np.bool_]:
    """``(n,)`` people who are observed at all and whose level and covariates are known."""
    known: NDArray[np.bool_] = ~np.isnan(shard.outcome).all(axis=1)
    if subgroup is not None:
        known &= shard.levels[subgroup] >= 0
    if design.levels:
        known &= ~np.isnan(design.rows(shard)).any(axis=1)
    return known
