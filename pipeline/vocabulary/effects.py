"""What an estimator is asked for and what it returns: effects by event time, with their whole covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.vocabulary.declared import request_error
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.windows import Bin, Window

COLUMNS = (
    "subgroup_value", "event_time", "months_from", "months_to", "att", "std_error", "ci_lower", "ci_upper",
    "band_lower", "band_upper", "n_treated", "n_comparison",
)  # fmt: skip


class Specification(BaseModel):
    """How effects are estimated and how uncertainty is stated, the same for every model of an outcome.

    Attributes
    ----------
    window
        Event times, their bins and the reference.
    age_spline
        ``None``: no age columns.
    small_sample
        The small-sample factor of clustered errors.
    anticipation
        Months before the index in which there may be effects already: the reference must end before them.
    leave_out
        Whether imputation measures each person's effect against the mean of the others of their timing group.
    last_treated
        Whether Sun and Abraham's estimator compares with people treated last, not with those never treated.
    confidence, draws, seed
        Of the intervals, and of the simulation behind simultaneous bands.
    comparison
        Whom group-time estimators compare with: people never treated, or also those not treated yet.
    base
        Before treatment, the month that changes are taken from: ``"universal"``, one for all months of a timing group,
        or ``"varying"``, the month before each.
    method
        How covariates are adjusted for.
    covariates
        Baseline characteristics of people, or numeric covariates. In a regression with person effects each has an
        effect of its own in every month.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: Window
    age_spline: AgeSpline | None = None
    small_sample: Literal["fixest", "felm"] = "fixest"
    anticipation: int = Field(default=0, ge=0)
    leave_out: bool = False
    last_treated: bool = False
    confidence: float = Field(default=0.95, gt=0, lt=1)
    draws: int = Field(default=20_000, ge=1000)
    seed: int = 0
    comparison: Literal["never_treated", "not_yet_treated"] = "not_yet_treated"
    base: Literal["universal", "varying"] = "universal"
    method: Literal["doubly_robust", "regression", "weighting"] = "doubly_robust"
    covariates: tuple[str, ...] = ()


def specified(*, where: str, **fields: object) -> Specification:
    """The specification with these fields.

    Raises
    ------
    RequestError
        If a field is unknown or out of range, all faults at once; ``where`` says whose they are.
    """
    try:
        return Specification.model_validate(fields)
    except ValidationError as error:
        raise request_error(error, where=where) from None


class Model(BaseModel):
    """For whom effects are reported.

    Attributes
    ----------
    subgroup
        A characteristic; ``None`` for everybody.
    interact
        ``"bins"``: levels differ in their effects and share month and age effects. ``"all"``: they share nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    subgroup: str | None = None
    interact: Literal["bins", "all"] = "bins"


@dataclass(frozen=True, kw_only=True)
class EventStudy:
    """Effects by level and event-time bin: ``L`` levels, ``B`` bins outside the reference, in the outcome's own unit.

    An effect that the panel does not identify (a bin without treated person-months, say) is NaN, and so is one with
    fewer than two people on either side, whose error would be the other side's alone.

    Attributes
    ----------
    estimator, outcome
        Their names.
    subgroup, levels
        The characteristic and its levels; ``"all"`` and ``("",)`` for everybody.
    bins
        The bins, in order of event time.
    anticipation
        Months before the index that may have effects already.
    att
        ``(L, B)``.
    covariance
        ``(L * B, L * B)``, level by level; NaN in the rows and columns of effects that are not identified.
    n_treated
        ``(L, B)`` treated people observed in the bin.
    n_comparison
        ``(L, B)`` comparison people of the model observed in a month in which treated people of the level are in the
        bin: those of all levels where month effects are shared, of the level alone where they are not.
    n_treated_after, n_comparison_after
        ``(L,)`` the same for all months from the index month on.
    n_people, n_singletons, n_excluded
        People in the regression; left out because observed in one month only; because their level is missing.
    n_observations, n_clusters
        Person-months and clusters in the regression.
    residual_df
        Observations less all effects and regressors, person effects included.
    confidence, t_critical, band_critical
        Of the intervals; pointwise (Student's t with clusters less one), and by level for the simultaneous band.
    """

    estimator: str
    outcome: str
    subgroup: str
    levels: tuple[str, ...]
    bins: tuple[Bin, ...]
    anticipation: int
    att: NDArray[np.float64]
    covariance: NDArray[np.float64]
    n_treated: NDArray[np.int64]
    n_comparison: NDArray[np.int64]
    n_treated_after: NDArray[np.int64]
    n_comparison_after: NDArray[np.int64]
    n_people: int
    n_singletons: int
    n_excluded: int
    n_observations: int
    n_clusters: int
    residual_df: int
    confidence: float
    t_critical: float
    band_critical: NDArray[np.float64]

    @property
    def std_error(self) -> NDArray[np.float64]:
        """``(L, B)``."""
        return np.sqrt(np.diag(self.covariance)).reshape(self.att.shape)

    def event_study(self) -> pd.DataFrame:
        """One row a level and bin; ``event_time`` is the bin's first (1 is the index month)."""
        n_levels, n_bins = self.att.shape
        first = np.tile([part.first for part in self.bins], n_levels)
        last = np.tile([part.last for part in self.bins], n_levels)
        frame = intervals(
            self.att.ravel(),
            self.std_error.ravel(),
            t_critical=self.t_critical,
            band_critical=np.repeat(self.band_critical, n_bins),
        )
        return frame.assign(
            subgroup_value=np.repeat(self.levels, n_bins),
            event_time=first,
            months_from=first,
            months_to=last,
            n_treated=self.n_treated.ravel(),
            n_comparison=self.n_comparison.ravel(),
        )[list(COLUMNS)]

    def overall(self) -> pd.DataFrame:
        """One row a level: the effect of an average month from the index month on.

        The bins from event time 1 on that are identified, weighted by how many months they span.
        """
        after = np.array([max(part.last - part.first + 1, 0) if part.first >= 1 else 0 for part in self.bins])
        weights = np.where(np.isfinite(self.att), after, 0).astype(float)
        total = weights.sum(axis=1, keepdims=True)
        weights = np.divide(weights, total, out=np.full_like(weights, np.nan), where=total > 0)
        att = np.where(total[:, 0] > 0, (weights * np.nan_to_num(self.att)).sum(axis=1), np.nan)
        blocks = self.covariance.reshape(*self.att.shape, *self.att.shape)
        variance = [w @ np.nan_to_num(blocks[k, :, k, :]) @ w for k, w in enumerate(weights)]
        critical = np.full(len(att), self.t_critical)
        frame = intervals(att, np.sqrt(variance), t_critical=self.t_critical, band_critical=critical)
        return frame.assign(
            subgroup_value=list(self.levels),
            event_time=1,
            months_from=1,
            months_to=max((part.last for part in self.bins), default=0),
            n_treated=self.n_treated_after,
            n_comparison=self.n_comparison_after,
        )[list(COLUMNS)]

    def group_time(self) -> pd.DataFrame:
        """Effects by treatment month and month, from an estimator that has them.

        Raises
        ------
        RequestError
            Always: this result pools the timing groups of a bin.
        """
        raise RequestError(
            Fault(
                what=f"{self.estimator} estimates one effect a bin for all treatment months together",
                remedy="Use event_study() or overall(), or an estimator of group-time effects.",
            )
        )


def intervals(
    att: NDArray[np.float64],
    std_error: NDArray[np.float64],
    *,
    t_critical: float,
    band_critical: NDArray[np.float64],
) -> pd.DataFrame:
    """Effects with errors, pointwise intervals and simultaneous bands, a row each."""
    return pd.DataFrame(
        {
            "att": att,
            "std_error": std_error,
            "ci_lower": att - t_critical * std_error,
            "ci_upper": att + t_critical * std_error,
            "band_lower": att - band_critical * std_error,
            "band_upper": att + band_critical * std_error,
        }
    )
