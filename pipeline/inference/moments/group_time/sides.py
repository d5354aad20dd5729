"""The two sides of a timing group's comparisons: people of a block, and how they weigh in each cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.blocks import Block
from pipeline.inference.moments.group_time.cells import Cells

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
