"""Estimates go in; checks leave, each with its figure and one sentence."""

from __future__ import annotations

import pyarrow as pa

from pipeline.engine.settings import Inference, Precisions
from pipeline.inference.diagnostics import (
    clusters,
    detectable_effect,
    estimator_agreement,
    false_links,
    pre_trend,
    pre_trend_power,
    relative_magnitude,
)

__all__ = ["UNDECLARED", "checks", "clusters"]

UNDECLARED = Precisions()
"""Nothing is known of how right the links are."""


def checks(
    estimates: pa.Table, settings: Inference, *, anticipation: int, precision: Precisions = UNDECLARED
) -> pa.Table:
    """Every check of the headline estimates, one row a check and outcome (schema ``DIAGNOSTICS``).

    ``anticipation`` is how many months before the index the protocol says may have effects already; ``precision`` that
    of the links that people were joined by, where it is declared.
    """
    test = detectable_effect.Power(alpha=1 - settings.confidence, power=settings.power)
    return pa.concat_tables(
        [
            pre_trend.check(estimates, alpha=settings.pre_trend_alpha, anticipation=anticipation),
            relative_magnitude.check(
                estimates,
                threshold=settings.relative_magnitude_breakdown,
                alpha=1 - settings.confidence,
                anticipation=anticipation,
            ),
            false_links.check(estimates, precision=precision, threshold=settings.hidden_by_false_links),
            detectable_effect.check(estimates, smallest=settings.smallest_effects, test=test),
            estimator_agreement.check(estimates, alpha=settings.estimator_agreement_alpha),
            pre_trend_power.check(estimates, test=test, threshold=settings.hidden_by_trends, anticipation=anticipation),
        ]
    )
