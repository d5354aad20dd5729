"""What an estimate of a longer wait is: the effect of one more month, its first stage, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.rows import Number

COLUMNS = (
    "outcome", "att", "std_error", "ci_lower", "ci_upper", "anderson_rubin_lower", "anderson_rubin_upper",
    "first_stage", "first_stage_f", "ordinary", "n_treated", "n_comparison", "n_clusters",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Slope:
    """How much one column changes with the queue, or with the wait, in its own unit for one unit of it.

    Attributes
    ----------
    p_value
        Of no slope.
    """

    column: str
    estimate: float
    std_error: float
    ci_lower: float
    ci_upper: float
    p_value: float

    @property
    def statistic(self) -> float:
        """The squared ratio of the slope to its error: of a first stage, its F."""
        return (self.estimate / self.std_error) ** 2 if self.std_error else float("inf")


@dataclass(frozen=True, kw_only=True)
class WaitEstimate:
    """The effect of one more month of waiting on one outcome, in the outcome's own unit.

    An average over people whose wait the queue moves, weighted by how much (Angrist and Imbens 1995,
    doi 10.1080/01621459.1995.10476535): of one more month, where it is the same at every wait.

    Attributes
    ----------
    anderson_rubin_lower, anderson_rubin_upper
        The interval that holds however weak the instrument is; infinite where no effect can be excluded.
    reduced_form, first_stage
        Of the outcome and of the wait, on the queue.
    ordinary
        Of the outcome on the wait itself: what is found without the instrument, to read beside it.
    least_f
        The first-stage F that was declared.
    n_treated, n_comparison
        People referred where and when the queue was longer than provider, month and covariates have it, and the others.
    residual_df
        People less effects, covariates and the wait.
    """

    outcome: str
    att: float
    std_error: float
    ci_lower: float
    ci_upper: float
    anderson_rubin_lower: float
    anderson_rubin_upper: float
    confidence: float
    reduced_form: Slope
    first_stage: Slope
    ordinary: Slope
    least_f: float
    n_treated: int
    n_comparison: int
    n_clusters: int
    residual_df: int

    @property
    def p_value(self) -> float:
        """Of no effect: that of the reduced form, which is valid however weak the first stage is."""
        return self.reduced_form.p_value

    def table(self) -> pd.DataFrame:
        """One row."""
        row = {
            **vars(self),
            "first_stage": self.first_stage.estimate,
            "first_stage_f": self.first_stage.statistic,
            "ordinary": self.ordinary.estimate,
        }
        return pd.DataFrame([row])[list(COLUMNS)]

    def numbers(self, *, scale: float = 1.0, months: float = 1.0) -> dict[str, Number]:
        """The number columns of a row of the table of estimates (schema ``ESTIMATES``), in published units.

        Of so many ``months`` of waiting, if each does the same: 12 for a year's wait. There is one effect, so the band
        is the interval and the covariance its variance.
        """
        by = scale * months
        ends = dict(zip(("lower", "upper"), sorted([self.ci_lower * by, self.ci_upper * by]), strict=True))
        return {
            "estimate": self.att * by,
            "std_error": self.std_error * abs(by),
            **{f"{kind}_{end}": value for kind in ("ci", "band") for end, value in ends.items()},
            "n_treated": self.n_treated,
            "n_comparison": self.n_comparison,
            "residual_df": self.residual_df,
            "covariance": [(self.std_error * by) ** 2],
        }


@dataclass(frozen=True, kw_only=True)
class WaitPath:
    """One estimate an outcome, ``T`` of them, of the same people: such as pay 6, 12 and 24 months after referral.

    Attributes
    ----------
    covariance
        ``(T, T)`` of the effects.
    band_lower, band_upper
        ``(T,)`` intervals that hold all effects at once, each at Bonferroni's confidence.
    """

    estimates: tuple[WaitEstimate, ...]
    covariance: NDArray[np.float64]
    band_lower: NDArray[np.float64]
    band_upper: NDArray[np.float64]

    def table(self) -> pd.DataFrame:
        """One row an outcome."""
        rows = pd.concat([one.table() for one in self.estimates], ignore_index=True)
        return rows.assign(band_lower=self.band_lower, band_upper=self.band_upper)

    def numbers(self, *, scale: float = 1.0, months: float = 1.0) -> list[dict[str, Number]]:
        """The number columns of rows of the table of estimates (schema ``ESTIMATES``), as of one estimate."""
        by = scale * months
        ends = np.sort(np.stack([self.band_lower, self.band_upper], axis=1) * by, axis=1)
        return [
            {
                **one.numbers(scale=scale, months=months),
                "band_lower": float(lower),
                "band_upper": float(upper),
                "covariance": [float(value) for value in row],
            }
            for one, (lower, upper), row in zip(self.estimates, ends, self.covariance * by**2, strict=True)
        ]
