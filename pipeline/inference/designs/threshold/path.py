"""Effects on several outcomes of the same people, such as pay in each half-year after, with their covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.rows import Number
from pipeline.inference.designs.threshold.curvature import DataDriven, curvature_of
from pipeline.inference.designs.threshold.fitting import Fitted, fitted
from pipeline.inference.designs.threshold.honest import refuse_arguments, result
from pipeline.inference.designs.threshold.people import Columns, points_of
from pipeline.inference.designs.threshold.points import neighbour_covariance
from pipeline.inference.designs.threshold.results import ThresholdEstimate, finite
from pipeline.vocabulary.errors import Fault, RequestError


@dataclass(frozen=True, kw_only=True)
class ThresholdPath:
    """One estimate an outcome, ``T`` of them.

    Attributes
    ----------
    covariance
        ``(T, T)`` of the effects; where fuzzy by the delta method.
    band_lower, band_upper
        ``(T,)`` intervals that hold all effects at once: honest, each at Bonferroni's confidence, since worst biases of
        several outcomes go together in no known way.
    """

    estimates: tuple[ThresholdEstimate, ...]
    covariance: NDArray[np.float64]
    band_lower: NDArray[np.float64]
    band_upper: NDArray[np.float64]

    def table(self) -> pd.DataFrame:
        """One row an outcome."""
        rows = pd.concat([one.table() for one in self.estimates], ignore_index=True)
        rows.insert(0, "outcome", [one.outcome for one in self.estimates])
        return rows.assign(band_lower=self.band_lower, band_upper=self.band_upper)

    def numbers(self, *, scale: float = 1.0) -> list[dict[str, Number]]:
        """The number columns of rows of the table of estimates (schema ``ESTIMATES``), in published units."""
        return [
            {
                **one.numbers(scale=scale),
                "band_lower": finite(self.band_lower[place] * scale),
                "band_upper": finite(self.band_upper[place] * scale),
                "covariance": [finite(value) for value in self.covariance[place] * scale**2],
            }
            for place, one in enumerate(self.estimates)
        ]


def estimate(  # noqa: PLR0913 - the estimate's own arguments
    frame: pd.DataFrame,
    *,
    curvature: Mapping[str, float | DataDriven],
    running: str,
    cutoff: float,
    take_up: str | None = None,
    take_up_curvature: float | DataDriven | None = None,
    covariates: Sequence[str] = (),
    confidence: float = 0.95,
) -> ThresholdPath:
    """The effect on each outcome that ``curvature`` names with its bound, each with a bandwidth of its own.

    Raises
    ------
    RequestError
    DataRefused
    NotEstimable
        As :func:`honest.estimate`; also if there is no outcome.
    """
    outcomes = tuple(curvature)
    if not outcomes:
        raise RequestError(Fault(what="there is no outcome", remedy="Name some with their curvature bounds."))
    refuse_arguments(take_up=take_up, take_up_curvature=take_up_curvature, confidence=confidence)
    others = tuple(covariates) if take_up is None else (take_up, *covariates)
    # Outcomes are summed together; take-up is checked by its own name.
    columns = Columns(
        running=running,
        cutoff=float(cutoff),
        outcome=outcomes[0],
        take_up=take_up,
        covariates=(*outcomes[1:], *covariates),
    )
    points = points_of(frame, columns).chosen((*outcomes, *others))
    fits = []
    for name in outcomes:
        alone = points.chosen((name, *others))
        bounds = [curvature_of(alone, 0, asked=curvature[name])]
        if take_up is not None:
            bounds.append(curvature_of(alone, 1, asked=take_up_curvature))
        fits.append(fitted(alone, bounds, confidence=confidence))
    together = 1 - (1 - confidence) / len(outcomes)
    bands = np.array([fit.interval(confidence=together) for fit in fits])
    return ThresholdPath(
        estimates=tuple(result(fit, cutoff=columns.cutoff, confidence=confidence) for fit in fits),
        covariance=_covariance(fits, neighbour_covariance(points)),
        band_lower=bands[:, 0],
        band_upper=bands[:, 1],
    )


def _covariance(fits: Sequence[Fitted], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """From what each effect puts on each column at each value: its first columns are the outcomes, in order."""
    people = fits[0].points.people
    columns = covariance.shape[-1]
    influence = np.zeros((len(fits), len(people), columns))
    for place, fit in enumerate(fits):
        on_columns = fit.gradient @ fit.found.contrasts
        influence[place, :, place] = on_columns[0] * fit.found.weights
        influence[place, :, len(fits) :] = np.outer(fit.found.weights, on_columns[1:])
    return np.asarray(np.einsum("apc,pcd,bpd->ab", influence, covariance / people[:, None, None], influence))
