"""What an estimate at a threshold is: one effect with its interval, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.inference.designs.rows import Number
from pipeline.inference.designs.threshold.points import Points

COLUMNS = (
    "att", "std_error", "ci_lower", "ci_upper", "maximum_bias", "n_treated", "n_comparison", "first_stage",
    "first_stage_f", "bandwidth", "effective_observations",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Jump:
    """How much one column jumps at the cutoff, in its own unit.

    Attributes
    ----------
    maximum_bias
        The worst bias that ``curvature`` allows; the interval holds the jump whatever the bias is up to it.
    curvature, curvature_source
        The bound on the second derivative and where it is from; zero and ``"none"`` under local randomisation.
    p_value
        Of no jump: under the worst bias, or by randomisation.
    """

    column: str
    estimate: float
    std_error: float
    maximum_bias: float
    ci_lower: float
    ci_upper: float
    p_value: float
    curvature: float
    curvature_source: str

    @property
    def statistic(self) -> float:
        """The squared ratio of the jump to its error: of a first stage, its F."""
        return (self.estimate / self.std_error) ** 2 if self.std_error else float("inf")


@dataclass(frozen=True, kw_only=True)
class ThresholdEstimate:
    """The effect at the cutoff, in the outcome's own unit.

    Sharp (no ``first_stage``): of being assigned, the intention to treat. Fuzzy: of taking up, for those who take up
    because they are assigned (Hahn, Todd and van der Klaauw 2001, doi 10.1111/1468-0262.00183).

    Attributes
    ----------
    att, std_error, maximum_bias
        Where fuzzy, the ratio of the two jumps, its delta-method error and bias: to read, the interval does not use
        them.
    ci_lower, ci_upper
        Infinite where the interval is not ``bounded``: the first stage may be zero, and no effect can be excluded.
    n_treated, n_comparison
        People with weight at or above and below the cutoff.
    taking_up_treated, taking_up_comparison
        Those of them who took up; null where sharp.
    bandwidth, lowest, highest
        In units of the running variable; the lowest and highest value with weight, which are some person's and not to
        be published unless declared. A window has no bandwidth (NaN).
    effective_observations, residual_df
        People as if all weighed the same; people less intercepts, slopes and covariates.
    """

    estimator: str
    outcome: str
    att: float
    std_error: float
    maximum_bias: float
    ci_lower: float
    ci_upper: float
    confidence: float
    n_treated: int
    n_comparison: int
    taking_up_treated: int | None
    taking_up_comparison: int | None
    bandwidth: float
    lowest: float
    highest: float
    effective_observations: float
    residual_df: int
    reduced_form: Jump
    first_stage: Jump | None

    @property
    def bounded(self) -> bool:
        """Whether the interval has ends."""
        return bool(np.isfinite(self.ci_lower) and np.isfinite(self.ci_upper))

    @property
    def p_value(self) -> float:
        """Of no effect: that of the reduced form, which is valid however weak the first stage is."""
        return self.reduced_form.p_value

    def table(self) -> pd.DataFrame:
        """One row; the first stage and its F are null where sharp."""
        first = self.first_stage
        row = {name: getattr(self, name) for name in COLUMNS if not name.startswith("first_stage")}
        row["first_stage"] = float("nan") if first is None else first.estimate
        row["first_stage_f"] = float("nan") if first is None else first.statistic
        return pd.DataFrame([row])[list(COLUMNS)]

    def jumps(self) -> pd.DataFrame:
        """A row for the reduced form and, where fuzzy, one for the first stage."""
        found = [self.reduced_form, *([] if self.first_stage is None else [self.first_stage])]
        return pd.DataFrame([vars(jump) for jump in found])

    def numbers(self, *, scale: float = 1.0) -> dict[str, Number]:
        """The number columns of a row of the table of estimates (schema ``ESTIMATES``), in published units.

        There is one effect, so the band is the interval and the covariance its variance; an end that is infinite is
        null.
        """
        ends = {"lower": finite(self.ci_lower * scale), "upper": finite(self.ci_upper * scale)}
        return {
            "estimate": finite(self.att * scale),
            "std_error": finite(self.std_error * scale),
            **{f"{kind}_{end}": value for kind in ("ci", "band") for end, value in ends.items()},
            "n_treated": self.n_treated,
            "n_comparison": self.n_comparison,
            "residual_df": self.residual_df,
            "covariance": [finite((self.std_error * scale) ** 2)],
        }


def taking_up(points: Points) -> int:
    """How many of the points' people took up: the second column counts them."""
    return round(float(points.people @ points.mean[:, 1]))


def finite(value: float) -> float | None:
    """The number, or null where there is none or no end."""
    return float(value) if np.isfinite(value) else None
