"""What could the pre-trend test have seen? The straight trend that it would have told from none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.inference.diagnostics.detectable_effect import Power
from pipeline.inference.diagnostics.effects import Effects, Row, headlines
from pipeline.vocabulary.schemas.results import DIAGNOSTICS

CHECK = "pre_trend_power"


def check(estimates: pa.Table, *, test: Power, threshold: float, anticipation: int = 0) -> pa.Table:
    r"""One row an outcome of the headline estimates: how much of the effect a trend too flat to be seen could make up.

    The slope of a straight trend that the joint test of earlier bins (:mod:`pre_trend`) detects with its power, times
    the average distance of the months after the index from the reference, as a share of the average effect: a pass
    says little where the test could not see a trend that makes the effect (Roth 2022, doi 10.1257/aeri.20210236).
    Passes up to ``threshold``, else is for review. ``not evaluated`` where there are no earlier bins, or where the
    average effect cannot be told from zero: then there is no finding that a trend could make up.
    """
    found = headlines(estimates)
    return DIAGNOSTICS.of_rows(
        [_row(effects, test=test, threshold=threshold, anticipation=anticipation) for effects in found]
    )


def slope(effects: Effects, *, test: Power, anticipation: int = 0) -> float:
    r"""The slope a month at which the joint Wald test rejects with probability ``test.power``; NaN without bins.

    Under a trend of slope :math:`\gamma` the statistic is noncentral chi-squared with noncentrality
    :math:`\gamma^2 x' V^{-1} x`, where :math:`x` are the bins' distances from the reference.
    """
    from scipy.special import chdtri, chndtrinc

    before = (effects.last <= -anticipation) & np.isfinite(effects.estimate)
    if effects.reference is None or not before.any():
        return np.nan
    covariance = effects.covariance[np.ix_(before, before)]
    rank = np.linalg.matrix_rank(covariance, hermitian=True)
    away = _from_reference(effects)[before]
    per_slope = away @ np.linalg.pinv(covariance, hermitian=True) @ away
    needed = chndtrinc(chdtri(rank, test.alpha), rank, 1 - test.power)
    return float(np.sqrt(needed / per_slope))


def _row(effects: Effects, *, test: Power, threshold: float, anticipation: int) -> Row:
    from scipy.special import ndtri

    steepest, (average, error) = slope(effects, test=test, anticipation=anticipation), effects.average()
    if not np.isfinite(steepest) or not np.isfinite(error):
        sentence = "Not evaluated: there are no estimates before the reference, or none after the index."
        return effects.row(CHECK, status="not evaluated", figure=None, threshold=threshold, sentence=sentence)
    said = (
        f"The joint test of earlier paths detects a straight trend of {steepest:.4f} {effects.unit}, each month more, "
        f"in {test.power:.1%} of studies like this one"
    )
    if abs(average) <= ndtri(1 - test.alpha / 2) * error:
        sentence = f"{said}. The average effect cannot be told from zero, so there is no finding that it could make up."
        return effects.row(CHECK, status="not evaluated", figure=None, threshold=threshold, sentence=sentence)
    months = effects.months
    away = float(_from_reference(effects) @ months / months.sum())
    figure = steepest * away / abs(average)
    sentence = f"{said}. Gone on after the index, it would make up {figure:.1%} of the average effect."
    status = "pass" if figure <= threshold else "review"
    return effects.row(CHECK, status=status, figure=figure, threshold=threshold, sentence=sentence)


def _from_reference(effects: Effects) -> NDArray[np.float64]:
    """``(B,)`` months from the middle of the reference to the middle of each bin, negative before it."""
    first, last = effects.reference or (0, 0)
    distances: NDArray[np.float64] = (effects.first + effects.last - first - last) / 2
    return distances
