"""Estimates go in; checks leave, each with its figure and one sentence."""

from __future__ import annotations

import pyarrow as pa

from pipeline.engine.settings import Inference
from pipeline.inference.diagnostics import pre_trend, relative_magnitude


def checks(estimates: pa.Table, settings: Inference, *, anticipation: int) -> pa.Table:
    """Every check of the headline estimates, one row a check and outcome (schema ``DIAGNOSTICS``).

    ``anticipation`` is how many months before the index the protocol says may have effects already.
    """
    return pa.concat_tables(
        [
            pre_trend.check(estimates, alpha=settings.pre_trend_alpha, anticipation=anticipation),
            relative_magnitude.check(
                estimates,
                threshold=settings.relative_magnitude_breakdown,
                alpha=1 - settings.confidence,
                anticipation=anticipation,
            ),
        ]
    )
