"""From passes over the panel to solved two-by-two comparisons, with covariates and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments import summaries
from pipeline.inference.moments.adding import Each
from pipeline.inference.moments.nuisance import About, ChangeSums, LogitSums, change_sums, logit_sums, odds_sums
from pipeline.inference.moments.pairs import PairSums, change_sums_of, pair_sums
from pipeline.inference.moments.shards import total
from pipeline.inference.moments.two_by_two import (
    Solved,
    Weighting,
    outcome_fits,
    propensity_fits,
    solve_regressed,
    solve_weighted,
)
from pipeline.vocabulary.panels import PanelShard

Walk = Callable[[], Iterator[PanelShard]]


def pairs_of(walk: Walk, about: About) -> PairSums:
    """The panel's sums over pairs of months; for the errors of single cells only where their covariance is not kept."""
    squares = sum(len(cells) for cells in about.groups) > summaries.MOST_CELLS
    found: PairSums = total(walk(), partial(pair_sums, about=about, squares=squares))
    return found


def solve_pairs(pairs: PairSums, about: About) -> tuple[Solved, ...]:
    """Every comparison without covariates."""
    sums = change_sums_of(pairs, about.groups)
    fits = outcome_fits(sums, regressed=True)
    return tuple(solve_regressed(*part) for part in zip(about.groups, sums.parts, fits, strict=True))


def solve(
    walk: Walk, about: About, *, method: Literal["doubly_robust", "regression", "weighting"]
) -> tuple[Solved, ...]:
    """Every comparison with covariates: outcome regressions, propensity models, or both, in each."""
    sums: Each[ChangeSums] = total(walk(), partial(change_sums, about=about))
    regressed = method != "weighting"
    fits = outcome_fits(sums, regressed=regressed)
    if method == "regression":
        return tuple(solve_regressed(*part) for part in zip(about.groups, sums.parts, fits, strict=True))

    def newton(coefficients: Sequence[NDArray[np.float64]]) -> Each[LogitSums]:
        return total(walk(), partial(logit_sums, about=about, coefficients=coefficients))

    fits, logit = propensity_fits(sums, fits, newton=newton)
    odds = total(walk(), partial(odds_sums, about=about, fits=fits))
    return tuple(
        solve_weighted(cells, part, fit, weighting=Weighting(logit=step, odds=own, regressed=regressed))
        for cells, part, fit, step, own in zip(about.groups, sums.parts, fits, logit.parts, odds.parts, strict=True)
    )
