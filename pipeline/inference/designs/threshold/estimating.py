"""What a protocol declares about a threshold, estimated: every estimator, outcome and bin."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import Inference
from pipeline.inference.designs.rows import Context, Number, labels, nothing
from pipeline.inference.designs.threshold import local_randomisation, path
from pipeline.inference.designs.threshold.changes import RUNNING, TOOK_UP, changes, column, design_of
from pipeline.vocabulary.designs import Threshold
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.results import ESTIMATES
from pipeline.vocabulary.windows import Bin


def estimates(panel: Panel, protocol: Protocol, settings: Inference) -> pa.Table:
    """One row an estimator, outcome and bin, in published units (schema ``ESTIMATES``); nothing by subgroup.

    An effect is that of taking up, on those who take up because they are at or above the cutoff: fuzzy. Of local
    randomisation each bin stands alone, so that covariances with other bins are null and its band is Bonferroni's, as
    that of the other. An end of an interval that is infinite, since too few take up, is null, and so is every number of
    a lottery among too few people.

    Raises
    ------
    NotEstimable
        If a side of the cutoff has too few people or values for the headline.
    RequestError
        If the protocol is of another design.
    """
    design = design_of(protocol)
    found: list[dict[str, object]] = []
    for outcome in protocol.evaluation.outcomes:
        frame = changes(panel, outcome.name, design=design)
        for name in design.estimators:
            context = Context(protocol=protocol, estimator=name, outcome=outcome)
            numbers = _NUMBERS[name](frame, outcome, design, settings)
            found += _rows(numbers, context, bins=studied(design), headline=name == design.headline)
    return ESTIMATES.of_rows(found)


def studied(design: Threshold) -> list[Bin]:
    """The bins that have an effect: those outside the reference."""
    return [each for each in design.window.binned if not each.reference]


def _honest(
    frame: pd.DataFrame, outcome: Outcome, design: Threshold, settings: Inference
) -> Iterator[dict[str, Number]]:
    bound = design.curvature[outcome.name] / outcome.scale
    found = path.estimate(
        frame,
        curvature={column(each): bound for each in studied(design)},
        running=RUNNING,
        cutoff=design.cutoff,
        take_up=TOOK_UP,
        take_up_curvature=design.take_up_curvature,
        confidence=settings.confidence,
    )
    yield from found.numbers(scale=outcome.scale)


def _by_lottery(
    frame: pd.DataFrame, outcome: Outcome, design: Threshold, settings: Inference
) -> Iterator[dict[str, Number]]:
    bins = studied(design)
    for place, each in enumerate(bins):
        covariance: list[float | None] = [None] * len(bins)
        try:
            found = _lottery(frame, each, outcome, design, settings)
        except NotEstimable:
            yield nothing(len(bins))
            continue
        covariance[place] = found["covariance"][0] if isinstance(found["covariance"], list) else None
        yield {**found, "covariance": covariance}


def _lottery(
    frame: pd.DataFrame, each: Bin, outcome: Outcome, design: Threshold, settings: Inference
) -> dict[str, Number]:
    """One bin's numbers; the band is the interval at Bonferroni's confidence for as many bins as there are."""
    alone, band = (
        local_randomisation.estimate(
            frame,
            outcome=column(each),
            running=RUNNING,
            cutoff=design.cutoff,
            window=design.lottery,
            take_up=TOOK_UP,
            confidence=confidence,
            seed=settings.seed,
        ).numbers(scale=outcome.scale)
        for confidence in (settings.confidence, 1 - (1 - settings.confidence) / len(studied(design)))
    )
    return {**alone, "band_lower": band["ci_lower"], "band_upper": band["ci_upper"]}


_NUMBERS = {"honest_local_linear": _honest, "local_randomisation": _by_lottery}


def _rows(
    numbers: Iterator[dict[str, Number]], context: Context, *, bins: list[Bin], headline: bool
) -> Iterator[dict[str, object]]:
    for each, found in zip(bins, numbers, strict=True):
        yield labels(context, role="headline" if headline else "robustness", months=(each.first, each.last)) | found
