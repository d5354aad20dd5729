"""Do the estimators agree? The average effect of each beside the headline's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.inference.diagnostics.effects import Effects, Row, headlines, others
from pipeline.vocabulary.schemas.results import DIAGNOSTICS

CHECK = "estimator_agreement"


def check(estimates: pa.Table, *, alpha: float) -> pa.Table:
    r"""One row an outcome of the headline estimates: how far the average effect of another estimator lies from its own.

    Of the one that is furthest, in units of the larger of the two standard errors, over the months that both have.
    Where both are right and one is as precise as can be, the variance of their distance is the difference of their
    variances (Hausman 1978, doi 10.2307/1913827), so no larger than the larger one: the threshold
    :math:`z_{1-\alpha/2k}` of ``k`` estimators is passed by chance in at most ``alpha`` of studies. Estimators weight
    people and months differently, so effects that differ between them part estimators too, and what lies above the
    threshold is for review, not a fail.
    """
    found = list(others(estimates))
    rows = []
    for headline in headlines(estimates):
        beside = [one for one in found if one.outcome == headline.outcome and one.estimator != headline.estimator]
        rows.append(_row(headline, beside, alpha=alpha))
    return DIAGNOSTICS.of_rows(rows)


def distance(one: Effects, another: Effects) -> float:
    """How far apart two average effects are over the bins that both have, in the larger standard error; else NaN."""
    shared = _months_of(one, another)
    here, there = one.average(shared[0]), another.average(shared[1])
    error = max(here[1], there[1])
    return abs(here[0] - there[0]) / error if error > 0 else np.nan


def _months_of(one: Effects, another: Effects) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weights of both, zero in bins that the other lacks."""
    spans = [{(f, t) for f, t, m in zip(e.first, e.last, e.months, strict=True) if m} for e in (one, another)]
    both = spans[0] & spans[1]
    kept = [
        np.array([m if (f, t) in both else 0.0 for f, t, m in zip(e.first, e.last, e.months, strict=True)])
        for e in (one, another)
    ]
    return kept[0], kept[1]


def _row(headline: Effects, beside: Sequence[Effects], *, alpha: float) -> Row:
    from scipy.special import ndtri

    distances = {one.estimator: distance(headline, one) for one in beside}
    known = {name: far for name, far in distances.items() if np.isfinite(far)}
    if not known:
        sentence = "Not evaluated: no other estimator has an effect in the same months."
        return headline.row(CHECK, status="not evaluated", figure=None, threshold=None, sentence=sentence)
    threshold = float(ndtri(1 - alpha / (2 * len(known))))
    furthest = max(known, key=lambda name: known[name])
    agree = known[furthest] <= threshold
    sentence = (
        f"Of the other estimators {furthest} is furthest from the headline: over the months that both have, their "
        f"average effects differ by {known[furthest]:.2f} of the larger standard error, "
        f"{'no more' if agree else 'more'} than chance makes of estimators that answer alike."
    )
    status = "pass" if agree else "review"
    return headline.row(CHECK, status=status, figure=known[furthest], threshold=threshold, sentence=sentence)
