r"""Change sums of every comparison with covariates, from sums over pairs of months.

As without covariates (:mod:`pairs`), people observed in the same months enter as one row, here of the products of their
covariates and of outcomes by covariates; and people of a timing group are added to what later groups are compared with
in all cells whose months are early enough, a corner of the pairs, not cell by cell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.blocks import Block, Run
from pipeline.inference.moments.group_time.cells import Cells
from pipeline.inference.moments.group_time.nuisance import About, ChangeSums, no_changes, symmetric
from pipeline.inference.moments.people.adding import Each
from pipeline.inference.moments.people.blocks import Group
from pipeline.vocabulary.panels import PanelShard


@dataclass(frozen=True, kw_only=True)
class _Moments:
    r"""Some people's sums by pairs of months; ``q`` products of ``p`` columns.

    Attributes
    ----------
    people
        ``(T, T)`` :math:`\sum m_t m_b`.
    gram, cross
        ``(q, T, T)`` :math:`\sum w m_t m_b x x'` and ``(p, T, T)`` :math:`\sum w m_t m_b x y_t`.
    """

    people: NDArray[np.float64]
    gram: NDArray[np.float64]
    cross: NDArray[np.float64]

    def add_before(self, column: int, other: _Moments) -> None:
        """Add in place the other's pairs of months before a column."""
        for mine, its in ((self.people, other.people), (self.gram, other.gram), (self.cross, other.cross)):
            mine[..., :column, :column] += its[..., :column, :column]


def _no_moments(n_months: int, *, p: int) -> _Moments:
    q, square = p * (p + 1) // 2, (n_months, n_months)
    return _Moments(people=np.zeros(square), gram=np.zeros((q, *square)), cross=np.zeros((p, *square)))


def _moments(block: Block, run: Run) -> _Moments:
    masks, sizes = block.observed[run.rows][run.starts], run.sizes[:, None]
    outcome, weights = block.outcome[run.rows], block.weights[run.rows, None]
    products = np.add.reduceat(block.products[run.rows] * weights, run.starts)
    columns = block.design[run.rows] * weights
    summed = [np.add.reduceat(outcome * column[:, None], run.starts) for column in columns.T]
    return _Moments(
        people=masks.T @ (masks * sizes),
        gram=np.array([masks.T @ (masks * product[:, None]) for product in products.T]),
        cross=np.array([outcomes.T @ masks for outcomes in summed]),
    )


def change_sums(shard: PanelShard, *, about: About) -> Each[ChangeSums]:
    """The change sums of one shard."""
    p, n_months = about.design.n_columns, shard.outcome.shape[1]
    shared = about.groups[0].shared
    sums = [no_changes(len(cells), p) for cells in about.groups]
    compared: dict[int, _Moments] = {}
    for block in about.blocks(shard):
        for run in block.runs():
            moments, month = _moments(block, run), run.group.treatment_month
            level = 0 if shared else run.group.level
            into = compared.setdefault(level, _no_moments(n_months, p=p))
            into.add_before(n_months if month is None else about.groups[0].compared_before(month), moments)
            for place, cells in enumerate(about.groups):
                if cells.cohort.treatment_month == month:
                    sums[place] += _of_its_month(moments, run.group, cells)
    for place, cells in enumerate(about.groups):
        level = 0 if shared else cells.cohort.level
        if level in compared:
            sums[place] += _comparison(compared[level], cells, np.ones(len(cells)))
    return Each(parts=tuple(sums))


def _of_its_month(moments: _Moments, group: Group, cells: Cells) -> ChangeSums:
    """What people treated in a timing group's month are in its cells: none of its comparison, but perhaps its own."""
    found = no_changes(len(cells), len(moments.cross))
    if cells.shared or group.level == cells.cohort.level:
        late = cells.cohort.treatment_month > cells.treated_after
        found += _comparison(moments, cells, -late.astype(np.float64))
    if group.level == cells.cohort.level:
        found += _treated(moments, cells)
    return found


def _treated(moments: _Moments, cells: Cells) -> ChangeSums:
    t, b, p = cells.columns, cells.bases, len(moments.cross)
    return replace(
        no_changes(len(cells), p),
        n_treated=np.rint(moments.people[t, b]).astype(np.int64),
        treated_mass=moments.gram[0, t, b],
        treated_change=moments.cross[0, t, b] - moments.cross[0, b, t],
        treated_design=moments.gram[:p, t, b],  # products with the constant come first
    )


def _comparison(moments: _Moments, cells: Cells, times: NDArray[np.float64]) -> ChangeSums:
    t, b, p = cells.columns, cells.bases, len(moments.cross)
    return replace(
        no_changes(len(cells), p),
        n_comparison=np.rint(moments.people[t, b] * times).astype(np.int64),
        gram=symmetric((moments.gram[:, t, b] * times).T, p=p),
        cross=(moments.cross[:, t, b] - moments.cross[:, b, t]) * times,
    )
