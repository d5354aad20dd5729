r"""How strong an unobserved confounder would have to be: Cinelli and Hazlett (2020), doi 10.1111/rssb.12348; E-values.

Of a regression of the outcome on treatment and covariates: with the treatment's :math:`t` value and residual degrees of
freedom, and the partial :math:`R^2` of what is omitted with treatment and with outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """The treatment's coefficient, its classical standard error, and the regression's residual degrees of freedom."""

    estimate: float
    std_error: float
    df: int

    @property
    def partial_f(self) -> float:
        r"""Cohen's :math:`|f| = |t| / \sqrt{df}` of treatment with outcome."""
        return float(abs(self.estimate / self.std_error) / np.sqrt(self.df))

    def robustness_value(self, *, alpha: float | None = None) -> float:
        """The partial R² that a confounder needs with treatment and with outcome, both, to take the effect away.

        All of it, or with ``alpha`` as much as leaves no effect that differs from zero at that level.
        """
        f, critical = self.partial_f, 0.0
        if alpha is not None:
            critical = self._critical(alpha) / np.sqrt(self.df - 1)
        excess = f - critical
        if excess <= 0:
            return 0.0
        if critical > 0 and f > 1 / critical:
            return float((f**2 - critical**2) / (1 + f**2))
        return float((np.sqrt(excess**4 + 4 * excess**2) - excess**2) / 2)

    def with_confounder(self, *, treatment: float, outcome: float) -> Coefficient:
        """What the coefficient would be beside a confounder of these partial R², whose bias is towards zero."""
        bias = self.std_error * np.sqrt(self.df * outcome * treatment / (1 - treatment))
        error = self.std_error * np.sqrt((1 - outcome) / (1 - treatment) * self.df / (self.df - 1))
        left = np.sign(self.estimate) * (abs(self.estimate) - bias)
        return Coefficient(estimate=float(left), std_error=float(error), df=self.df - 1)

    def differs(self, *, alpha: float) -> bool:
        """Whether it differs from zero at level ``alpha``."""
        return abs(self.estimate) > self._critical(alpha, df=self.df) * self.std_error

    def _critical(self, alpha: float, *, df: int | None = None) -> float:
        from scipy.special import stdtrit

        return float(stdtrit(df or self.df - 1, 1 - alpha / 2))


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A confounder as strong as a group of observed covariates: its largest partial R² with treatment and outcome."""

    name: str
    treatment: float
    outcome: float


def coefficient(
    outcome: NDArray[np.float64], treated: NDArray[np.float64], covariates: NDArray[np.float64]
) -> Coefficient:
    """The coefficient of ``(n,)`` treated in a regression with ``(n, p)`` covariates and a constant."""
    own, explained = _residuals(treated, covariates), _residuals(outcome, covariates)
    slope = float(own @ explained / (own @ own))
    rest = explained - slope * own
    df = len(outcome) - _rank(covariates) - 1
    return Coefficient(estimate=slope, std_error=float(np.sqrt(rest @ rest / df / (own @ own))), df=df)


def benchmarks(
    outcome: NDArray[np.float64],
    treated: NDArray[np.float64],
    covariates: NDArray[np.float64],
    *,
    groups: Mapping[str, Sequence[int]],
) -> tuple[Benchmark, ...]:
    """One a group of columns of the covariates; a group that explains all that is left of treatment has none."""
    found = []
    for name, columns in groups.items():
        others = np.delete(covariates, list(columns), axis=1)
        with_treatment = _partial_r2(treated, covariates, others)
        beside = [np.column_stack([treated, known]) for known in (covariates, others)]
        with_outcome = _partial_r2(outcome, *beside)
        if with_treatment < 0.5:  # noqa: PLR2004 - from here on no confounder could be as strong
            found.append(_bound(name, treatment=with_treatment, outcome=with_outcome))
    return tuple(found)


def e_value(ratio: float) -> float:
    """The risk ratio that a confounder needs with both to explain a risk ratio away.

    VanderWeele and Ding (2017), doi 10.7326/M16-2607. A ratio below 1 counts as its inverse.
    """
    above = max(ratio, 1 / ratio)
    return float(above + np.sqrt(above * (above - 1)))


def approximate_ratio(standardised: float) -> float:
    """The risk ratio that stands for a difference in standard deviations of the outcome (as e_value's paper)."""
    return float(np.exp(0.91 * standardised))


def _bound(name: str, *, treatment: float, outcome: float) -> Benchmark:
    """The paper's bounds for a confounder once as strong, given the group's own partial R²."""
    as_strong = treatment / (1 - treatment)
    shared = treatment**2 / (1 - treatment) ** 2
    factor = (1 + np.sqrt(shared)) ** 2 / (1 - shared)
    return Benchmark(name=name, treatment=as_strong, outcome=min(float(factor * outcome / (1 - outcome)), 1.0))


def _partial_r2(values: NDArray[np.float64], known: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """What ``known`` explains of what ``others``, which it holds, leave: rounding alone makes it less than nothing."""
    full, short = (_residuals(values, columns) for columns in (known, others))
    return max(float(1 - (full @ full) / (short @ short)), 0.0)


def _residuals(values: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    design = _design(columns)
    residuals: NDArray[np.float64] = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return residuals


def _rank(columns: NDArray[np.float64]) -> int:
    return int(np.linalg.matrix_rank(_design(columns)))


def _design(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """A constant, and the columns on one scale, so that ranks are told."""
    spread = columns.std(axis=0)
    scaled = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.column_stack([np.ones(len(columns)), scaled])
