r"""What a doubly robust dose-response needs to know: outcomes given wait and covariates, and waits given covariates.

Each person's are predicted by models fitted to people of other folds (cross-fitting). The generalised propensity, the
density of a wait given covariates, is that of a location and scale model on the logarithm of one plus the wait:
:math:`\log(1 + A) = m(X) + s(X) \varepsilon`, the density of :math:`\varepsilon` by a kernel. It enters as a ratio of
densities at one wait, which the logarithm leaves as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of residuals' kernel density: points that it is evaluated at before it is interpolated.
_POINTS = 200
# The least variance of a wait given covariates, as a share of that of everybody.
_LEAST = 0.01


@dataclass(frozen=True, kw_only=True)
class People:
    """``n`` people of one specialty: outcome, wait in months, ``(n, p)`` covariates and ``(n,)`` fold numbers."""

    outcome: NDArray[np.float64]
    wait: NDArray[np.float64]
    covariates: NDArray[np.float64]
    fold: NDArray[np.int64]

    def of(self, rows: NDArray[np.bool_]) -> People:
        """Only these people."""
        return People(
            outcome=self.outcome[rows], wait=self.wait[rows], covariates=self.covariates[rows], fold=self.fold[rows]
        )


@dataclass(frozen=True, kw_only=True)
class Nuisances:
    """Predictions for ``n`` people at ``A`` waits.

    Attributes
    ----------
    outcome
        ``(n,)`` at the own wait.
    outcome_at
        ``(n, A)`` at each wait of the grid.
    density
        ``(n,)`` of the own wait given covariates.
    density_at
        ``(n, A)`` of each wait of the grid given covariates.
    """

    outcome: NDArray[np.float64]
    outcome_at: NDArray[np.float64]
    density: NDArray[np.float64]
    density_at: NDArray[np.float64]


def nuisances(people: People, waits: NDArray[np.float64], *, learner: Any) -> Nuisances:  # noqa: ANN401 - any scikit-learn regressor
    """The cross-fitted predictions at own waits and ``(A,)`` others; ``learner`` is cloned for each model."""
    shape = (len(people.wait), len(waits))
    found = Nuisances(
        outcome=np.empty(shape[0]),
        outcome_at=np.empty(shape),
        density=np.empty(shape[0]),
        density_at=np.empty(shape),
    )
    for fold in np.unique(people.fold):
        here = people.fold == fold
        model, held = _Models.fitted(people.of(~here), learner=learner), people.of(here)
        found.outcome[here] = model.outcome(held, held.wait)
        found.outcome_at[here] = np.stack([model.outcome(held, np.full(len(held.wait), w)) for w in waits], axis=1)
        found.density[here] = model.density(held, held.wait[:, None])[:, 0]
        found.density_at[here] = model.density(held, waits[None, :])
    return found


def spline_ridge() -> Any:  # noqa: ANN401 - a scikit-learn pipeline, which has no types
    """The usual learner: a cubic spline of each column and products of pairs of columns, with a ridge penalty."""
    from sklearn.feature_selection import VarianceThreshold
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import PolynomialFeatures, SplineTransformer, StandardScaler

    return make_pipeline(
        VarianceThreshold(),
        StandardScaler(),
        make_union(
            SplineTransformer(n_knots=5, knots="uniform", extrapolation="linear", include_bias=False),
            PolynomialFeatures(degree=2, interaction_only=True, include_bias=False),
        ),
        StandardScaler(),
        RidgeCV(alphas=np.logspace(-2, 4, 7)),
    )


@dataclass(frozen=True, kw_only=True)
class _Models:
    """Models of outcome, log wait and its squared residual; the density of standardised residuals at points."""

    of_outcome: Any
    of_wait: Any
    of_square: Any
    least: float
    points: NDArray[np.float64]
    heights: NDArray[np.float64]

    @classmethod
    def fitted(cls, people: People, *, learner: Any) -> _Models:  # noqa: ANN401 - as nuisances
        """The models of these people."""
        from scipy.stats import gaussian_kde
        from sklearn.base import clone

        known, logged = people.covariates, np.log1p(people.wait)
        of_outcome = clone(learner).fit(_with(people, people.wait), people.outcome)
        of_wait = clone(learner).fit(known, logged)
        square = (logged - of_wait.predict(known)) ** 2
        of_square, least = clone(learner).fit(known, square), _LEAST * float(square.mean())
        residual = (logged - of_wait.predict(known)) / np.sqrt(np.maximum(of_square.predict(known), least))
        points = np.linspace(residual.min() - 1, residual.max() + 1, _POINTS)
        heights = gaussian_kde(residual)(points)
        return cls(
            of_outcome=of_outcome, of_wait=of_wait, of_square=of_square, least=least, points=points, heights=heights
        )

    def outcome(self, people: People, wait: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n,)`` the outcome had they waited so."""
        return np.asarray(self.of_outcome.predict(_with(people, wait)))

    def density(self, people: People, waits: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n, A)`` of the logarithm of one plus each wait, given covariates; waits are ``(n, A)`` or ``(1, A)``."""
        spread = np.sqrt(np.maximum(self.of_square.predict(people.covariates), self.least))[:, None]
        residual = (np.log1p(waits) - self.of_wait.predict(people.covariates)[:, None]) / spread
        return np.asarray(np.interp(residual, self.points, self.heights, left=0.0, right=0.0) / spread)


def _with(people: People, wait: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([wait, people.covariates])
