"""People in blocks, in order of treatment month, level and mask, each with outcome, mask and design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.people.design import Design, known_people
from pipeline.vocabulary.panels import PanelShard

# Numbers worked on at once in an array, 0.4 MB, so that the half dozen of a comparison stay in a core's cache; and how
# many people that is at least and at most.
_NUMBERS, _FEWEST, _MOST = 54_000, 256, 8192


@dataclass(frozen=True, kw_only=True)
class Run:
    """People of one timing group (or never treated) and level, one after another in a block.

    Attributes
    ----------
    group
        Whose they are.
    rows
        Theirs in the block.
    starts
        ``(P,)`` where, from the first of them, the people of each of ``P`` distinct masks begin.
    """

    group: Group
    rows: slice
    starts: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """``(P,)`` people of each mask."""
        return np.diff(self.starts, append=self.rows.stop - self.rows.start)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some people of a shard, in order of treatment month (never treated last), level and mask.

    Attributes
    ----------
    outcome, observed
        ``(n, T)`` less the person's mean (the same changes, from smaller numbers), 0 where not observed; 1.0 where
        observed, else 0.0.
    treatment_month
        ``(n,)``; NaN for people never treated.
    weights, level
        ``(n,)``.
    design, products
        ``(n, p)``, and ``(n, q)`` the products of its columns on and above the diagonal.
    cluster
        ``(n,)`` codes, or ``None``.
    starts
        Rows at which another mask, level or treatment month begins.
    """

    outcome: NDArray[np.float64]
    observed: NDArray[np.float64]
    treatment_month: NDArray[np.float64]
    weights: NDArray[np.float64]
    level: NDArray[np.int32]
    design: NDArray[np.float64]
    products: NDArray[np.float64]
    cluster: NDArray[np.int64] | None
    starts: NDArray[np.int64]

    def representatives(self) -> tuple[Block, NDArray[np.int64]]:
        """One person of each mask, level and treatment month, and how many there are like them."""
        names = ("outcome", "observed", "treatment_month", "weights", "level", "design", "products")
        first = replace(self, **{name: getattr(self, name)[self.starts] for name in names})
        sizes = np.diff(self.starts, append=len(self.weights))
        return replace(first, cluster=None, starts=np.arange(len(self.starts))), sizes

    def runs(self) -> Iterator[Run]:
        """People of one treatment month and level after another."""
        month, level = self.treatment_month[self.starts], self.level[self.starts]
        other = _differs(month) | _differs(level)
        edges = [*self.starts[other].tolist(), len(self.treatment_month)]
        for (first, stop), own in zip(pairwise(edges), np.split(self.starts, np.flatnonzero(other)[1:]), strict=True):
            month = self.treatment_month[first]
            group = Group(None if np.isnan(month) else int(month), int(self.level[first]))
            yield Run(group=group, rows=slice(first, stop), starts=own - first)


def _differs(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """``(n,)`` whether each value (or row) differs from the one before it; NaN is like NaN."""
    other = np.ones(len(values), dtype=np.bool_)
    changed = (values[1:] != values[:-1]) & ~((values[1:] != values[1:]) & (values[:-1] != values[:-1]))
    other[1:] = changed if values.ndim == 1 else changed.any(axis=1)
    return other


def _words(masks: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """``(n, ceil(T / 64))`` the masks as integers, which sort faster than rows of bits."""
    width = -len(masks[0]) % 64 if len(masks) else 0
    packed = np.packbits(np.pad(masks, ((0, 0), (0, width))), axis=1)
    return packed.view(np.uint64)


def people_blocks(
    shard: PanelShard, design: Design, *, subgroup: str | None, width: int | None = None
) -> Iterator[Block]:
    """The shard's known people in blocks, in order of treatment month (people never treated last), level and mask.

    ``width`` is how many numbers a person has in what is done with them: the panel's months, if nothing is said.
    """
    at_once = int(np.clip(_NUMBERS // (width or shard.outcome.shape[1]), _FEWEST, _MOST))
    people = np.flatnonzero(known_people(shard, design, subgroup=subgroup))
    level = np.zeros(len(shard.outcome), dtype=np.int32) if subgroup is None else shard.levels[subgroup]
    words = _words(~np.isnan(shard.outcome[people]))
    order = np.lexsort((*words.T, level[people], shard.treatment_month[people]))
    people, words = people[order], words[order]
    begins = _differs(words) | _differs(level[people]) | _differs(shard.treatment_month[people])
    columns = design.rows(shard)
    for cut in range(0, len(people), at_once):
        rows = people[cut : cut + at_once]
        starts = np.flatnonzero(begins[cut : cut + at_once])
        outcome, observed = _demeaned(shard.outcome[rows])
        yield Block(
            outcome=outcome,
            observed=observed,
            treatment_month=shard.treatment_month[rows],
            weights=np.ones(len(rows)) if shard.weights is None else shard.weights[rows],
            level=level[rows],
            design=columns[rows],
            products=_products(columns[rows]),
            cluster=None if shard.cluster is None else shard.cluster[rows],
            starts=np.union1d([0], starts),
        )


def _demeaned(raw: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(n, T)`` outcomes less the person's mean, 0 where not observed; and 1.0 where observed, else 0.0."""
    outcome = raw.astype(np.float64)
    missing = np.isnan(outcome)
    observed = (~missing).astype(np.float64)
    outcome[missing] = 0.0
    outcome -= (outcome.sum(axis=1) / np.maximum(observed.sum(axis=1), 1))[:, None]
    outcome *= observed
    return outcome, observed


def _products(design: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, p (p + 1) / 2)`` products of columns; those with the first come first."""
    first, second = np.triu_indices(design.shape[1])
    products: NDArray[np.float64] = design[:, first] * design[:, second]
    return products
