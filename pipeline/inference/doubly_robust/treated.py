r"""The effect on treated people: their outcomes less those that people like them have untreated, doubly robust.

.. math:: \hat\tau = \frac{1}{n_1}\sum_{i: D_i=1} (Y_i - \hat m_0(X_i))
          - \frac{\sum_{i: D_i=0} w_i (Y_i - \hat m_0(X_i))}{\sum_{i: D_i=0} w_i}, \qquad w = \frac{\hat e}{1-\hat e}

It is right where either the outcome or the propensity model is (Mercatanti and Li 2014, doi 10.1214/14-AOAS767), and
efficient where both are (Hahn 1998, doi 10.2307/2998560). Weights are scaled to their sum, so that a few large ones
cannot move the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.doubly_robust.balance import Balance, balance
from pipeline.inference.doubly_robust.nuisances import Learning, propensity, tuned, untreated_outcomes
from pipeline.inference.doubly_robust.overlap import Overlap, overlap
from pipeline.inference.doubly_robust.people import People, refuse_few


@dataclass(frozen=True, kw_only=True)
class EffectsOnTreated:
    """Effects on the treated people who have a like, one an outcome: ``B`` of them, in the outcome's own unit.

    Attributes
    ----------
    frame, weights
        Everybody compared, and ``(n,)`` 1 for every treated person, the odds of treatment for an untreated one, 0 for
        an untreated one who is left out.
    overlap
        Who of the frame is kept.
    att, covariance
        ``(B,)`` and ``(B, B)``, the covariance from the influence functions; NaN where an arm has fewer than two
        people observed.
    n_treated, n_comparison
        ``(B,)`` people kept and observed in each outcome.
    """

    frame: People
    weights: NDArray[np.float64]
    overlap: Overlap
    att: NDArray[np.float64]
    covariance: NDArray[np.float64]
    n_treated: NDArray[np.int64]
    n_comparison: NDArray[np.int64]

    @property
    def kept(self) -> People:
        """Those whom the effects are of and those whom they are compared with."""
        return self.frame.of(self.overlap.kept)

    def balance(self, rows: NDArray[np.bool_] | None = None) -> Balance:
        """How alike the weighted untreated people are to *all* treated people, among ``(n,)`` ``rows`` of the frame.

        Leaving out treated people who have no like cannot make the arms look alike.
        """
        rows = np.ones(len(self.weights), dtype=bool) if rows is None else rows
        return balance(self.frame.of(rows), self.weights[rows])

    @property
    def std_error(self) -> NDArray[np.float64]:
        """``(B,)``."""
        return np.sqrt(np.diag(self.covariance))


def effects_on_treated(people: People, *, learning: Learning, trim: float) -> EffectsOnTreated:
    """The effects on treated people; both nuisances are learned once more from those kept, so that they fit them.

    Raises
    ------
    NotEstimable
        If an arm has too few people for the folds, before or after trimming.
    """
    learning = tuned(people, learning)
    found = overlap(people, propensity(people, learning), trim=trim)
    kept = people.of(found.kept)
    refuse_few(kept, folds=learning.folds)
    chance = propensity(kept, learning)
    weights = np.where(kept.treated, 1.0, chance / (1 - chance))
    residuals = kept.outcomes - untreated_outcomes(kept, learning)
    att, influence = _effects(kept.treated, weights=weights, residuals=residuals)
    observed = np.isfinite(residuals)
    n_treated, n_comparison = (observed[arm].sum(axis=0) for arm in (kept.treated, ~kept.treated))
    unknown = np.minimum(n_treated, n_comparison) < 2  # noqa: PLR2004 - one person has no variance
    covariance = influence.T @ influence
    covariance[unknown] = covariance[:, unknown] = np.nan
    return EffectsOnTreated(
        frame=people,
        weights=_of_all(people, found, weights=weights),
        overlap=found,
        att=np.where(unknown, np.nan, att),
        covariance=covariance,
        n_treated=n_treated,
        n_comparison=n_comparison,
    )


def _of_all(people: People, found: Overlap, *, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n,)`` weights of the whole frame: every treated person's is 1, an untreated person's who is left out 0."""
    everybody = people.treated.astype(np.float64)
    everybody[found.kept] = weights
    return everybody


def _effects(
    treated: NDArray[np.bool_], *, weights: NDArray[np.float64], residuals: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(B,)`` effects, and ``(n, B)`` what each person adds to them: sums of squares are variances.

    Weighted means of each arm over the people observed in the outcome; a person not observed adds nothing.
    """
    observed = np.isfinite(residuals)
    values, att, influence = np.nan_to_num(residuals), np.zeros(residuals.shape[1]), np.zeros_like(residuals)
    for arm, sign in ((treated, 1.0), (~treated, -1.0)):
        share = np.where(observed & arm[:, None], weights[:, None], 0.0)
        total = share.sum(axis=0)
        share = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
        mean = (share * values).sum(axis=0)
        att += sign * mean
        influence += sign * share * (values - mean)
    return att, influence
