"""People of one timing group, a few thousand at a time: outcome, mask and covariates, demeaned within person."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.spline import AgeBasis
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window

# People worked on at once: 2,048 x 105 months is 1.7 MB an array, which stays in a core's cache.
_PEOPLE = 2048


class Group(NamedTuple):
    """People of one treatment month (``None``: never) and level (-1: it or a covariate is missing)."""

    treatment_month: int | None
    level: int


@dataclass(frozen=True, kw_only=True)
class Block:
    """People of one treatment month.

    Attributes
    ----------
    treatment_month
        ``None`` for people never treated.
    observed
        ``(n, T)`` 1.0 where observed, else 0.0; a person observed once has no months here: nothing to demean.
    size
        ``(n,)`` observed months, at least 1.
    outcome
        ``(n, T)`` outcome less the person's mean, 0 where not observed.
    weights
        ``(n,)``.
    design
        ``(n, 1 + K)`` 1 and the covariates, which are 0 where one is missing.
    complete
        ``(n,)`` True for people whose covariates are all known.
    entry
        ``(n,)`` place in :meth:`AgeBasis.windows` for each person; ``None`` without a spline.
    cluster
        ``(n,)`` codes, or ``None``.
    levels
        By characteristic, ``(n,)`` level numbers.
    singletons
        ``(n,)`` True for people who are observed in one month only.
    """

    treatment_month: int | None
    observed: NDArray[np.float64]
    size: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weights: NDArray[np.float64]
    design: NDArray[np.float64]
    complete: NDArray[np.bool_]
    entry: NDArray[np.int64] | None
    cluster: NDArray[np.int64] | None
    levels: Mapping[str, NDArray[np.int32]]
    singletons: NDArray[np.bool_]

    def by_level(self, characteristic: str | None) -> Iterator[tuple[Group, NDArray[np.int64] | slice]]:
        """Each group of the block, with its rows."""
        if characteristic is None and self.complete.all():
            yield Group(self.treatment_month, 0), slice(None)
            return
        levels = np.where(self.complete, 0 if characteristic is None else self.levels[characteristic], -1)
        for level in np.unique(levels):
            yield Group(self.treatment_month, int(level)), np.flatnonzero(levels == level)


def observed_months(shard: PanelShard, window: Window) -> NDArray[np.bool_]:
    """``(n, T)``: where the outcome is known and a treated person's event time is inside the window."""
    known: NDArray[np.bool_] = ~np.isnan(shard.outcome)
    treated = np.flatnonzero(~np.isnan(shard.treatment_month))
    entry = (shard.first_month - shard.treatment_month[treated] + 1).astype(np.int32)
    event_time = entry[:, None] + np.arange(shard.outcome.shape[1], dtype=np.int32)
    known[treated] &= (event_time >= -window.before) & (event_time <= window.after)
    return known


def interacted(values: NDArray[np.float64], design: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, K T)``: people's ``(n, T)`` values times each of their ``(n, K)`` columns, column by column."""
    if design.shape[1] == 1 and (design == 1).all():
        return values
    products: NDArray[np.float64] = design[:, :, None] * values[:, None, :]
    return products.reshape(len(values), design.shape[1] * values.shape[1])


def blocks(
    shard: PanelShard,
    observed: NDArray[np.bool_],
    *,
    basis: AgeBasis | None,
    design: NDArray[np.float64] | None = None,
    characteristics: Sequence[str] = (),
) -> Iterator[Block]:
    """The shard's people by treatment month, in blocks.

    ``design`` is ``(n, 1 + K)``: a constant and covariates, NaN where missing; without it there are no covariates.
    """
    if design is None:
        design = np.ones((len(shard.treatment_month), 1))
    order = np.argsort(shard.treatment_month, kind="stable")  # people never treated (NaN) come last
    months = shard.treatment_month[order]
    first_rows = np.flatnonzero(np.diff(months, prepend=-np.inf, append=np.inf) != 0)
    never = len(months) - int(np.isnan(months).sum())
    edges = np.unique(np.concatenate([first_rows[first_rows < never], [never, len(months)]]))
    for start, stop in itertools.pairwise(edges):
        for cut in range(start, stop, _PEOPLE):
            yield _block(
                shard,
                observed,
                rows=order[cut : min(cut + _PEOPLE, stop)],
                basis=basis,
                design=design,
                names=characteristics,
            )


def _block(
    shard: PanelShard,
    observed: NDArray[np.bool_],
    *,
    rows: NDArray[np.int64],
    basis: AgeBasis | None,
    design: NDArray[np.float64],
    names: Sequence[str],
) -> Block:
    treatment_month = shard.treatment_month[rows[0]]
    known = observed[rows]
    months = np.count_nonzero(known, axis=1)
    singletons = months == 1
    known[singletons] = False
    mask = known.astype(np.float64)
    outcome = np.where(known, shard.outcome[rows], 0).astype(np.float64)
    size = np.maximum(months, 1).astype(np.float64)
    outcome -= mask * (outcome.sum(axis=1) / size)[:, None]
    complete: NDArray[np.bool_] = np.isfinite(design[rows].sum(axis=1))
    entry = None
    if basis is not None and shard.birth_month is not None:
        entry = shard.first_month - shard.birth_month[rows].astype(np.int64) - basis.first
    return Block(
        treatment_month=None if np.isnan(treatment_month) else int(treatment_month),
        observed=mask,
        size=size,
        outcome=outcome,
        weights=np.ones(len(rows)) if shard.weights is None else shard.weights[rows],
        design=np.nan_to_num(design[rows]),
        complete=complete,
        entry=entry,
        cluster=None if shard.cluster is None else shard.cluster[rows],
        levels={name: shard.levels[name][rows] for name in names},
        singletons=singletons,
    )
