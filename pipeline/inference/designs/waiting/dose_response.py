"""The outcome by months waited, within specialty, among people who are alike in what is measured before the wait.

Doubly robust, with cross-fitted nuisances of scikit-learn (Kennedy, Ma, McHugh and Small 2017,
doi 10.1111/rssb.12212; the generalised propensity is Hirano and Imbens', 2004, doi 10.1002/0470090456.ch7). Each
specialty has models, density and curve of its own; curves are averaged by how many people they are of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.waiting.contrasts import contrast, longer_wait, standard_met
from pipeline.inference.designs.waiting.curves import DoseResponse
from pipeline.inference.designs.waiting.local_curve import LocalCurve, local_curve, pseudo_outcomes
from pipeline.inference.designs.waiting.nuisances import People, nuisances, spline_ridge
from pipeline.inference.designs.waiting.people import refuse_confidence
from pipeline.inference.designs.waiting.specialties import (
    Waits,
    refuse_months,
    refuse_settings,
    refuse_specialties,
    specialties,
)
from pipeline.inference.moments.regression.intervals import t_critical
from pipeline.vocabulary.errors import Fault, NotEstimable

DAYS_A_MONTH = 365.25 / 12
SIX_WEEKS, EIGHTEEN_WEEKS = 42 / DAYS_A_MONTH, 126 / DAYS_A_MONTH
"""The standards of the NHS: first treatment within 6 weeks (therapy, 42 days) and 18 weeks (126 days), in months."""
YEAR = 12.0
# Waits that nuisances are evaluated at.
_EVALUATED = 40


def estimate(  # noqa: PLR0913 - what is declared of one curve
    frame: pd.DataFrame,
    outcome: str,
    *,
    waits: Waits,
    months: Sequence[float],
    longer: Sequence[float] = (YEAR,),
    standards: Sequence[float] = (SIX_WEEKS, EIGHTEEN_WEEKS),
    bandwidth: float | None = None,
    largest_weight: float = 20.0,
    learner: Any = None,  # noqa: ANN401 - any scikit-learn regressor
    folds: int = 5,
    seed: int = 0,
    confidence: float = 0.95,
) -> DoseResponse:
    """The curve at these ``months`` in ascending order, and contrasts of it.

    Parameters
    ----------
    longer, standards
        Waits in months, within ``months``: each a contrast, see :class:`Contrast`. People's own waits beyond the last
        of ``months`` count as that; shares of waits are taken as they are. The curve between months is a line.
    bandwidth
        Of the local lines, in months; ``None``: chosen from the data, in each specialty, and shrunk.
    largest_weight
        A person's ratio of densities is capped here; how many were is said.
    learner
        A scikit-learn regressor for all nuisances; ``None``: :func:`nuisances.spline_ridge`.

    Raises
    ------
    RequestError
        If a column is not there or not numeric, or an argument is out of range.
    DataRefused
        If a value is missing or not finite, or a wait is negative.
    NotEstimable
        If a specialty has too few people, no covariate that varies or no waits as long or as short as the curve asks;
        or if nobody waited longer than a standard.
    """
    at = np.asarray(months, dtype=np.float64)
    refuse_months(at, [*longer, *standards])
    refuse_settings(bandwidth=bandwidth, largest_weight=largest_weight, folds=folds)
    refuse_confidence(confidence)
    parts = specialties(frame, outcome, waits=waits, folds=folds, seed=seed)
    refuse_specialties([people for _, people in parts], at, folds=folds)
    learner = spline_ridge() if learner is None else learner
    influence, curves, capped = np.empty((len(frame), len(at))), [], 0
    for rows, people in parts:
        evaluated = _spread_over(people.wait)
        known = nuisances(people, evaluated, learner=learner)
        pseudo = pseudo_outcomes(people, evaluated, known=known, largest_weight=largest_weight)
        curves.append(local_curve(pseudo, at, bandwidth=bandwidth))
        influence[rows], capped = curves[-1].influence, capped + pseudo.capped
    return _result(
        _Found(at=at, frame=frame, waits=waits, parts=parts, curves=curves, influence=influence, capped=capped),
        outcome=outcome,
        longer=longer,
        standards=standards,
        confidence=confidence,
    )


def _spread_over(wait: NDArray[np.float64]) -> NDArray[np.float64]:
    """Waits from the shortest to the longest, in even steps of their logarithms."""
    first, last = np.log1p(wait.min()), np.log1p(wait.max())
    return np.asarray(np.expm1(np.linspace(first, last, _EVALUATED)))


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The curves of all specialties, and everybody's influence on their average."""

    at: NDArray[np.float64]
    frame: pd.DataFrame
    waits: Waits
    parts: list[tuple[NDArray[np.int64], People]]
    curves: list[LocalCurve]
    influence: NDArray[np.float64]
    capped: int

    @property
    def level(self) -> NDArray[np.float64]:
        """``(A,)`` averaged over specialties by their people."""
        sizes = np.array([len(rows) for rows, _ in self.parts])
        return np.asarray(sizes @ np.stack([curve.level for curve in self.curves]) / sizes.sum())

    def covariance(self) -> tuple[NDArray[np.float64], int]:
        """``(A, A)`` from influences summed within clusters, and how many clusters; specialties' shares are given."""
        code = np.arange(len(self.frame))
        if self.waits.cluster is not None:
            code = pd.factorize(self.frame[self.waits.cluster])[0]
        clusters = int(code.max()) + 1
        if clusters < 2:  # noqa: PLR2004 - one cluster has no spread
            raise NotEstimable(Fault(what="too few clusters for a standard error", count=clusters, unit="clusters"))
        sums = np.zeros((clusters, len(self.at)))
        np.add.at(sums, code, self.influence)
        return sums.T @ sums / len(self.frame) ** 2 * clusters / (clusters - 1), clusters

    def near(self) -> NDArray[np.int64]:
        """``(A,)`` people within a bandwidth of each wait."""
        within = [
            (np.abs(people.wait[:, None] - self.at) <= curve.bandwidth).sum(axis=0)
            for (_, people), curve in zip(self.parts, self.curves, strict=True)
        ]
        return np.asarray(np.sum(within, axis=0), dtype=np.int64)


def _result(
    found: _Found, *, outcome: str, longer: Sequence[float], standards: Sequence[float], confidence: float
) -> DoseResponse:
    covariance, clusters = found.covariance()
    critical = t_critical(confidence=confidence, df=clusters - 1)
    wait, level = found.frame[found.waits.wait].to_numpy(dtype=np.float64), found.level
    asked = [*(longer_wait(found.at, m) for m in longer), *(standard_met(found.at, m, wait=wait) for m in standards)]
    return DoseResponse(
        outcome=outcome,
        months=found.at,
        level=level,
        covariance=covariance,
        near=found.near(),
        bandwidths=tuple(curve.bandwidth for curve in found.curves),
        capped=found.capped,
        contrasts=tuple(
            contrast(one, level=level, covariance=covariance, wait=wait, critical=critical) for one in asked
        ),
        confidence=confidence,
        critical=critical,
        n_people=len(found.frame),
        n_clusters=clusters,
    )
