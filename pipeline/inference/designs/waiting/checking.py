"""Whether the queue may be believed as an instrument: rows of diagnostics."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import Inference
from pipeline.inference.designs.waiting import congestion, exclusion
from pipeline.inference.designs.waiting.estimating import by_queue
from pipeline.inference.designs.waiting.frames import (
    BEFORE,
    EARLIER,
    design_of,
    listed,
    referrals,
)
from pipeline.vocabulary.designs import Waiting
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.results import DIAGNOSTICS

_TOO_FEW = "Provider and month leave nothing to compare, or too few providers, for this check."
_OF_OUTCOMES = (BEFORE, EARLIER)


@dataclass(frozen=True, kw_only=True)
class _Check:
    """What a check found."""

    name: str
    status: str
    figure: float | None
    threshold: float
    sentence: str


def checks(panel: Panel, protocol: Protocol, settings: Inference) -> pa.Table:
    """One row a check and outcome (schema ``DIAGNOSTICS``).

    ``first_stage_of_wait`` fails where the F is below the declared one: then no effect is estimated. ``exclusion`` is
    for review where the queue is related to what it cannot have caused, by Holm over everything declared.
    ``anderson_rubin`` says whether the test that holds however weak the instrument is agrees with the interval of
    two-stage least squares, in the last bin.

    Raises
    ------
    RequestError
        If the protocol is of another design.
    """
    design, outcomes = design_of(protocol), protocol.evaluation.outcomes
    frames = {outcome.name: listed(panel, outcome.name, design=design) for outcome in outcomes}
    first = outcomes[0].name
    found = [
        (first, _first_stage(frames[first], design)),
        (first, _exclusion(frames, design, alpha=settings.pre_trend_alpha)),
        *((o.name, _anderson_rubin(frames[o.name], design, confidence=settings.confidence)) for o in outcomes),
    ]
    rows = [_row(protocol, outcome, check) for outcome, check in found]
    return DIAGNOSTICS.of_rows(rows)


def _first_stage(frame: pd.DataFrame, design: Waiting) -> _Check:
    name, declared = "first_stage_of_wait", design.least_f
    try:
        found = congestion.first_stage(frame, referrals=referrals(frame, design=design), cluster=design.cluster)
    except NotEstimable:
        return _not_evaluated(name, threshold=declared)
    strong = found.statistic >= declared
    words = f"F = {found.statistic:.1f}; {declared:g} was declared"
    passing = f"Whoever joins when the provider's queue is longer waits longer: the instrument is strong ({words})."
    failing = f"The queue is a weak instrument ({words}): the effect of waiting is refused."
    return _Check(
        name=name,
        status="pass" if strong else "fail",
        figure=found.statistic,
        threshold=declared,
        sentence=passing if strong else failing,
    )


def _exclusion(frames: dict[str, pd.DataFrame], design: Waiting, *, alpha: float) -> _Check:
    """The smallest p-value over people's numbers and every outcome's course before joining, adjusted for all."""
    name, frame = "exclusion", next(iter(frames.values()))
    of_people = [number for number in design.unrelated if number not in _OF_OUTCOMES]
    of_outcomes = {
        f"{outcome} {number}": table[number]
        for outcome, table in frames.items()
        for number in design.unrelated
        if number in _OF_OUTCOMES
    }
    table, columns = frame.assign(**of_outcomes), [*of_people, *of_outcomes]
    try:
        found = exclusion.related(
            table,
            columns,
            referrals=referrals(table, design=design, adjusted=False),
            cluster=design.cluster,
            confidence=1 - alpha,
        )
    except NotEstimable:
        return _not_evaluated(name, threshold=alpha)
    passed, worst = found.p_value >= alpha, columns[found.adjusted.index(found.p_value)]
    words = f"{_p(found.p_value)}, adjusted for everything declared"
    passing = f"The queue is not detectably related to who joins or how they did before ({words})."
    failing = f"The queue is related to {_words(worst)}, which it cannot have caused ({words})."
    return _Check(
        name=name,
        status="pass" if passed else "review",
        figure=found.p_value,
        threshold=alpha,
        sentence=passing if passed else failing,
    )


def _anderson_rubin(frame: pd.DataFrame, design: Waiting, *, confidence: float) -> _Check:
    name, alpha = "anderson_rubin", 1 - confidence
    try:
        found = by_queue(frame, design=design, confidence=confidence, least_f=0.0).estimates[-1]
    except NotEstimable:
        return _not_evaluated(name, threshold=alpha)
    sure, agreed = found.p_value < alpha, (found.p_value < alpha) == (not found.ci_lower <= 0 <= found.ci_upper)
    said = "detectable" if sure else "not detectable"
    beside = "as" if agreed else "unlike what"
    return _Check(
        name=name,
        status="pass" if agreed else "review",
        figure=found.p_value,
        threshold=alpha,
        sentence="By the test that holds however weak the instrument is, an effect at the end of the window is "
        f"{said}, {beside} two-stage least squares has it ({_p(found.p_value)}).",
    )


def _words(name: str) -> str:
    """A fact of people, or of an outcome before they joined, inside a sentence."""
    outcome, _, number = name.rpartition(" ")
    whose = {BEFORE: "before joining", EARLIER: "on its course before joining"}
    return f"{outcome} {whose[number]}" if outcome else name


def _not_evaluated(name: str, *, threshold: float) -> _Check:
    return _Check(name=name, status="not evaluated", figure=None, threshold=threshold, sentence=_TOO_FEW)


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"  # noqa: PLR2004 - as journals print it


def _row(protocol: Protocol, outcome: str, check: _Check) -> dict[str, object]:
    return {
        "evaluation": protocol.name,
        "check": check.name,
        "estimator": protocol.evaluation.design.headline,
        "outcome": outcome,
        "status": check.status,
        "figure": check.figure,
        "threshold": check.threshold,
        "sentence": check.sentence,
    }
