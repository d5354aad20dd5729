r"""Who has a like in the other arm, and who is left out because nobody is.

The scale is the propensity as it would be were both arms equally large, the preference score (Walker et al. 2013,
doi 10.2147/CER.S40357): :math:`\log\frac{f}{1-f} = \log\frac{e}{1-e} - \log\frac{\pi}{1-\pi}` with the treated share
:math:`\pi`. A rare treatment has small propensities everywhere, which says nothing about likeness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.doubly_robust.people import People


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Who is kept.

    Attributes
    ----------
    kept
        ``(n,)`` people with a preference score up to the upper bound: whom an effect on treated people is of.
    both
        ``(n,)`` people between both bounds: whom an effect on everybody is of.
    preference
        ``(n,)``.
    share_treated, share_comparison
        Of each arm, the share that is kept.
    """

    kept: NDArray[np.bool_]
    both: NDArray[np.bool_]
    preference: NDArray[np.float64]
    share_treated: float
    share_comparison: float


def preference(propensity: NDArray[np.float64], *, share: float) -> NDArray[np.float64]:
    """``(n,)`` the propensity were half of all people treated; ``share`` is the share that is."""
    odds = propensity / (1 - propensity) * (1 - share) / share
    return odds / (1 + odds)


def overlap(people: People, propensity: NDArray[np.float64], *, trim: float) -> Overlap:
    """Whom effects are estimated from: nobody whose preference score is above ``1 - trim``, or below ``trim``.

    Beyond 0.1 a person would be in one arm more than nine times in ten were both as common, so that few of the other
    stand for them with large weights: the rule of thumb of Crump et al. (2009, doi 10.1093/biomet/asn055). An effect on
    treated people needs the upper bound only: untreated people unlike anybody treated have no weight in it anyway.
    """
    score = preference(propensity, share=float(people.treated.mean()))
    kept = score <= 1 - trim
    return Overlap(
        kept=kept,
        both=kept & (score >= trim),
        preference=score,
        share_treated=float(kept[people.treated].mean()),
        share_comparison=float(kept[~people.treated].mean()),
    )
