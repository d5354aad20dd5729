r"""Every two-by-two comparison solved: its effect, and what gives each person's influence on it.

With :math:`r = \Delta - x'\beta`, :math:`v = w p / (1 - p)` and means weighted by w over the treated (T) and by v over
the comparison (C), an effect is :math:`\bar r_T - \bar r_C`: doubly robust as ``DRDID::drdid_panel``; by regression as
``reg_did_panel``, without the second mean; by weighting as ``std_ipw_did_panel``, with :math:`\beta = 0`. Sant'Anna and
Zhao (2020), doi 10.1016/j.jeconom.2020.06.003. Without covariates all three are the difference of mean changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.cells import Cells
from pipeline.inference.moments.group_time.nuisance import ChangeSums, LogitSums, Nuisance, OddsSums
from pipeline.inference.moments.people.adding import Each

# Newton's method has converged when another step could change the mean log likelihood by less: the coefficients are
# then right to the square root of it, and the step that follows squares their error again.
_CONVERGED = 1e-14
_STEPS = 30
# As for any regression here: scaled normal equations whose directions fall below this share are collinear.
_COLLINEAR = 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    r"""A timing group's cells, solved.

    Attributes
    ----------
    cells
        Its comparisons.
    fit
        The nuisance models.
    att
        ``(J,)``; NaN where a side is empty, the models are collinear or do not converge, or there is no overlap.
    n_treated, n_comparison
        ``(J,)`` people.
    treated_mass, treated_mean
        ``(J,)`` :math:`\sum_T w` (1 where there is no effect), :math:`\bar r_T`.
    odds_mass, odds_mean
        ``(J,)`` :math:`\sum_C v` (1 where there is none), :math:`\bar r_C`.
    outcome_direction, logit_direction
        ``(p, J)`` :math:`h` and :math:`q`: a comparison person's :math:`w r x'h`, and anybody's :math:`w (D - p) x'q`,
        is what estimating the models adds to (with a minus) their influence.
    """

    cells: Cells
    fit: Nuisance
    att: NDArray[np.float64]
    n_treated: NDArray[np.int64]
    n_comparison: NDArray[np.int64]
    treated_mass: NDArray[np.float64]
    treated_mean: NDArray[np.float64]
    odds_mass: NDArray[np.float64]
    odds_mean: NDArray[np.float64]
    outcome_direction: NDArray[np.float64]
    logit_direction: NDArray[np.float64]


def outcome_fits(sums: Each[ChangeSums], *, regressed: bool) -> tuple[Nuisance, ...]:
    """The outcome regressions; coefficients of zero if there are to be none."""
    return tuple(
        Nuisance(
            outcome=_times(inverses(part.gram).matrix, part.cross) * regressed,
            propensity=None,
            converged=np.zeros(len(part.gram), dtype=np.bool_),
        )
        for part in sums.parts
    )


def propensity_fits(
    sums: Each[ChangeSums],
    fits: Sequence[Nuisance],
    *,
    newton: Callable[[Sequence[NDArray[np.int64]], Sequence[NDArray[np.float64]]], Each[LogitSums]],
    start: Sequence[NDArray[np.float64]],
) -> tuple[Nuisance, ...]:
    """The nuisance models with those of the propensity, by Newton's method.

    ``newton`` gives the sums of some cells of each group at given coefficients: those that have not converged.
    """
    masses = [part.treated_mass + part.gram[:, 0, 0] for part in sums.parts]
    found = [own.copy() for own in start]
    moving = [np.arange(len(mass)) for mass in masses]
    for _ in range(_STEPS):
        step = newton(moving, [own[:, cells] for own, cells in zip(found, moving, strict=True)])
        for place, part in enumerate(step.parts):
            cells = moving[place]
            move = _times(inverses(part.hessian).matrix, part.gradient)
            found[place][:, cells] += move
            moving[place] = cells[(part.gradient * move).sum(axis=0) > _CONVERGED * masses[place][cells]]
        if not any(len(cells) for cells in moving):
            break
    settled = [~np.isin(np.arange(len(mass)), cells) for mass, cells in zip(masses, moving, strict=True)]
    return tuple(
        replace(fit, propensity=np.where(each, own, 0.0), converged=each)
        for fit, own, each in zip(fits, found, settled, strict=True)
    )


def constant_propensity(sums: ChangeSums) -> NDArray[np.float64]:
    """``(p, J)``: the propensity models of a constant alone."""
    start = np.zeros_like(sums.cross)
    both = (sums.treated_mass > 0) & (sums.gram[:, 0, 0] > 0)
    start[0, both] = np.log(sums.treated_mass[both] / sums.gram[both, 0, 0])
    return start


@dataclass(frozen=True, kw_only=True, eq=False)
class Inverses:
    """Inverses ``(J, p, p)`` of Gram matrices, zero where they are not ``regular`` ``(J,)``."""

    matrix: NDArray[np.float64]
    regular: NDArray[np.bool_]


def inverses(grams: NDArray[np.float64]) -> Inverses:
    """The inverses, by eigenvalues of the matrices scaled to a unit diagonal."""
    diagonal = np.diagonal(grams, axis1=1, axis2=2)
    present = (diagonal > 0).all(axis=1)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(grams * scale[:, :, None] * scale[:, None, :])
    regular = present & (values[:, 0] > _COLLINEAR * values[:, -1])
    shares = np.where(regular[:, None], 1 / np.where(regular[:, None], values, 1.0), 0.0)
    root = vectors * scale[:, :, None]
    return Inverses(matrix=(root * shares[:, None, :]) @ root.transpose(0, 2, 1), regular=regular)


def _times(matrices: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(p, J)``: each cell's matrix times its column."""
    product: NDArray[np.float64] = np.einsum("jpq,qj->pj", matrices, columns)
    return product


def solve_regressed(cells: Cells, sums: ChangeSums, fit: Nuisance) -> Solved:
    """The effects by regression alone."""
    inverse = inverses(sums.gram)
    known = (sums.n_treated > 0) & (sums.n_comparison > 0) & inverse.regular
    mass = np.where(known, sums.treated_mass, 1.0)
    mean = _treated_mean(sums, fit, mass)
    none = np.zeros_like(mean)
    return Solved(
        cells=cells,
        fit=fit,
        att=np.where(known, mean, np.nan),
        n_treated=sums.n_treated,
        n_comparison=sums.n_comparison,
        treated_mass=mass,
        treated_mean=mean,
        odds_mass=none + 1,
        odds_mean=none,
        outcome_direction=_times(inverse.matrix, sums.treated_design / mass),
        logit_direction=np.zeros_like(fit.outcome),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighting:
    """Sums of a timing group's propensity models at their solution; ``regressed``: there are outcome models too."""

    odds: OddsSums
    regressed: bool


def solve_weighted(cells: Cells, sums: ChangeSums, fit: Nuisance, *, weighting: Weighting) -> Solved:
    """The effects by weighting, doubly robust where outcomes are regressed too."""
    inverse, logit, odds = inverses(sums.gram), inverses(weighting.odds.hessian), weighting.odds
    known = (sums.n_treated > 0) & (sums.n_comparison > 0) & logit.regular & fit.converged
    known &= (odds.no_overlap == 0) & (odds.mass > 0) & (inverse.regular | (not weighting.regressed))
    mass = np.where(known, sums.treated_mass, 1.0)
    odds_mass = np.where(known, odds.mass, 1.0)
    mean, odds_mean = _treated_mean(sums, fit, mass), odds.residual / odds_mass
    apart = sums.treated_design / mass - odds.design / odds_mass
    return Solved(
        cells=cells,
        fit=fit,
        att=np.where(known, mean - odds_mean, np.nan),
        n_treated=sums.n_treated,
        n_comparison=sums.n_comparison,
        treated_mass=mass,
        treated_mean=mean,
        odds_mass=odds_mass,
        odds_mean=odds_mean,
        outcome_direction=_times(inverse.matrix, apart) * weighting.regressed,
        logit_direction=_times(logit.matrix, (odds.mixed - odds_mean * odds.design) / odds_mass),
    )


def _treated_mean(sums: ChangeSums, fit: Nuisance, mass: NDArray[np.float64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = (sums.treated_change - (sums.treated_design * fit.outcome).sum(axis=0)) / mass
    return mean
