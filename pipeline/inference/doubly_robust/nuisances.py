"""The chance of being treated and the outcome if not, predicted for each person by models fitted to other people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pipeline.inference.doubly_robust.people import People, refuse_few

# Predicted chances are kept this far from 0 and 1: a logistic curve rounds to both.
_EDGE = 1e-6
# Of a logistic fit: its optimum is found well below what is published.
_ITERATIONS, _TOLERANCE = 2000, 1e-8
_TUNING_FOLDS = 3


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How nuisances are learned.

    Attributes
    ----------
    folds
        Cross-fitting: each person's predictions are by models fitted to the other folds (Chernozhukov et al. 2018,
        doi 10.1111/ectj.12097). With ten a result moves less with the draw of the folds than with five or two.
    seed
        Of the folds; both arms are spread evenly over them.
    penalties
        Of the squared coefficients of standardised covariates: what each model chooses from, by how well people are
        predicted that it was not fitted to. With one it has no choice.
    propensity_penalty
        The propensity's own, once it is chosen (:func:`tuned`).
    """

    folds: int = 10
    seed: int = 0
    penalties: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0)
    propensity_penalty: float | None = None


def fold_of(people: People, learning: Learning) -> NDArray[np.int64]:
    """``(n,)`` each person's fold: people of each arm are dealt out in an order drawn with the seed."""
    random = np.random.default_rng(learning.seed)
    fold = np.empty(len(people.treated), dtype=np.int64)
    for arm in (people.treated, ~people.treated):
        members = np.flatnonzero(arm)
        fold[random.permutation(members)] = np.arange(len(members)) % learning.folds
    return fold


def tuned(people: People, learning: Learning) -> Learning:
    """The same learning with the one penalty by which a propensity loses least on people it was not fitted to.

    Chosen once for all folds: one number of four learns next to nothing of anybody. The outcome's model keeps the
    choice, which costs it nothing: leaving one person out has a closed form.
    """
    from sklearn.model_selection import cross_val_score

    if not people.names or len(learning.penalties) == 1 or learning.propensity_penalty is not None:
        return learning
    with threadpool_limits(limits=1):
        scores = [
            cross_val_score(
                logistic(replace(learning, propensity_penalty=penalty)),
                people.covariates,
                people.treated,
                cv=_TUNING_FOLDS,
                scoring="neg_log_loss",
            ).mean()
            for penalty in learning.penalties
        ]
    return replace(learning, propensity_penalty=learning.penalties[int(np.argmax(scores))])


def propensity(people: People, learning: Learning) -> NDArray[np.float64]:
    """``(n,)`` the chance of being treated given covariates, by penalised logistic regression, cross-fitted.

    Without covariates it is everybody's share.

    Raises
    ------
    NotEstimable
        If an arm has too few people for the folds.
    """
    refuse_few(people, folds=learning.folds)
    if not people.names:
        return np.full(len(people.treated), people.treated.mean())
    fold, found = fold_of(people, learning), np.empty(len(people.treated))
    with threadpool_limits(limits=1):
        for held in range(learning.folds):
            here = fold == held
            model = logistic(learning).fit(people.covariates[~here], people.treated[~here])
            found[here] = model.predict_proba(people.covariates[here])[:, 1]
    return np.clip(found, _EDGE, 1 - _EDGE)


def untreated_outcomes(people: People, learning: Learning) -> NDArray[np.float64]:
    """``(n, B)`` each outcome if not treated, by ridge regression on untreated people, cross-fitted.

    NaN in an outcome that fewer than two untreated people of the other folds have; 0, a number that takes nothing
    from anybody, without covariates.
    """
    if not people.names:
        return np.zeros(people.outcomes.shape)
    fold, found = fold_of(people, learning), np.full(people.outcomes.shape, np.nan)
    alike = _observed_alike(people.outcomes)
    with threadpool_limits(limits=1):
        for held in range(learning.folds):
            here, taught = fold == held, (fold != held) & ~people.treated
            for places, observed in alike:
                rows = taught & observed
                if rows.sum() < 2:  # noqa: PLR2004 - a line needs two points
                    continue
                model = ridge(learning).fit(people.covariates[rows], people.outcomes[rows][:, places])
                found[np.ix_(here, places)] = model.predict(people.covariates[here]).reshape(-1, len(places))
    return found


def _observed_alike(outcomes: NDArray[np.float64]) -> list[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Columns that are observed in the same people, which one regression serves, and in whom."""
    patterns, which = np.unique(np.isfinite(outcomes), axis=1, return_inverse=True)
    return [(np.flatnonzero(which == k), patterns[:, k]) for k in range(patterns.shape[1])]


def logistic(learning: Learning) -> Any:  # noqa: ANN401 - a scikit-learn pipeline, which has no types
    """Standardised covariates, then a penalised logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    penalty = learning.penalties[0] if learning.propensity_penalty is None else learning.propensity_penalty
    model = LogisticRegression(C=1 / penalty, max_iter=_ITERATIONS, tol=_TOLERANCE)
    return make_pipeline(StandardScaler(), model)


def ridge(learning: Learning) -> Any:  # noqa: ANN401 - as logistic
    """Standardised covariates, then a ridge regression whose penalty leaves each person out once."""
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), RidgeCV(alphas=np.array(learning.penalties)))
