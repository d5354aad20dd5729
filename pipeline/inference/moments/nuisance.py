r"""Sums over people from which the nuisance models of every two-by-two comparison follow.

``p`` columns of the design, ``J`` cells of a timing group. People weigh :math:`w_{ij}` in cell j: nothing unless they
are observed in both of its months. Sant'Anna and Zhao (2020), doi 10.1016/j.jeconom.2020.06.003.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.adding import Added, Each
from pipeline.inference.moments.cells import Cells
from pipeline.inference.moments.people import Block, Design, Side, comparison_side, people_blocks, treated_side
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
        """The shard's people."""
        return people_blocks(shard, self.design, subgroup=self.subgroup)


def change_sums(shard: PanelShard, *, about: About) -> Each[ChangeSums]:
    """The change sums of one shard."""
    sums = [_no_changes(len(cells), about.design.n_columns) for cells in about.groups]
    for block in about.blocks(shard):
        for place, cells in enumerate(about.groups):
            sums[place] += _changes(treated_side(block, cells), comparison_side(block, cells))
    return Each(parts=tuple(sums))


def _no_changes(n_cells: int, p: int) -> ChangeSums:
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


def _changes(treated: Side, comparison: Side) -> ChangeSums:
    return ChangeSums(
        n_treated=np.count_nonzero(treated.weight, axis=0),
        n_comparison=np.count_nonzero(comparison.weight, axis=0),
        treated_mass=treated.weight.sum(axis=0),
        treated_change=(treated.weight * treated.change).sum(axis=0),
        treated_design=treated.design.T @ treated.weight,
        gram=_grams(comparison.design, comparison.weight),
        cross=comparison.design.T @ (comparison.weight * comparison.change),
    )


def _grams(design: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(J, p, p)`` weighted products of the design with itself, for all cells in one matrix product."""
    n, p = design.shape
    products = (design[:, :, None] * design[:, None, :]).reshape(n, p * p)
    return (weight.T @ products).reshape(-1, p, p)


def propensities(side: Side, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, J)`` fitted probabilities of being of the timing group."""
    from scipy.special import expit

    probabilities: NDArray[np.float64] = expit(side.design @ coefficients)
    return probabilities


def odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, J)`` what a comparison person stands for; 0 for those who are trimmed."""
    kept = probabilities < TRIMMED
    return np.where(kept, probabilities / np.where(kept, 1 - probabilities, 1.0), 0.0)


def logit_sums(shard: PanelShard, *, about: About, coefficients: Sequence[NDArray[np.float64]]) -> Each[LogitSums]:
    """The Newton sums of one shard at the given coefficients."""
    p = about.design.n_columns
    sums = [
        LogitSums(gradient=np.zeros((p, len(cells))), hessian=np.zeros((len(cells), p, p))) for cells in about.groups
    ]
    for block in about.blocks(shard):
        for place, (cells, fitted) in enumerate(zip(about.groups, coefficients, strict=True)):
            if not len(cells):
                continue
            for side, is_treated in ((treated_side(block, cells), 1.0), (comparison_side(block, cells), 0.0)):
                chance = propensities(side, fitted)
                sums[place] += LogitSums(
                    gradient=side.design.T @ (side.weight * (is_treated - chance)),
                    hessian=_grams(side.design, side.weight * chance * (1 - chance)),
                )
    return Each(parts=tuple(sums))


def odds_sums(shard: PanelShard, *, about: About, fits: Sequence[Nuisance]) -> Each[OddsSums]:
    """The sums of one shard's comparison people, weighted by the odds of treatment."""
    sums = [_no_odds(len(cells), about.design.n_columns) for cells in about.groups]
    for block in about.blocks(shard):
        for place, (cells, fit) in enumerate(zip(about.groups, fits, strict=True)):
            sums[place] += _odds_sums(treated_side(block, cells), comparison_side(block, cells), fit)
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


def _odds_sums(treated: Side, comparison: Side, fit: Nuisance) -> OddsSums:
    assert fit.propensity is not None
    chance, own = propensities(comparison, fit.propensity), propensities(treated, fit.propensity)
    certain = ((chance >= NO_OVERLAP) & (comparison.weight > 0)).sum(axis=0)
    certain += ((own >= NO_OVERLAP) & (treated.weight > 0)).sum(axis=0)
    hessian = _grams(comparison.design, comparison.weight * chance * (1 - chance))
    hessian += _grams(treated.design, treated.weight * own * (1 - own))
    weight = comparison.weight * odds(chance)
    weighted = weight * (comparison.change - comparison.design @ fit.outcome)
    return OddsSums(
        mass=weight.sum(axis=0),
        residual=weighted.sum(axis=0),
        design=comparison.design.T @ weight,
        mixed=comparison.design.T @ weighted,
        hessian=hessian,
        no_overlap=certain,
    )
