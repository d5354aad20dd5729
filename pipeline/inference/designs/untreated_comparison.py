"""Treated people against untreated people who share their condition, doubly robust: does the finding survive?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.inference.designs.rows import Context, labels, nothing, rows
from pipeline.inference.doubly_robust.declared import compared
from pipeline.inference.doubly_robust.panel import Asked
from pipeline.inference.doubly_robust.treated import EffectsOnTreated
from pipeline.inference.moments.regression.intervals import sup_t_critical, t_critical
from pipeline.vocabulary.effects import EventStudy, Specification
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.untreated import AIPW


def untreated_rows(panel: Panel, protocol: Protocol, *, specification: Specification) -> Iterator[dict[str, object]]:
    """Rows of the declared comparison with untreated people: estimator ``aipw``, role ``robustness``, for everybody.

    None where it is not declared; rows without a number where an arm has too few people for its folds.
    """
    declared = compared(protocol, seed=specification.seed)
    if declared is None:
        return
    contexts = [Context(protocol=protocol, estimator=AIPW, outcome=outcome) for outcome in protocol.evaluation.outcomes]
    try:
        found = declared.effects(panel)
    except NotEstimable:
        bins = declared.asked.after
        for context in contexts:
            yield from (
                labels(context, role="robustness", months=(one.first, one.last)) | nothing(len(bins)) for one in bins
            )
        return
    for place, context in enumerate(contexts):
        study = _study(found, declared.asked, place=place, specification=specification)
        yield from rows(study, context, role="robustness")


def _study(found: EffectsOnTreated, asked: Asked, *, place: int, specification: Specification) -> EventStudy:
    """The effects on one outcome as an event study of the bins after the index."""
    bins = asked.after
    mine = slice(place * len(bins), (place + 1) * len(bins))
    kept = found.kept
    covariance, df = found.covariance[mine, mine], len(kept.treated) - 1
    n_treated, n_comparison = found.n_treated[mine][None], found.n_comparison[mine][None]
    band = sup_t_critical(np.nan_to_num(covariance), df=df, specification=specification)
    return EventStudy(
        estimator=AIPW,
        outcome=asked.outcomes[place],
        subgroup="all",
        levels=("",),
        bins=bins,
        anticipation=specification.anticipation,
        att=found.att[mine][None],
        covariance=covariance,
        n_treated=n_treated,
        n_comparison=n_comparison,
        n_treated_after=n_treated.max(axis=1),
        n_comparison_after=n_comparison.max(axis=1),
        n_people=len(kept.treated),
        n_singletons=0,
        n_excluded=int((~found.overlap.kept).sum()),
        n_observations=int(np.isfinite(kept.outcomes[:, mine]).sum()),
        n_clusters=len(kept.treated),
        residual_df=max(len(kept.treated) - len(kept.names) - 2, 0),
        confidence=specification.confidence,
        t_critical=t_critical(confidence=specification.confidence, df=df),
        band_critical=np.array([band]),
    )
