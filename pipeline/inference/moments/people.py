"""People in blocks, each with outcome, mask and design; and the two sides of a timing group's comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.blocks import Group
from pipeline.inference.moments.cells import Cells
from pipeline.vocabulary.panels import PanelShard

# Numbers worked on at once in an array, 0.4 MB, so that the half dozen of a comparison stay in a core's cache; and how
# many people that is at least and at most.
_NUMBERS, _FEWEST, _MOST = 54_000, 256, 8192


@dataclass(frozen=True, kw_only=True)
class Design:
    """How people become rows of the nuisance models: a constant, then covariates, centred and scaled.

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


def known_people(shard: PanelShard, design: Design, *, subgroup: str | None) -> NDArray[np.bool_]:
    """``(n,)`` people who are observed at all and whose level and covariates are known."""
    known: NDArray[np.bool_] = ~np.isnan(shard.outcome).all(axis=1)
    if subgroup is not None:
        known &= shard.levels[subgroup] >= 0
    if design.levels:
        known &= ~np.isnan(design.rows(shard)).any(axis=1)
    return known


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


Rows = slice | NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """People of one side of a timing group's comparisons.

    Attributes
    ----------
    rows
        Their ``n`` rows in the block.
    weight
        ``(n, J)`` 0 where a person is not observed in both months of a cell, or is not of its comparison.
    design, products
        ``(n, p)``, ``(n, q)``.
    outcome
        ``(n, T)``.
    cells
        The comparisons.
    """

    rows: NDArray[np.int64]
    weight: NDArray[np.float64]
    design: NDArray[np.float64]
    products: NDArray[np.float64]
    outcome: NDArray[np.float64]
    cells: Cells

    @property
    def change(self) -> NDArray[np.float64]:
        """``(n, J)`` outcome less outcome in the base month, a new array; means nothing where the weight is 0."""
        change = _at(self.outcome, self.cells.columns)
        change -= _at(self.outcome, self.cells.bases)
        return change


def treated_side(block: Block, cells: Cells) -> Side:
    """The timing group's own people."""
    own = (block.treatment_month == cells.cohort.treatment_month) & (block.level == cells.cohort.level)
    return _side(block, np.flatnonzero(own), cells)


def comparison_side(block: Block, cells: Cells) -> Side:
    """People never treated, and, cell by cell, people treated late enough."""
    month = block.treatment_month
    earliest = cells.treated_after.min()
    others = np.isnan(month) | ((month > earliest) & (month != cells.cohort.treatment_month))
    if not cells.shared:
        others &= block.level == cells.cohort.level
    rows = np.flatnonzero(others)
    side = _side(block, rows, cells)
    if np.isfinite(earliest) and not np.isnan(month[rows[:1]]).all():
        late = np.where(np.isnan(month[rows]), np.inf, month[rows])[:, None] > cells.treated_after
        np.multiply(side.weight, late, out=side.weight)
    return side


def _side(block: Block, rows: NDArray[np.int64], cells: Cells) -> Side:
    chosen = _selection(rows)
    observed = block.observed[chosen]
    weight = _at(observed, cells.columns)
    weight *= _at(observed, cells.bases) * block.weights[chosen][:, None]
    return Side(
        rows=rows,
        weight=weight,
        design=block.design[chosen],
        products=block.products[chosen],
        outcome=block.outcome[chosen],
        cells=cells,
    )


def _selection(places: NDArray[np.int64]) -> Rows:
    """A run of places as a slice, which copies nothing."""
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def _at(values: NDArray[np.float64], months: NDArray[np.int64]) -> NDArray[np.float64]:
    """``(n, J)`` a new array of some months' columns, row by row in memory; ``(n, 1)`` if it is one month throughout.

    Months are mostly all but one, and runs of them are copied many times faster than one after another.
    """
    if len(months) and (months == months[0]).all():
        return values[:, months[:1]]
    cuts = np.flatnonzero(np.diff(months) != 1) + 1
    if 2 * len(cuts) >= len(months):
        return np.take(values, months, axis=1)
    chosen = np.empty((len(values), len(months)))
    for first, stop in pairwise([0, *cuts.tolist(), len(months)]):
        chosen[:, first:stop] = values[:, months[first] : months[stop - 1] + 1]
    return chosen
