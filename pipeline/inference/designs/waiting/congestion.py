"""The effect of a longer wait, by the queue of the provider in the month of referral.

Whoever is referred when a provider's list happens to be long waits longer for no reason of their own. Against other
months of the same provider and other providers in the same month, the queue is an instrument for the wait: it must move
the wait (the first stage, refused where it is weak) and nothing else that moves the outcome (``exclusion``).

Packages that were looked at: ``linearmodels`` has neither absorbed effects in instrumental variables nor Anderson and
Rubin's set, ``pyfixest`` has no such set either, and both hold every person in memory. Here people enter as sums.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.inference.designs.waiting.cells import Cells, Referrals, cells_of
from pipeline.inference.designs.waiting.partialled import Partialled, partialled
from pipeline.inference.designs.waiting.people import refuse_confidence
from pipeline.inference.designs.waiting.results import Slope, WaitEstimate, WaitPath
from pipeline.inference.designs.waiting.slopes import Cluster, Errors, Slopes, slopes_of
from pipeline.inference.moments.regression.intervals import t_critical
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError

LEAST_F = 23.1
"""From this effective F on, with one instrument, the bias of two-stage least squares is at most a tenth of its worst,
at a level of 5% (Montiel Olea and Pflueger 2013, doi 10.1080/00401706.2013.806694): the 95% quantile of a non-central
chi-squared with one degree of freedom and non-centrality one over a tenth."""


def estimate(  # noqa: PLR0913 - what is declared of one instrument
    frame: pd.DataFrame,
    outcomes: Sequence[str],
    *,
    referrals: Referrals,
    cluster: Cluster = "provider",
    errors: Errors = "CR2",
    least_f: float = LEAST_F,
    confidence: float = 0.95,
) -> WaitPath:
    """The effect of one more month of waiting on each outcome of the same people, one row a person.

    Parameters
    ----------
    cluster
        ``"provider"``, since a queue lasts and what a provider's people have in common may too; or
        ``"provider_month"``, where there are few providers and their months are unrelated but for their effects.
    errors
        See :mod:`slopes`.
    least_f
        The first-stage F that must be reached, declared before it is looked at.

    Raises
    ------
    RequestError
        If a column is not there or not numeric, or an argument is out of range.
    DataRefused
        If a value is missing or not finite.
    NotEstimable
        If the instrument is weak: says its F and what was declared. If nothing is left of wait or queue, or there are
        too few clusters.
    """
    refuse_confidence(confidence)
    cells = cells_of(frame, outcomes, referrals=referrals)
    return of_cells(cells, referrals=referrals, confidence=confidence, cluster=cluster, errors=errors, least_f=least_f)


def of_cells(
    cells: Cells,
    *,
    referrals: Referrals,
    cluster: Cluster = "provider",
    errors: Errors = "CR2",
    least_f: float = LEAST_F,
    confidence: float = 0.95,
) -> WaitPath:
    """As :func:`estimate`, from sums of people, which several frames may have added to.

    Raises
    ------
    RequestError
    NotEstimable
        As :func:`estimate`.
    """
    refuse_confidence(confidence)
    outcomes = cells.names[: cells.names.index(referrals.wait)]
    if not outcomes or not least_f >= 0:
        what = "there is no outcome" if not outcomes else "the least F is not a number from 0 up"
        raise RequestError(Fault(what=what, remedy="Declare it."))
    left = partialled(cells, referrals=referrals)
    slopes = slopes_of(left, cluster=cluster, errors=errors)
    _refuse_weak(slopes, referrals=referrals, least_f=least_f)
    estimates = tuple(
        _estimate(place, name, slopes=slopes, left=left, wait=referrals.wait, confidence=confidence, least_f=least_f)
        for place, name in enumerate(outcomes)
    )
    together = t_critical(confidence=1 - (1 - confidence) / len(outcomes), df=slopes.df)
    half = together * np.sqrt(np.diag(slopes.effects_covariance))
    return WaitPath(
        estimates=estimates,
        covariance=slopes.effects_covariance,
        band_lower=slopes.effects - half,
        band_upper=slopes.effects + half,
    )


def first_stage(
    frame: pd.DataFrame,
    *,
    referrals: Referrals,
    cluster: Cluster = "provider",
    errors: Errors = "CR2",
    confidence: float = 0.95,
) -> Slope:
    """How the wait moves with the queue, with its F (``statistic``), whether weak or not; no outcome is looked at.

    Raises
    ------
    RequestError
    DataRefused
    NotEstimable
        As :func:`estimate`, but for a weak instrument.
    """
    refuse_confidence(confidence)
    left = partialled(cells_of(frame, [], referrals=referrals), referrals=referrals)
    return slopes_of(left, cluster=cluster, errors=errors).on_queue(0, column=referrals.wait, confidence=confidence)


def _refuse_weak(slopes: Slopes, *, referrals: Referrals, least_f: float) -> None:
    if not slopes.f_statistic >= least_f:
        what = f"the instrument is weak: its first-stage F is {slopes.f_statistic:.1f}, declared was {least_f:.1f}"
        remedy = "Do not read two-stage least squares; the reduced form holds. More months or providers may help."
        raise NotEstimable(Fault(what=what, column=referrals.queue, remedy=remedy))


def _estimate(  # noqa: PLR0913 - the parts of one result
    place: int, outcome: str, *, slopes: Slopes, left: Partialled, wait: str, confidence: float, least_f: float
) -> WaitEstimate:
    effect, std_error = slopes.effects[place], np.sqrt(slopes.effects_covariance[place, place])
    half = t_critical(confidence=confidence, df=slopes.df) * std_error
    lower, upper = slopes.anderson_rubin(place, confidence=confidence)
    longer = left.queue_mean > 0
    return WaitEstimate(
        outcome=outcome,
        att=float(effect),
        std_error=float(std_error),
        ci_lower=float(effect - half),
        ci_upper=float(effect + half),
        anderson_rubin_lower=lower,
        anderson_rubin_upper=upper,
        confidence=confidence,
        reduced_form=slopes.on_queue(place, column=outcome, confidence=confidence),
        first_stage=slopes.on_queue(-1, column=wait, confidence=confidence),
        ordinary=slopes.on_wait(place, column=outcome, confidence=confidence),
        least_f=least_f,
        n_treated=int(left.people[longer].sum()),
        n_comparison=int(left.people[~longer].sum()),
        n_clusters=slopes.n_clusters,
        residual_df=left.residual_df,
    )
