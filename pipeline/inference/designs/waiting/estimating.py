"""What a protocol declares about waiting, estimated: the instrument, the dose-response, the standards and the path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import Inference
from pipeline.inference.designs.rows import Context, Number, labels, nothing, rows
from pipeline.inference.designs.waiting import congestion, dose_response, path
from pipeline.inference.designs.waiting.frames import WAIT, column, design_of, listed, referrals, studied, waits
from pipeline.inference.designs.waiting.results import WaitEstimate, WaitPath
from pipeline.vocabulary.designs import Waiting
from pipeline.vocabulary.effects import Specification, specified
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.results import ESTIMATES
from pipeline.vocabulary.windows import Bin

PATH, LEAST_SQUARES, ANDERSON_RUBIN = "path", "congestion:least_squares", "congestion:anderson_rubin"

_STEP = 0.5
"""Months between the points of a dose-response."""

_Rows = Iterator[dict[str, object]]


def estimates(panel: Panel, protocol: Protocol, settings: Inference) -> pa.Table:
    """One row an estimator, outcome and bin, in published units (schema ``ESTIMATES``); nothing by subgroup.

    ``congestion`` is of waiting so much longer as is declared, by the queue; it has no number where the first stage's F
    is below the declared one. Beside it stand ``congestion:anderson_rubin``, whose interval holds however weak the
    queue is (an end that is infinite is null), ``congestion:least_squares``, of the wait itself, and for each standard
    ``congestion:within_…``: what meeting it does for those who waited longer, on average over their waits.
    ``dose_response`` and its standards are of the last bin alone. ``path`` follows people from joining to treatment
    against the comparison people, in the bins of its own window: no effect of waiting longer, but what people on the
    list lose.

    Raises
    ------
    RequestError
        If the protocol is of another design, or an estimator is not there.
    """
    design = design_of(protocol)
    found: list[dict[str, object]] = []
    for outcome in protocol.evaluation.outcomes:
        context = Context(protocol=protocol, estimator=design.headline, outcome=outcome)
        frame = listed(panel, outcome.name, design=design)
        found += _of_queue(frame, context, design=design, settings=settings)
        if "dose_response" in design.estimators:
            found += _of_waits(frame, context, design=design, settings=settings)
        found += _of_path(panel, context, design=design, settings=settings)
    return ESTIMATES.of_rows(found)


def by_queue(frame: pd.DataFrame, *, design: Waiting, confidence: float, least_f: float) -> WaitPath:
    """The effect of one more month on every bin.

    Raises
    ------
    NotEstimable
        If the instrument is weak: says its F. If provider and month leave nothing to compare.
    """
    return congestion.estimate(
        frame,
        [column(each) for each in studied(design)],
        referrals=referrals(frame, design=design),
        cluster=design.cluster,
        least_f=least_f,
        confidence=confidence,
    )


def _of_queue(frame: pd.DataFrame, context: Context, *, design: Waiting, settings: Inference) -> _Rows:
    scale, bins = context.outcome.scale, studied(design)
    try:
        weak_or_not = by_queue(frame, design=design, confidence=settings.confidence, least_f=0.0)
    except NotEstimable:
        for name in _names(design):
            yield from _rows([nothing(len(bins)) for _ in bins], replace(context, estimator=name), bins=bins)
        return
    strong = weak_or_not.estimates[0].first_stage.statistic >= design.least_f
    # Who would stand behind a refused effect is known: the door tells it from one that few people do not allow.
    refused = [{**nothing(len(bins)), **_people(one)} for one in weak_or_not.estimates]
    longer = weak_or_not.numbers(scale=scale, months=design.longer_by) if strong else refused
    yield from _rows(longer, context, bins=bins)
    for standard in design.standards:
        met = _months_saved(frame, standard.months)
        numbers = weak_or_not.numbers(scale=scale, months=-met) if strong and met else refused
        yield from _rows(numbers, replace(context, estimator=f"congestion:{standard.label}"), bins=bins)
    by = scale * design.longer_by
    for name, alone in ((ANDERSON_RUBIN, _anderson_rubin), (LEAST_SQUARES, _least_squares)):
        single = [alone(one, by=by, place=place, of=len(bins)) for place, one in enumerate(weak_or_not.estimates)]
        yield from _rows(single, replace(context, estimator=name), bins=bins)


def _names(design: Waiting) -> tuple[str, ...]:
    standards = (f"congestion:{standard.label}" for standard in design.standards)
    return ("congestion", *standards, ANDERSON_RUBIN, LEAST_SQUARES)


def _months_saved(frame: pd.DataFrame, standard: float) -> float:
    """How many months sooner those would be treated who waited beyond the standard, on average; 0 if nobody did."""
    wait = frame[WAIT].to_numpy(dtype=np.float64)
    beyond = wait[wait > standard]
    return float(beyond.mean() - standard) if len(beyond) else 0.0


def _anderson_rubin(one: WaitEstimate, *, by: float, place: int, of: int) -> dict[str, Number]:
    """The estimate with Anderson and Rubin's interval, which stands alone: no error, no band."""
    lower, upper = (
        end * by if np.isfinite(end) else None for end in (one.anderson_rubin_lower, one.anderson_rubin_upper)
    )
    numbers = {**nothing(of), "estimate": one.att * by, "ci_lower": lower, "ci_upper": upper}
    return numbers | _people(one) | {"covariance": _alone(None, place=place, of=of)}


def _least_squares(one: WaitEstimate, *, by: float, place: int, of: int) -> dict[str, Number]:
    found = one.ordinary
    numbers = {
        "estimate": found.estimate * by,
        "std_error": found.std_error * by,
        "ci_lower": found.ci_lower * by,
        "ci_upper": found.ci_upper * by,
    }
    variance = (found.std_error * by) ** 2
    return {**nothing(of), **numbers, **_people(one), "covariance": _alone(variance, place=place, of=of)}


def _people(one: WaitEstimate) -> dict[str, Number]:
    return {"n_treated": one.n_treated, "n_comparison": one.n_comparison, "residual_df": one.residual_df}


def _alone(variance: float | None, *, place: int, of: int) -> list[float | None]:
    """A row of a covariance matrix of which nothing but the diagonal is known."""
    return [variance if other == place else None for other in range(of)]


def _of_waits(frame: pd.DataFrame, context: Context, *, design: Waiting, settings: Inference) -> _Rows:
    """The dose-response in the last bin, by which most have been treated."""
    last, (shortest, longest) = studied(design)[-1], design.curve
    names = ["dose_response", *(f"dose_response:{standard.label}" for standard in design.standards)]
    try:
        found = dose_response.estimate(
            frame,
            column(last),
            waits=waits(frame, design=design),
            months=[float(wait) for wait in np.arange(shortest, longest + _STEP / 2, _STEP)],
            longer=[longest],
            standards=[standard.months for standard in design.standards],
            seed=settings.seed,
            confidence=settings.confidence,
        ).numbers(scale=context.outcome.scale)
    except NotEstimable:
        found = [nothing(1) for _ in names]
    for name, numbers in zip(names, found, strict=True):
        yield from _rows([numbers], replace(context, estimator=name), bins=[last])


def _of_path(panel: Panel, context: Context, *, design: Waiting, settings: Inference) -> _Rows:
    named = replace(context, estimator=PATH)
    try:
        (followed,) = path.fit(
            panel,
            context.outcome.name,
            waited="waited",
            specification=_specification(design, settings),
            estimator=design.path.estimator,
        )
    except NotEstimable:
        bins = [each for each in design.path.window.binned if not each.reference]
        yield from _rows([nothing(len(bins)) for _ in bins], named, bins=bins)
        return
    yield from rows(followed.study, named, role="robustness")


def _specification(design: Waiting, settings: Inference) -> Specification:
    return specified(
        where="configs/inference.toml",
        window=design.path.window,
        comparison="never_treated",
        small_sample=settings.small_sample,
        confidence=settings.confidence,
        draws=settings.band_draws,
        seed=settings.seed,
    )


def _rows(numbers: list[dict[str, Number]], context: Context, *, bins: list[Bin]) -> _Rows:
    headline = context.estimator == context.protocol.evaluation.design.headline
    for each, found in zip(bins, numbers, strict=True):
        yield labels(context, role="headline" if headline else "robustness", months=(each.first, each.last)) | found
