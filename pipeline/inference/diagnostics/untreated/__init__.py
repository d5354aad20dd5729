"""Checks of the comparison with untreated people: may its estimate be believed? One check a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.engine.settings import Inference
from pipeline.inference.diagnostics.effects import Row
from pipeline.inference.diagnostics.untreated import overlap_kept, unmeasured_confounding, weighted_balance
from pipeline.inference.diagnostics.untreated.refuters import CONFOUNDER, REFUTERS, Refuted
from pipeline.inference.diagnostics.untreated.verdict import Verdict, not_evaluated
from pipeline.inference.doubly_robust.declared import Compared, compared
from pipeline.inference.doubly_robust.people import People
from pipeline.inference.doubly_robust.treated import EffectsOnTreated
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.results import DIAGNOSTICS
from pipeline.vocabulary.untreated import AIPW


def checks(panel: Panel, protocol: Protocol, settings: Inference) -> pa.Table:
    """Every check of the estimator ``aipw``, one row a check and outcome (schema ``DIAGNOSTICS``).

    No rows where the protocol declares no such comparison; none is evaluated where an arm has too few people for its
    folds.
    """
    declared = compared(protocol, seed=settings.seed)
    if declared is None:
        return DIAGNOSTICS.of_rows([])
    names = declared.asked.outcomes
    try:
        found = declared.effects(panel)
    except NotEstimable as error:
        verdicts = {name: _unanswered(str(error), place=place) for place, name in enumerate(names)}
    else:
        verdicts = {name: _verdicts(found, declared, settings, place=place) for place, name in enumerate(names)}
    return DIAGNOSTICS.of_rows(
        _row(verdict, evaluation=protocol.name, outcome=name) for name, asked in verdicts.items() for verdict in asked
    )


def average_change(found: EffectsOnTreated, declared: Compared, *, place: int) -> People:
    """Everybody who has a like in the other arm, with one outcome: their mean over the months after the index.

    Of the months in which they are observed, by how many each bin has; NaN where none is.
    """
    bins, alike = declared.asked.after, found.frame.of(found.overlap.both)
    changes = alike.outcomes[:, place * len(bins) : (place + 1) * len(bins)]
    months = np.isfinite(changes) * np.array([float(part.last - part.first + 1) for part in bins])
    total = months.sum(axis=1)
    summed = (np.nan_to_num(changes) * months).sum(axis=1)
    means = np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0)
    return replace(alike, outcomes=means[:, None])


def _verdicts(found: EffectsOnTreated, declared: Compared, settings: Inference, *, place: int) -> Iterator[Verdict]:
    rows = _observed(found, declared, place=place)
    limits = settings.untreated
    yield overlap_kept.verdict(found, rows, most=limits.overlap_lost, fail=limits.overlap_lost_fail)
    yield weighted_balance.verdict(found, rows, most=limits.smd, fail=limits.smd_fail)
    changes = average_change(found, declared, place=place)
    yield _confounding(changes, alpha=1 - settings.confidence)
    if place == 0:  # refuters ask after the frame, the models and the weights, which all outcomes share
        yield from _refuted(changes, declared, settings)


def _unanswered(reason: str, *, place: int) -> Iterator[Verdict]:
    """Every check of one outcome, none of them evaluated."""
    of_each = (overlap_kept.CHECK, weighted_balance.CHECK, unmeasured_confounding.CHECK)
    checks = (*of_each, *REFUTERS, CONFOUNDER) if place == 0 else of_each
    return (not_evaluated(check, reason) for check in checks)


def _confounding(people: People, *, alpha: float) -> Verdict:
    try:
        return unmeasured_confounding.verdict(people, alpha=alpha)
    except NotEstimable as error:
        return not_evaluated(unmeasured_confounding.CHECK, str(error))


def _refuted(people: People, declared: Compared, settings: Inference) -> Iterator[Verdict]:
    """What refutes the average effect; what cannot be asked, of too few people say, is not evaluated."""
    try:
        refuted = Refuted(people, learning=declared.learning, settings=settings.refutation)
    except NotEstimable as error:
        yield from (not_evaluated(check, str(error)) for check in (*REFUTERS, CONFOUNDER))
        return
    for check in (*REFUTERS, CONFOUNDER):
        try:
            yield refuted.confounded() if check == CONFOUNDER else refuted.verdict(check)
        except NotEstimable as error:
            yield not_evaluated(check, str(error))


def _observed(found: EffectsOnTreated, declared: Compared, *, place: int) -> NDArray[np.bool_]:
    """``(n,)`` who of the frame has the outcome in any bin."""
    bins = len(declared.asked.after)
    changes = found.frame.outcomes[:, place * bins : (place + 1) * bins]
    return np.asarray(np.isfinite(changes).any(axis=1))


def _row(verdict: Verdict, *, evaluation: str, outcome: str) -> Row:
    return {"evaluation": evaluation, "estimator": AIPW, "outcome": outcome, **vars(verdict)}
