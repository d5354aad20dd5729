"""How alike treated and untreated people are in what is known of them before, as they are and after weighting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.doubly_robust.people import People


@dataclass(frozen=True, kw_only=True)
class Balance:
    """``(p,)`` standardised mean differences, treated less untreated, before and after weighting; NaN if constant."""

    names: tuple[str, ...]
    before: NDArray[np.float64]
    after: NDArray[np.float64]

    def worst(self, *, after: bool) -> tuple[str, float]:
        """The covariate that is furthest from alike, and by how much, without sign; ``("", nan)`` if all are alike."""
        sizes = np.abs(self.after if after else self.before)
        if not np.isfinite(sizes).any():
            return "", np.nan
        place = int(np.nanargmax(sizes))
        return self.names[place], float(sizes[place])


def balance(people: People, weights: NDArray[np.float64]) -> Balance:
    r"""Differences of means over :math:`\sqrt{(s_1^2 + s_0^2)/2}`, the unweighted spread of both (Austin 2009).

    doi 10.1002/sim.3697. The divisor is the same before and after, so that weighting cannot look better by spreading.
    """
    spread = _spread(people)
    return Balance(
        names=people.names,
        before=_difference(people, np.ones(len(weights))) / spread,
        after=_difference(people, weights) / spread,
    )


def _spread(people: People) -> NDArray[np.float64]:
    variances = [people.covariates[arm].var(axis=0, ddof=1) for arm in (people.treated, ~people.treated)]
    spread = np.sqrt(np.mean(variances, axis=0))
    return np.where(spread > 0, spread, np.nan)


def _difference(people: People, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    means = [
        np.average(people.covariates[arm], axis=0, weights=weights[arm]) for arm in (people.treated, ~people.treated)
    ]
    difference: NDArray[np.float64] = means[0] - means[1]
    return difference
