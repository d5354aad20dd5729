r"""People's influence without covariates: linear in their outcomes, with coefficients that depend on their mask alone.

A person who takes part in cell j as treated or comparison adds :math:`a_j (y_t - y_b - \mu_j)`. Summed over cells into
K reported numbers that is :math:`\sum_t y_t L_{tk} - c_k` where L and c are the same for everybody of a timing group
who is observed in the same months: they are made once a mask, all masks together in a few matrix products.

Whom a cell compares with depends on its months only. The cells in which people of a timing group are compared are
therefore those of people never treated whose months are early enough: a corner of the same arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.blocks import Block, Run
from pipeline.inference.moments.group_time.influence import InfluenceSums, Reported
from pipeline.inference.moments.group_time.nuisance import About
from pipeline.inference.moments.group_time.two_by_two import Solved
from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.regression.scores import cluster_sums
from pipeline.vocabulary.panels import PanelShard

# Numbers held at once for masks: 2.4 MB, about what a core's cache holds.
_HELD = 300_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Uses:
    r"""Some cells of one timing group in which people take part, all in one arm: 0, the treated; 1, the comparison.

    Attributes
    ----------
    bases, months
        ``(j,)`` columns.
    slope, mean
        ``(j,)`` :math:`a_j` and :math:`\mu_j`.
    rows, weights
        ``(k,)`` the reported numbers that the group enters, and ``(j, k)`` with what weight of each cell.
    counts
        ``(j, B + 1)`` how often people count, by bin of these cells, and from the index month on.
    arm, level
        Where they are counted.
    """

    bases: NDArray[np.int64]
    months: NDArray[np.int64]
    slope: NDArray[np.float64]
    mean: NDArray[np.float64]
    rows: NDArray[np.int64]
    weights: NDArray[np.float64]
    counts: NDArray[np.float64]
    arm: int
    level: int


def _uses(part: Solved, into: Reported, *, arm: int, cells: NDArray[np.bool_], times: float = 1.0) -> Uses:
    """The uses of some cells ``(J,)``; ``times`` -1 takes back what was used elsewhere."""
    chosen = cells & np.isfinite(part.att)
    after = part.cells.event_time[chosen] >= 1
    mean = part.fit.outcome[0, chosen]
    return Uses(
        bases=part.cells.bases[chosen],
        months=part.cells.columns[chosen],
        slope=(-part.outcome_direction[0, chosen] if arm else 1 / part.treated_mass[chosen]) * times,
        mean=mean if arm else mean + part.treated_mean[chosen],
        rows=into.rows,
        weights=into.weights[:, chosen].T,
        counts=np.column_stack([into.bins[chosen, None] == np.arange(into.n_bins), after]) * times,
        arm=arm,
        level=into.level,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Roles:
    r"""What people do in all the cells they take part in; ``S`` distinct base months, ``K`` reported numbers.

    Attributes
    ----------
    bases
        ``(S,)`` columns of the base months.
    slope
        ``(S, T * K)`` :math:`a_j` by base month, month and reported number.
    by_month
        ``(T, S * (2 K + Q))``: by base month, :math:`a_j` again, :math:`a_j \mu_j`, and how often people are counted.
    counts
        ``(Q,)`` positions of the counts among arms, levels and bins.
    n_numbers
        ``K``.
    """

    bases: NDArray[np.int64]
    slope: NDArray[np.float64]
    by_month: NDArray[np.float64]
    counts: NDArray[np.int64]
    n_numbers: int

    @property
    def n_columns(self) -> int:
        """``2 K + Q``."""
        return 2 * self.n_numbers + len(self.counts)

    def before(self, column: int) -> Roles:
        """The roles in cells of which both months are before the panel's ``column``: parts of the same arrays."""
        early, column = int((self.bases < column).sum()), max(column, 0)
        return Roles(
            bases=self.bases[:early],
            slope=self.slope[:early, : column * self.n_numbers],
            by_month=self.by_month[:column, : early * self.n_columns],
            counts=self.counts,
            n_numbers=self.n_numbers,
        )


def _roles(uses: Sequence[Uses], *, n_months: int, n_numbers: int, shape: tuple[int, int, int]) -> Roles:
    """The roles of people in these cells; ``shape`` is arms, levels and bins with one more."""
    bases = np.unique(np.concatenate([use.bases for use in uses])) if uses else np.empty(0, dtype=np.int64)
    slope = np.zeros((len(bases), n_months, n_numbers))
    centre = np.zeros_like(slope)
    counts = np.zeros((len(bases), n_months, *shape))
    for use in uses:
        base = np.searchsorted(bases, use.bases)
        place = (base[:, None], use.months[:, None], use.rows[None, :])
        weights = use.weights * use.slope[:, None]
        slope[place] += weights
        centre[place] += weights * use.mean[:, None]
        counts[base, use.months, use.arm, use.level] += use.counts
    flat = counts.reshape(len(bases), n_months, int(np.prod(shape)))
    some = np.flatnonzero(flat.any(axis=(0, 1)))
    together = np.concatenate([slope, centre, flat[:, :, some]], axis=2).transpose(1, 0, 2)
    return Roles(
        bases=bases,
        slope=slope.reshape(len(bases), n_months * n_numbers),
        by_month=together.reshape(n_months, together.shape[1] * together.shape[2]),
        counts=some,
        n_numbers=n_numbers,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """What the last pass must know: the solved cells, how they enter what is reported, and everybody's comparisons.

    Attributes
    ----------
    solved, reported
        By timing group.
    compared
        By level (0 alone if people of all levels are compared with), the roles of people never treated.
    n_months
        ``T``.
    shape
        Arms, levels and bins with one more: how people are counted.
    """

    solved: Sequence[Solved]
    reported: Sequence[Reported]
    compared: Mapping[int, Roles]
    n_months: int
    shape: tuple[int, int, int]

    @property
    def n_numbers(self) -> int:
        """``K``."""
        return len(self.reported[0].mass)

    @property
    def shared(self) -> bool:
        """Whether people of all levels are compared with."""
        return self.solved[0].cells.shared

    def roles(self, group: Group) -> tuple[Roles, ...]:
        """What people of a group do: in other timing groups' comparisons, and in their own."""
        compared = self.compared[0 if self.shared else group.level]
        month = group.treatment_month
        if month is None:
            return (compared,)
        uses = []
        for part, into in zip(self.solved, self.reported, strict=True):
            cells = part.cells
            if tuple(cells.cohort) == tuple(group):
                uses.append(_uses(part, into, arm=0, cells=np.ones(len(cells), dtype=np.bool_)))
            if cells.cohort.treatment_month == month and (self.shared or cells.cohort.level == group.level):
                uses.append(_uses(part, into, arm=1, cells=month > cells.treated_after, times=-1.0))
        own = _roles(uses, n_months=self.n_months, n_numbers=self.n_numbers, shape=self.shape)
        return compared.before(self.solved[0].cells.compared_before(month)), own

    def mass(self, group: Group) -> NDArray[np.float64]:
        """``(K,)`` what a unit of a person's weight adds to the mass of their timing group."""
        for part, into in zip(self.solved, self.reported, strict=True):
            if tuple(part.cells.cohort) == tuple(group):
                return into.mass
        return np.zeros(self.n_numbers)


def linear(solved: Sequence[Solved], reported: Sequence[Reported], *, n_months: int, n_levels: int) -> Linear:
    """The solved cells made ready for the last pass."""
    shape = (2, n_levels, reported[0].n_bins + 1)
    shared = solved[0].cells.shared
    compared = {
        level: _roles(
            [
                _uses(part, into, arm=1, cells=np.ones(len(part.cells), dtype=np.bool_))
                for part, into in zip(solved, reported, strict=True)
                if shared or part.cells.cohort.level == level
            ],
            n_months=n_months,
            n_numbers=len(reported[0].mass),
            shape=shape,
        )
        for level in range(1 if shared else n_levels)
    }
    return Linear(solved=solved, reported=reported, compared=compared, n_months=n_months, shape=shape)


def linear_influence_sums(shard: PanelShard, *, about: About, of: Linear) -> InfluenceSums:
    """The influence sums of one shard, as :func:`influence.influence_sums` gives them without covariates."""
    second = np.zeros((of.n_numbers, of.n_numbers))
    seen = np.zeros(of.shape, dtype=np.int64)
    clusters = cluster_sums(np.empty(0, dtype=np.int64), np.empty((0, of.n_numbers)))
    roles: dict[Group, tuple[Roles, ...]] = {}
    for block in about.blocks(shard):
        for run in block.runs():
            if run.group not in roles:
                roles = {run.group: of.roles(run.group)}  # people are in order: earlier groups are done with
            influence, counts = _influence(block, run, roles[run.group], of)
            seen += counts
            if block.cluster is None:
                second += influence.T @ influence
            else:
                clusters += cluster_sums(block.cluster[run.rows], influence)
    return InfluenceSums(
        second=second,
        squares=None,
        treated=seen[0],
        comparison=seen[1],
        clusters=None if shard.cluster is None else clusters,
    )


def _influence(
    block: Block, run: Run, roles: Sequence[Roles], of: Linear
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """``(n, K)`` influence of some people of one group, and how many of them are counted where."""
    outcome, masks, sizes = block.outcome[run.rows], block.observed[run.rows][run.starts], run.sizes
    influence = np.tile(of.mass(run.group), (len(outcome), 1))
    seen = np.zeros(of.shape, dtype=np.int64)
    step = max(_HELD // max(part.slope.shape[1] + part.by_month.shape[1] for part in roles), 1)
    for cut in range(0, len(masks), step):
        some = slice(cut, cut + step)
        coefficients, constants, counts = _of_masks(masks[some], roles, of)
        for place, (start, size) in enumerate(zip(run.starts[some], sizes[some], strict=True)):
            influence[start : start + size] += outcome[start : start + size] @ coefficients[place] - constants[place]
        seen += np.tensordot(sizes[some], counts > 0, axes=1).reshape(of.shape)
    influence *= block.weights[run.rows][:, None]
    return influence, seen


def _of_masks(
    masks: NDArray[np.float64], roles: Sequence[Roles], of: Linear
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """``(P, T, K)`` coefficients, ``(P, K)`` constants and ``(P, N)`` counts of ``P`` masks."""
    coefficients = np.zeros((*masks.shape, of.n_numbers))
    constants = np.zeros((len(masks), of.n_numbers))
    counts = np.zeros((len(masks), int(np.prod(of.shape))))
    for part in roles:
        observed, bases = masks[:, : len(part.by_month)], masks[:, part.bases]
        own = (bases @ part.slope).reshape(*observed.shape, of.n_numbers)
        own *= observed[:, :, None]
        over_months = (observed @ part.by_month).reshape(len(masks), len(part.bases), part.n_columns)
        over_months *= bases[:, :, None]
        own[:, part.bases] -= over_months[:, :, : of.n_numbers]
        coefficients[:, : observed.shape[1]] += own
        rest = over_months[:, :, of.n_numbers :].sum(axis=1)
        constants += rest[:, : of.n_numbers]
        counts[:, part.counts] += rest[:, of.n_numbers :]
    return coefficients, constants, counts
