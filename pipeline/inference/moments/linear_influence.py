r"""People's influence without covariates: linear in their outcomes, with coefficients that depend on their mask alone.

A person who takes part in cell j as treated or comparison adds :math:`a_j (y_t - y_b - \mu_j)`. Summed over cells into
K reported numbers that is :math:`\sum_t y_t L_{tk} - c_k` where L and c are the same for everybody of a timing group
who is observed in the same months: they are made once a mask, all masks together in a few matrix products.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.blocks import Group
from pipeline.inference.moments.influence import InfluenceSums, Reported
from pipeline.inference.moments.nuisance import About
from pipeline.inference.moments.people import Block
from pipeline.inference.moments.scores import cluster_sums
from pipeline.inference.moments.two_by_two import Solved
from pipeline.vocabulary.panels import PanelShard

# Numbers held at once for masks: 2.4 MB, about what a core's cache holds.
_HELD = 300_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Roles:
    r"""What the people of one group do in all cells; ``S`` distinct base months.

    Attributes
    ----------
    bases
        ``(S,)`` columns of the base months.
    slope
        ``(S, T, K)`` :math:`a_j` by base month, month and reported number.
    by_month
        ``(T, S * (2 K + Q))``: by base month, :math:`a_j` again, :math:`a_j \mu_j`, and 1 where the group takes part,
        for ``Q`` counts.
    counts
        ``(Q,)`` positions of the counts among arms, levels and bins.
    mass
        ``(K,)`` what a unit of weight adds to the group's mass.
    """

    bases: NDArray[np.int64]
    slope: NDArray[np.float64]
    by_month: NDArray[np.float64]
    counts: NDArray[np.int64]
    mass: NDArray[np.float64]


def roles_of(
    group: Group, *, solved: Sequence[Solved], reported: Sequence[Reported], n_months: int, n_levels: int
) -> Roles:
    """The roles of one group of people in the cells of all timing groups."""
    n_numbers, n_bins = len(reported[0].mass), reported[0].n_bins + 1
    uses = [_use(group, part) for part in solved]
    bases = np.unique(np.concatenate([part.cells.bases[use.cells] for part, use in zip(solved, uses, strict=True)]))
    slope = np.zeros((len(bases), n_months, n_numbers))
    centre = np.zeros_like(slope)
    part_in = np.zeros((len(bases), n_months, 2, n_levels, n_bins))
    mass = np.zeros(n_numbers)
    for part, into, use in zip(solved, reported, uses, strict=True):
        if use.own:
            mass = into.mass
        if not len(use.cells):
            continue
        base, month = np.searchsorted(bases, part.cells.bases[use.cells]), part.cells.columns[use.cells]
        place = (base[:, None], month[:, None], into.rows[None, :])
        weights = into.weights[:, use.cells].T * use.slope[:, None]
        slope[place] += weights
        centre[place] += weights * use.mean[:, None]
        seen = part_in[:, :, 0 if use.own else 1, into.level]
        bins = into.bins[use.cells]
        seen[base[bins >= 0], month[bins >= 0], bins[bins >= 0]] = 1.0
        after = part.cells.event_time[use.cells] >= 1
        seen[base[after], month[after], -1] = 1.0
    flat = part_in.reshape(len(bases), n_months, 2 * n_levels * n_bins)
    counts = np.flatnonzero(flat.any(axis=(0, 1)))
    together = np.concatenate([slope, centre, flat[:, :, counts]], axis=2).transpose(1, 0, 2)
    by_month = together.reshape(n_months, together.shape[1] * together.shape[2])
    return Roles(bases=bases, slope=slope, by_month=by_month, counts=counts, mass=mass)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Use:
    """The cells of one timing group that a group of people is in, with their slopes and the means there."""

    own: bool
    cells: NDArray[np.int64]
    slope: NDArray[np.float64]
    mean: NDArray[np.float64]


def _use(group: Group, part: Solved) -> _Use:
    own = tuple(group) == tuple(part.cells.cohort)
    inside = np.isfinite(part.att)
    if not own:
        inside &= part.cells.compared_with(group.treatment_month, group.level)
    cells = np.flatnonzero(inside)
    mean = part.fit.outcome[0, cells]
    if own:
        return _Use(own=True, cells=cells, slope=1 / part.treated_mass[cells], mean=mean + part.treated_mean[cells])
    return _Use(own=False, cells=cells, slope=-part.outcome_direction[0, cells], mean=mean)


def linear_influence_sums(
    shard: PanelShard, *, about: About, solved: Sequence[Solved], reported: Sequence[Reported], n_levels: int
) -> InfluenceSums:
    """The influence sums of one shard, as :func:`influence.influence_sums` gives them without covariates."""
    n_numbers, n_bins = len(reported[0].mass), reported[0].n_bins + 1
    n_months = shard.outcome.shape[1]
    second = np.zeros((n_numbers, n_numbers))
    seen = np.zeros(2 * n_levels * n_bins, dtype=np.int64)
    clusters = cluster_sums(np.empty(0, dtype=np.int64), np.empty((0, n_numbers)))
    roles: dict[Group, Roles] = {}
    for block in about.blocks(shard):
        for group, rows in block.by_group():
            if group not in roles:
                # Blocks are in order of treatment month: earlier groups are done with.
                roles = {known: own for known, own in roles.items() if known.treatment_month == group.treatment_month}
                roles[group] = roles_of(group, solved=solved, reported=reported, n_months=n_months, n_levels=n_levels)
            influence, counts = _influence(block, rows, roles[group])
            seen[roles[group].counts] += counts
            if block.cluster is None:
                second += influence.T @ influence
            else:
                clusters += cluster_sums(block.cluster[rows], influence)
    arms = seen.reshape(2, n_levels, n_bins)
    return InfluenceSums(
        second=second,
        squares=None,
        treated=arms[0],
        comparison=arms[1],
        clusters=None if shard.cluster is None else clusters,
    )


def _influence(block: Block, rows: NDArray[np.int64], roles: Roles) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """``(n, K)`` influence of some people of one group, and ``(Q,)`` how many of them each count has."""
    observed, outcome = block.observed[rows], block.outcome[rows]
    influence = np.tile(roles.mass, (len(rows), 1))
    counts = np.zeros(len(roles.counts), dtype=np.int64)
    if len(roles.bases):
        for masks, people in _by_mask(observed, held=roles.slope[0].size + roles.by_month.shape[1]):
            coefficients, constants, takes_part = _of_masks(masks, roles)
            for place, who in enumerate(people):
                influence[who] += outcome[who] @ coefficients[place] - constants[place]
            counts += np.array([len(who) for who in people]) @ takes_part
    influence *= block.weights[rows][:, None]
    return influence, counts


def _by_mask(
    observed: NDArray[np.float64], *, held: int
) -> Iterator[tuple[NDArray[np.float64], list[NDArray[np.int64]]]]:
    """Distinct masks, some at a time, each with the rows of its people."""
    packed = np.ascontiguousarray(np.packbits(observed > 0, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, mask, sizes = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    people = np.split(np.argsort(mask, kind="stable"), np.cumsum(sizes)[:-1])
    step = max(_HELD // held, 1)
    for cut in range(0, len(first), step):
        yield observed[first[cut : cut + step]], people[cut : cut + step]


def _of_masks(
    masks: NDArray[np.float64], roles: Roles
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """``(P, T, K)`` coefficients, ``(P, K)`` constants and ``(P, Q)`` counts (0 or 1) of ``P`` masks."""
    n_bases, n_months, n_numbers = roles.slope.shape
    bases = masks[:, roles.bases]
    coefficients = (bases @ roles.slope.reshape(n_bases, -1)).reshape(-1, n_months, n_numbers)
    coefficients *= masks[:, :, None]
    n_columns = roles.by_month.shape[1] // max(n_bases, 1)
    over_months = (masks @ roles.by_month).reshape(len(masks), n_bases, n_columns)
    over_months *= bases[:, :, None]
    coefficients[:, roles.bases] -= over_months[:, :, :n_numbers]
    rest = over_months[:, :, n_numbers:].sum(axis=1)
    return coefficients, rest[:, :n_numbers], (rest[:, n_numbers:] > 0).astype(np.int64)
