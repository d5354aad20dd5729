"""Are weighted untreated people like the treated? The largest standardised difference of anything known before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.diagnostics.untreated.verdict import Verdict, graded, not_evaluated
from pipeline.inference.doubly_robust.treated import EffectsOnTreated

CHECK = "weighted_balance"


def verdict(found: EffectsOnTreated, rows: NDArray[np.bool_], *, most: float, fail: float) -> Verdict:
    """The covariate that is furthest from alike after weighting, among ``(n,)`` ``rows`` of the frame.

    Up to ``most``, by convention 0.1 of a standard deviation (Austin 2009, doi 10.1002/sim.3697), passes; above
    ``fail``, 0.25 (Stuart 2010, doi 10.1214/09-STS313), adjustment rests on the models alone. With few people some
    differences are larger by chance.
    """
    balance = found.balance(rows)
    (first, before), (last, after) = balance.worst(after=False), balance.worst(after=True)
    if not np.isfinite(after):
        return not_evaluated(CHECK, "nothing that is known of people before differs between them.", threshold=most)
    sentence = (
        f"Before weighting, untreated people differ from treated ones most in {_words(first)}, by {before:.2f} "
        f"standard deviations; after it most in {_words(last)}, by {after:.2f}."
    )
    return Verdict(
        check=CHECK, status=graded(after, most=most, fail=fail), figure=after, threshold=most, sentence=sentence
    )


def _words(name: str) -> str:
    """A covariate's name without its level, which is a record's word."""
    return name.partition("=")[0].replace("_", " ")
