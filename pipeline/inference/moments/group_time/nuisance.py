r"""Sums over people from which the nuisance models of every two-by-two comparison follow.

``p`` columns of the design, ``J`` cells of a timing group. People weigh :math:`w_{ij}` in cell j: nothing unless they
are observed in both of its months. Sant'Anna and Zhao (2020), doi 10.1016/j.jeconom.2020.06.003.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.blocks import Block, people_blocks
from pipeline.inference.moments.group_time.cells import Cells
from pipeline.inference.moments.group_time.sides import Side, comparison_side, treated_side
from pipeline.inference.moments.people.adding import Added, Each
from pipeline.inference.moments.people.design import Design
from pipeline.vocabulary.panels import PanelShard

# From these propensities on, R's did 2.5.1 calls a cell without overlap, and DRDID leaves a comparison person out.
NO_OVERLAP, TRIMMED = 0.999, 0.995


@dataclass(frozen=True, kw_only=True)
class ChangeSums(Added):
    r"""Of changes: what the outcome regressions need.

    Attributes
    ----------
    n_treated, n_comparison
        ``(J,)`` people.
    treated_mass, treated_change
        ``(J,)`` :math:`\sum w`, :math:`\sum w \Delta` over the treated.
    treated_design
        ``(p, J)`` :math:`\sum w x` over the treated.
    gram, cross
        ``(J, p, p)`` :math:`\sum w x x'` and ``(p, J)`` :math:`\sum w x \Delta` over the comparison.
    """

    n_treated: NDArray[np.int64]
    n_comparison: NDArray[np.int64]
    treated_mass: NDArray[np.float64]
    treated_change: NDArray[np.float64]
    treated_design: NDArray[np.float64]
    gram: NDArray[np.float64]
    cross: NDArray[np.float64]

    def only(self, places: NDArray[np.int64]) -> ChangeSums:
        """Of some of the cells."""
        return ChangeSums(
            n_treated=self.n_treated[places],
            n_comparison=self.n_comparison[places],
            treated_mass=self.treated_mass[places],
            treated_change=self.treated_change[places],
            treated_design=self.treated_design[:, places],
            gram=self.gram[places],
            cross=self.cross[:, places],
        )


@dataclass(frozen=True, kw_only=True)
class LogitSums(Added):
    """Of one Newton step of the propensity models: ``gradient`` ``(p, J)``, ``hessian`` ``(J, p, p)``."""

    gradient: NDArray[np.float64]
    hessian: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OddsSums(Added):
    r"""Of comparison people weighted by their odds of treatment, :math:`v = w p / (1 - p)`; residuals :math:`r`.

    Attributes
    ----------
    mass, residual
        ``(J,)`` :math:`\sum v`, :math:`\sum v r`.
    design, mixed
        ``(p, J)`` :math:`\sum v x`, :math:`\sum v r x`.
    hessian
        ``(J, p, p)`` of the propensity models' log likelihood, over both sides.
    no_overlap
        ``(J,)`` people of either side whose propensity is (numerically) one.
    """

    mass: NDArray[np.float64]
    residual: NDArray[np.float64]
    design: NDArray[np.float64]
    mixed: NDArray[np.float64]
    hessian: NDArray[np.float64]
    no_overlap: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Nuisance:
    """A timing group's nuisance models.

    Attributes
    ----------
    outcome
        ``(p, J)`` coefficients of the outcome regressions; zero where there are none.
    propensity
        ``(p, J)`` those of the propensity models, or ``None`` where there are none.
    converged
        ``(J,)`` whether the propensity models are fitted; their coefficients are zero where not.
    """

    outcome: NDArray[np.float64]
    propensity: NDArray[np.float64] | None
    converged: NDArray[np.bool_]

    def only(self, places: NDArray[np.int64]) -> Nuisance:
        """Of some of the cells."""
        propensity = None if self.propensity is None else self.propensity[:, places]
        return Nuisance(outcome=self.outcome[:, places], propensity=propensity, converged=self.converged[places])


@dataclass(frozen=True, kw_only=True, eq=False)
class About:
    """What every pass must know: people's design, whose levels, and the timing groups."""

    design: Design
    subgroup: str | None
    groups: tuple[Cells, ...]

    def blocks(self, shard: PanelShard) -> Iterator[Block]:
        """The shard's people, fewer at once the more cells a timing group has."""
        width = max((len(cells) for cells in self.groups), default=1)
        return people_blocks(shard, self.design, subgroup=self.subgroup, width=max(width, 1))


def no_changes(n_cells: int, p: int) -> ChangeSums:
    """The change sums of nobody."""
    none, count = np.zeros(n_cells), np.zeros(n_cells, dtype=np.int64)
    return ChangeSums(
        n_treated=count,
        n_comparison=count,
        treated_mass=none,
        treated_change=none,
        treated_design=np.zeros((p, n_cells)),
        gram=np.zeros((n_cells, p, p)),
        cross=np.zeros((p, n_cells)),
    )


def symmetric(packed: NDArray[np.float64], *, p: int) -> NDArray[np.float64]:
    """``(J, p, p)`` matrices of their ``(J, q)`` entries on and above the diagonal."""
    place = np.zeros((p, p), dtype=np.int64)
    place[np.triu_indices(p)] = np.arange(p * (p + 1) // 2)
    return packed[:, np.maximum(place, place.T)]


def _grams(side: Side, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(J, p, p)`` weighted products of the design with itself, for all cells in one matrix product."""
    return symmetric(weight.T @ side.products, p=side.design.shape[1])


def inverse_odds(side: Side, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, J)`` fitted odds of not being of the timing group; infinite where they are too large for a number.

    Everything about a propensity follows from these with a division, which takes a fifth of the time of a logistic
    function that guards both tails.
    """
    found: NDArray[np.float64] = side.design @ -coefficients
    with np.errstate(over="ignore"):
        return np.exp(found, out=found)


def propensities(against: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, J)`` fitted probabilities of being of the timing group, from the odds against it."""
    return 1 / (1 + against)


def odds(against: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, J)`` what a comparison person stands for; 0 for those who are trimmed."""
    kept = against > 1 / TRIMMED - 1
    if kept.all():
        return 1 / against
    return np.divide(kept, against, out=np.zeros_like(against), where=kept)


def logit_sums(shard: PanelShard, *, about: About, coefficients: Sequence[NDArray[np.float64]]) -> Each[LogitSums]:
    """The Newton sums of one shard at the given coefficients."""
    p = about.design.n_columns
    sums = [
        LogitSums(gradient=np.zeros((p, len(cells))), hessian=np.zeros((len(cells), p, p))) for cells in about.groups
    ]
    for block in about.blocks(shard):
        for place, (cells, fitted) in enumerate(zip(about.groups, coefficients, strict=True)):
            if len(cells):
                for side, is_treated in ((treated_side(block, cells), 1.0), (comparison_side(block, cells), 0.0)):
                    if len(side.rows):
                        sums[place] += _logit_sums(side, fitted, is_treated=is_treated)
    return Each(parts=tuple(sums))


def _logit_sums(side: Side, fitted: NDArray[np.float64], *, is_treated: float) -> LogitSums:
    chance = propensities(inverse_odds(side, fitted))
    expected = side.weight * chance
    gradient = side.design.T @ (side.weight - expected if is_treated else -expected)
    expected *= 1 - chance
    return LogitSums(gradient=gradient, hessian=_grams(side, expected))


def odds_sums(shard: PanelShard, *, about: About, fits: Sequence[Nuisance]) -> Each[OddsSums]:
    """The sums of one shard's comparison people, weighted by the odds of treatment."""
    sums = [_no_odds(len(cells), about.design.n_columns) for cells in about.groups]
    for block in about.blocks(shard):
        for place, (cells, fit) in enumerate(zip(about.groups, fits, strict=True)):
            treated, comparison = treated_side(block, cells), comparison_side(block, cells)
            if len(treated.rows):
                sums[place] += _of_treated(treated, fit)
            if len(comparison.rows):
                sums[place] += _of_comparison(comparison, fit)
    return Each(parts=tuple(sums))


def _no_odds(n_cells: int, p: int) -> OddsSums:
    none, columns = np.zeros(n_cells), np.zeros((p, n_cells))
    return OddsSums(
        mass=none,
        residual=none,
        design=columns,
        mixed=columns,
        hessian=np.zeros((n_cells, p, p)),
        no_overlap=np.zeros(n_cells, dtype=np.int64),
    )


def _of_treated(side: Side, fit: Nuisance) -> OddsSums:
    assert fit.propensity is not None
    chance = propensities(inverse_odds(side, fit.propensity))
    return replace(
        _no_odds(*reversed(fit.outcome.shape)),
        hessian=_grams(side, side.weight * chance * (1 - chance)),
        no_overlap=_without_overlap(side, chance),
    )


def _of_comparison(side: Side, fit: Nuisance) -> OddsSums:
    assert fit.propensity is not None
    against = inverse_odds(side, fit.propensity)
    chance = propensities(against)
    weight = odds(against)
    weight *= side.weight
    residual = side.change
    residual -= side.design @ fit.outcome
    residual *= weight
    no_overlap = _without_overlap(side, chance)
    spread = side.weight * chance
    spread *= 1 - chance
    design, mixed = side.design.T @ weight, side.design.T @ residual
    return OddsSums(
        mass=design[0],  # of the constant
        residual=mixed[0],
        design=design,
        mixed=mixed,
        hessian=_grams(side, spread),
        no_overlap=no_overlap,
    )


def _without_overlap(side: Side, chance: NDArray[np.float64]) -> NDArray[np.int64]:
    """``(J,)`` people whose propensity is numerically one; most often nobody's is, and nobody need be counted."""
    if chance.max(initial=0.0) < NO_OVERLAP:
        return np.zeros(chance.shape[1], dtype=np.int64)
    people: NDArray[np.int64] = ((chance >= NO_OVERLAP) & (side.weight > 0)).sum(axis=0)
    return people
