"""Are weighted untreated people like the treated? The largest standardised difference of anything known before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.diagnostics.untreated.verdict import Verdict, graded, not_evaluated
from pipeline.inference.doubly_robust.treated import EffectsOnTreated

CHECK = "weighted_balance"


def verdict(found: EffectsOnTreated, rows: NDArray[np.bool_], *, most: float, fail: float) -> Verdict:
    """The covariate that is furthest from alike after weighting, among ``(n,)`` ``rows`` of the frame.

    Up to ``most``, by convention 0.1 of a standard deviation (Austin 2009, doi 10.1002/sim.3697), passes, and above
    ``fail``, 0.25 (Stuart 2010, doi 10.1214/09-STS313), adjustment rests on the models alone; between them is for
    review. With few people chance makes larger differences of arms that are alike: what is no larger passes, unless
    chance makes differences above ``fail``, which leaves nothing to tell alike from unlike by: ``not evaluated``.
    """
    balance = found.balance(rows)
    (first, before), (last, after) = balance.worst(after=False), balance.worst(after=True)
    if not np.isfinite(after):
        return not_evaluated(CHECK, "nothing that is known of people before differs between them.", threshold=most)
    chance = _by_chance(found.frame.treated[rows], covariates=int(np.isfinite(balance.after).sum()))
    sentence = (
        f"Before weighting, untreated people differ from treated ones most in {_words(first)}, by {before:.2f} "
        f"standard deviations; after it most in {_words(last)}, by {after:.2f}. Among so many people as these, chance "
        f"makes differences of up to {chance:.2f}."
    )
    if after <= chance and chance > fail:
        return not_evaluated(CHECK, f"too few people to tell. {sentence}", threshold=most)
    limit = max(most, chance)
    status = graded(after, most=limit, fail=max(fail, chance))
    return Verdict(check=CHECK, status=status, figure=round(after, 2), threshold=round(limit, 2), sentence=sentence)


def _by_chance(treated: NDArray[np.bool_], *, covariates: int) -> float:
    """The largest of so many differences that arms of this size have in nineteen studies of twenty (Bonferroni).

    Of unweighted people: wild weights make large differences too, and those are what the check is there to find.
    """
    from scipy.special import ndtri

    people = (treated.sum(), (~treated).sum())
    return float(ndtri(1 - 0.025 / covariates) * np.sqrt(1 / people[0] + 1 / people[1]))


def _words(name: str) -> str:
    """A covariate's name without its level, which is a record's word."""
    return name.partition("=")[0].replace("_", " ")
