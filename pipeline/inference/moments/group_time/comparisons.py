"""From passes over the panel to solved two-by-two comparisons, with covariates and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.group_time.change_pairs import change_sums
from pipeline.inference.moments.group_time.nuisance import (
    About,
    ChangeSums,
    LogitSums,
    Nuisance,
    logit_sums,
    odds_sums,
)
from pipeline.inference.moments.group_time.pairs import Sides, change_sums_of
from pipeline.inference.moments.group_time.two_by_two import (
    Solved,
    Weighting,
    constant_propensity,
    outcome_fits,
    propensity_fits,
    solve_regressed,
    solve_weighted,
)
from pipeline.inference.moments.people.adding import Each
from pipeline.inference.moments.people.shards import total
from pipeline.vocabulary.panels import PanelShard

Walk = Callable[[], Iterator[PanelShard]]


def solve_pairs(found: Sides, about: About) -> tuple[Solved, ...]:
    """Every comparison without covariates."""
    sums = change_sums_of(found, about.groups)
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

    fits = _with_propensities(walk, about, sums=sums, fits=fits)
    odds = total(walk(), partial(odds_sums, about=about, fits=fits))
    return tuple(
        solve_weighted(cells, part, fit, weighting=Weighting(odds=own, regressed=regressed))
        for cells, part, fit, own in zip(about.groups, sums.parts, fits, odds.parts, strict=True)
    )


def _with_propensities(
    walk: Walk, about: About, *, sums: Each[ChangeSums], fits: Sequence[Nuisance]
) -> tuple[Nuisance, ...]:
    """The nuisance models with propensity models, each started from that of its group's fullest cell.

    The samples of a group's cells differ by who is observed when, so that its models are near one another: one is
    solved from nothing, the others take a step or two.
    """
    fullest = [np.array([int(part.n_treated.argmax())]) for part in sums.parts]
    pilot = Each(parts=tuple(part.only(place) for part, place in zip(sums.parts, fullest, strict=True)))
    pilots = propensity_fits(
        pilot,
        [fit.only(place) for fit, place in zip(fits, fullest, strict=True)],
        newton=_newton(
            walk,
            replace(about, groups=tuple(g.only(place) for g, place in zip(about.groups, fullest, strict=True))),
        ),
        start=[constant_propensity(part) for part in pilot.parts],
    )
    start = [
        constant_propensity(part) + (own.propensity - constant_propensity(one)) * own.converged
        for part, one, own in zip(sums.parts, pilot.parts, pilots, strict=True)
        if own.propensity is not None
    ]
    return propensity_fits(sums, fits, newton=_newton(walk, about), start=start)


def _newton(
    walk: Walk, about: About
) -> Callable[[Sequence[NDArray[np.int64]], Sequence[NDArray[np.float64]]], Each[LogitSums]]:
    def step(places: Sequence[NDArray[np.int64]], coefficients: Sequence[NDArray[np.float64]]) -> Each[LogitSums]:
        groups = tuple(cells.only(kept) for cells, kept in zip(about.groups, places, strict=True))
        return total(walk(), partial(logit_sums, about=replace(about, groups=groups), coefficients=coefficients))

    return step
