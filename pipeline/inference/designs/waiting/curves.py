"""What a dose-response is: the outcome by months waited, and what waits that differ do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.rows import Number


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One difference between waits, in the outcome's own unit.

    Attributes
    ----------
    kind
        ``"longer"``: of waiting until ``months`` and not the shortest wait of the grid. ``"standard"``: of the standard
        ``months`` being met, on average over the waits of those who waited longer.
    n_treated, n_comparison
        People who waited longer than ``months``, and the others.
    """

    kind: Literal["longer", "standard"]
    months: float
    estimate: float
    std_error: float
    ci_lower: float
    ci_upper: float
    n_treated: int
    n_comparison: int

    def numbers(self, *, scale: float = 1.0, residual_df: int) -> dict[str, Number]:
        """The number columns of a row of the table of estimates (schema ``ESTIMATES``), in published units."""
        ends = {"lower": self.ci_lower * scale, "upper": self.ci_upper * scale}
        return {
            "estimate": self.estimate * scale,
            "std_error": self.std_error * scale,
            **{f"{kind}_{end}": value for kind in ("ci", "band") for end, value in ends.items()},
            "n_treated": self.n_treated,
            "n_comparison": self.n_comparison,
            "residual_df": residual_df,
            "covariance": [(self.std_error * scale) ** 2],
        }


@dataclass(frozen=True, kw_only=True)
class DoseResponse:
    """The mean outcome had everybody waited so long, at ``A`` waits, averaged over specialties by their people.

    Intervals are pointwise and of the smoothed curve. They hold if everything that moves both wait and outcome is among
    the covariates, which the data cannot say: read it beside the congestion instrument, which does not need it.

    Attributes
    ----------
    months
        ``(A,)``.
    level
        ``(A,)``.
    covariance
        ``(A, A)``, clustered.
    near
        ``(A,)`` people whose wait is within a bandwidth.
    bandwidths
        One a specialty, in months.
    capped
        People whose weight would have been above the declared one.
    contrasts
        A year's wait and the standards, those asked for.
    """

    outcome: str
    months: NDArray[np.float64]
    level: NDArray[np.float64]
    covariance: NDArray[np.float64]
    near: NDArray[np.int64]
    bandwidths: tuple[float, ...]
    capped: int
    contrasts: tuple[Contrast, ...]
    confidence: float
    critical: float
    n_people: int
    n_clusters: int

    def curve(self) -> pd.DataFrame:
        """One row a wait: level, and the difference from the first wait, each with its interval."""
        from_first = np.eye(len(self.months))
        from_first[:, 0] -= 1
        rows = {"months": self.months, "near": self.near}
        for name, weights in (("level", np.eye(len(self.months))), ("effect", from_first)):
            value, error = weights @ self.level, np.sqrt(np.einsum("ab,bc,ac->a", weights, self.covariance, weights))
            rows |= {name: value, f"{name}_std_error": error}
            rows |= {
                f"{name}_ci_lower": value - self.critical * error,
                f"{name}_ci_upper": value + self.critical * error,
            }
        return pd.DataFrame(rows)

    def table(self) -> pd.DataFrame:
        """One row a contrast."""
        return pd.DataFrame([vars(one) for one in self.contrasts])

    def numbers(self, *, scale: float = 1.0) -> list[dict[str, Number]]:
        """The number columns of rows of the table of estimates, one a contrast."""
        return [one.numbers(scale=scale, residual_df=self.n_clusters - 1) for one in self.contrasts]
