"""Are weighted untreated people like the treated? The largest standardised difference of anything known before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.diagnostics.untreated.verdict import Verdict, graded, not_evaluated
from pipeline.inference.doubly_robust.treated import EffectsOnTreated

CHECK = "weighted_balance"


def verdict(found: EffectsOnTreated, rows: NDArray[np.bool_], *, most: float, fail: float) -> Verdict:
    """The covariate that is furthest from alike after weighting, among ``(n,)`` ``rows`` of the frame.

    Up to ``most``, by convention 0.1 of a standard deviation (Austin 2009, doi 10.1002/sim.3697), passes. Above
    ``fail``, 0.25 (Stuart 2010, doi 10.1214/09-STS313), adjustment rests on the models alone: a fail, unless so few
    people are compared that chance makes such differences of people who are alike, as between them for review.
    """
    balance = found.balance(rows)
    (first, before), (last, after) = balance.worst(after=False), balance.worst(after=True)
    if not np.isfinite(after):
        return not_evaluated(CHECK, "nothing that is known of people before differs between them.", threshold=most)
    chance = _by_chance(found, rows, covariates=int(np.isfinite(balance.after).sum()))
    sentence = (
        f"Before weighting, untreated people differ from treated ones most in {_words(first)}, by {before:.2f} "
        f"standard deviations; after it most in {_words(last)}, by {after:.2f}. Among so many people as these, chance "
        f"makes differences of up to {chance:.2f}."
    )
    status = graded(after, most=most, fail=max(fail, chance))
    return Verdict(check=CHECK, status=status, figure=round(after, 2), threshold=most, sentence=sentence)


def _by_chance(found: EffectsOnTreated, rows: NDArray[np.bool_], *, covariates: int) -> float:
    """The largest of so many differences that people who are alike have in nineteen studies of twenty (Bonferroni).

    Weighted people count for as many as have the same variance unweighted: the squared sum of weights over the sum of
    their squares.
    """
    from scipy.special import ndtri

    treated, weights = found.frame.treated[rows], found.weights[rows]
    people = [weights[arm].sum() ** 2 / (weights[arm] ** 2).sum() for arm in (treated, ~treated)]
    return float(ndtri(1 - 0.025 / covariates) * np.sqrt(1 / people[0] + 1 / people[1]))


def _words(name: str) -> str:
    """A covariate's name without its level, which is a record's word."""
    return name.partition("=")[0].replace("_", " ")
