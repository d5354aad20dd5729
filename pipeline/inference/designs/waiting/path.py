"""The cost of waiting, read month by month: from joining the list until treatment, then no longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.designs.waiting.cost import WaitingPath
from pipeline.inference.estimators import fit_of
from pipeline.inference.moments.people.views import ChangedPanel
from pipeline.vocabulary.effects import Model, Specification
from pipeline.vocabulary.errors import DataRefused, Fault, RequestError
from pipeline.vocabulary.panels import Panel, PanelShard


def fit(  # noqa: PLR0913 - an estimator's own arguments, and two of waiting
    panel: Panel,
    outcome: str,
    *,
    waited: str,
    specification: Specification,
    estimator: str = "sun_abraham",
    models: Sequence[Model] = (Model(),),
    at_least: int = 0,
) -> tuple[WaitingPath, ...]:
    """The path of one outcome since joining, one result a model, by any estimator of staggered adoption.

    The panel's index month is that of joining the list, or of a referral; event time 1 is that month. See
    :func:`waiting` for ``waited`` and ``at_least``. Errors are the estimator's, clustered on person.

    Raises
    ------
    RequestError
        If there is no such estimator or covariate, or ``at_least`` is negative.
    DataRefused
        If a wait is negative or not whole.
    NotEstimable
        As the estimator: the panel cannot answer for one of the models.
    """
    view = waiting(panel, waited=waited, at_least=at_least)
    studies = fit_of(estimator)(view, outcome, specification=specification, models=models)
    return tuple(WaitingPath(study=study) for study in studies)


def waiting(panel: Panel, *, waited: str, at_least: int = 0) -> Panel:
    """The panel in which whoever joined is observed until the month before treatment.

    Parameters
    ----------
    waited
        A numeric covariate: whole months from the month of joining to that of treatment. A person who is not treated
        yet has any number that reaches past the panel's end. Of people who never joined it is not looked at.
    at_least
        Whoever was treated sooner than after so many months is left out. Each month's effect is that on people still
        waiting in it: with as long a wait as the path is read, they are the same people in every month.
    """
    if waited not in panel.covariates:
        remedy = f"It has {', '.join(panel.covariates) or 'none'}."
        raise RequestError(Fault(what=f"the panel has no covariate {waited!r}", remedy=remedy))
    if at_least < 0:
        raise RequestError(Fault(what="the shortest wait is negative", remedy="Give months from 0 up."))
    change = partial(_until_treatment, waited=waited, at_least=at_least)
    return ChangedPanel(panel=panel, change=change, n_months=panel.n_months, needs=(waited,))


def _until_treatment(shard: PanelShard, *, waited: str, at_least: int) -> PanelShard:
    joined, months = ~np.isnan(shard.treatment_month), shard.covariates[waited]
    _refuse_waits(months[joined], column=waited)
    kept = np.flatnonzero(~joined | (months >= at_least))
    shard = shard.of(kept)
    since = shard.first_month + np.arange(shard.outcome.shape[1]) - shard.treatment_month[:, None]
    treated = since >= months[kept][:, None]  # never so where nobody joined: NaN
    return replace(shard, outcome=np.where(treated, np.array(np.nan, shard.outcome.dtype), shard.outcome))


def _refuse_waits(months: NDArray[np.float64], *, column: str) -> None:
    counts = {
        "the wait is negative": int((months < 0).sum()),
        "the wait is not in whole months": int((months % 1 != 0).sum()),
    }
    remedy = "Count months from that of joining to that of treatment."
    faults = [
        Fault(what=what, column=column, count=count, unit="people", remedy=remedy)
        for what, count in counts.items()
        if count
    ]
    if faults:
        raise DataRefused(faults)
