"""Has every treated person a like among the untreated? The share of treated people who have none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.diagnostics.untreated.verdict import Verdict, graded
from pipeline.inference.doubly_robust.treated import EffectsOnTreated

CHECK = "overlap"

_TWENTIETHS = 20
"""Shares are told to the nearest twentieth: an exact one, times the people published, would count a handful of them."""


def verdict(found: EffectsOnTreated, rows: NDArray[np.bool_], *, most: float, fail: float) -> Verdict:
    """The share of treated people left out because nobody is like them, among ``(n,)`` ``rows`` of the frame.

    What is estimated then is of others than the question asks for. The sentence adds clinical equipoise: the share of
    treated people whose preference score lies between 0.3 and 0.7 (Walker et al. 2013, doi 10.2147/CER.S40357).
    """
    treated = rows & found.frame.treated
    lost = float(1 - found.overlap.kept[treated].mean())
    score = found.overlap.preference[treated]
    balanced = float(((score >= 0.3) & (score <= 0.7)).mean())  # noqa: PLR2004 - the published bounds
    figure = _coarse(lost)
    sentence = (
        f"To the nearest twentieth, {figure:.1%} of treated people have no like among the untreated and are left out; "
        f"{_coarse(balanced):.1%} are in equipoise, as likely to be found in one arm as in the other."
    )
    return Verdict(
        check=CHECK, status=graded(lost, most=most, fail=fail), figure=figure, threshold=most, sentence=sentence
    )


def _coarse(share: float) -> float:
    return round(share * _TWENTIETHS) / _TWENTIETHS
