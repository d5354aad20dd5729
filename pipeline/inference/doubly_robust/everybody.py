"""The average effect over both arms by EconML's doubly robust learner: what would happen to everybody compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.inference.doubly_robust.libraries import quiet
from pipeline.inference.doubly_robust.nuisances import Learning, logistic, ridge, tuned
from pipeline.inference.doubly_robust.people import People, refuse_few


@dataclass(frozen=True, kw_only=True)
class AverageEffect:
    """One average effect with its interval, in the outcome's own unit, and the people of each arm behind it."""

    estimate: float
    std_error: float
    ci_lower: float
    ci_upper: float
    n_treated: int
    n_comparison: int


def average_effect(people: People, *, learning: Learning, confidence: float = 0.95) -> AverageEffect:
    """The average effect on the first outcome of everybody in whom it is observed, by ``econml``'s ``LinearDRLearner``.

    Its doubly robust scores (Robins, Rotnitzky and Zhao 1994, doi 10.1080/01621459.1994.10476818) are regressed on a
    constant: no trimming but the learner's own bound of 0.01 on propensities.

    Raises
    ------
    NotEstimable
        If an arm has too few people for the folds.
    """
    known = people.of(np.isfinite(people.outcomes[:, 0]))
    refuse_few(known, folds=learning.folds)
    learning = tuned(known, learning)
    with quiet(), threadpool_limits(limits=1):
        learner = doubly_robust_learner(learning)
        learner.fit(known.outcomes[:, 0], known.treated.astype(int), X=None, W=known.covariates)
        found = learner.intercept__inference(T=1)
        lower, upper = found.conf_int(alpha=1 - confidence)
        estimate, error = float(found.point_estimate), float(found.stderr)
    return AverageEffect(
        estimate=estimate,
        std_error=error,
        ci_lower=float(lower),
        ci_upper=float(upper),
        n_treated=int(known.treated.sum()),
        n_comparison=int((~known.treated).sum()),
    )


def doubly_robust_learner(learning: Learning) -> Any:  # noqa: ANN401 - a learner of econml, which has no types
    """EconML's learner with the same two models, folds and seed."""
    from econml.dr import LinearDRLearner

    return LinearDRLearner(**learner_arguments(learning))


def learner_arguments(learning: Learning) -> dict[str, Any]:
    """What the learner is made with: what DoWhy needs to make it again for every refutation."""
    return {
        "model_propensity": logistic(learning),
        "model_regression": ridge(learning),
        "min_propensity": 0.01,
        "cv": learning.folds,
        "random_state": learning.seed,
    }
