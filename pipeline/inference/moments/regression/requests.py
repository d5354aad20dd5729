"""What estimators ask of a request before they fit: a panel of a frame, a window, an age basis, names of a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from pipeline.inference.moments.people.blocks import observed_months
from pipeline.inference.moments.people.census import census
from pipeline.inference.moments.people.design import Design
from pipeline.inference.moments.people.frames import FrameColumns, FramePanel, frame_panel
from pipeline.inference.moments.people.shards import total
from pipeline.inference.moments.people.spline import AgeBasis, age_basis, age_counts
from pipeline.inference.moments.people.views import ChangedPanel
from pipeline.inference.moments.regression.columns import Columns
from pipeline.inference.moments.regression.effects import Labels
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import Model, Specification
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError
from pipeline.vocabulary.panels import Panel, PanelShard
from pipeline.vocabulary.windows import Window


def refuse_arguments(estimator: str, **given: object) -> None:
    """Refuse arguments that an estimator does not have.

    Raises
    ------
    RequestError
        If any is given; names them all.
    """
    refused = [name for name, value in given.items() if value is not None]
    if refused:
        remedy = "Leave it out, or choose an estimator that has it."
        raise RequestError([Fault(what=f"{estimator} has no {name}", remedy=remedy) for name in refused])


def refuse_comparison(estimator: str, comparison: str | None, *, allowed: Sequence[str]) -> None:
    """Refuse a comparison that an estimator does not have; ``None`` is its first.

    Raises
    ------
    RequestError
        If it is another; says which there are.
    """
    if comparison is not None and comparison not in allowed:
        remedy = f"It has {' and '.join(allowed)}."
        raise RequestError(Fault(what=f"{estimator} has no comparison {comparison!r}", remedy=remedy))


def last_treated_as_comparison(panel: Panel, outcome: str, *, anticipation: int) -> ChangedPanel:
    """The panel whose people treated last are as if never treated, without the months from their anticipation on.

    People who are never treated are left out: the comparison is one or the other.

    Raises
    ------
    NotEstimable
        If nobody is treated, or the last are in the first month.
    """
    _, last = treatment_months(panel, outcome)
    months = max(last - anticipation - panel.first_month, 0)
    if not months:
        what = "there is no month before people treated last are treated"
        raise NotEstimable(Fault(what=what, remedy="Choose a longer panel, or compare with people never treated."))
    change = partial(_before_the_last, last=last, n_months=months)
    return ChangedPanel(panel=panel, change=change, n_months=min(months, panel.n_months))


def _before_the_last(shard: PanelShard, *, last: int, n_months: int) -> PanelShard:
    treated = shard.of(np.flatnonzero(~np.isnan(shard.treatment_month)))
    month = treated.treatment_month
    return replace(
        treated, outcome=treated.outcome[:, :n_months], treatment_month=np.where(month < last, month, np.nan)
    )


def treatment_months(panel: Panel, outcome: str) -> tuple[int, int]:
    """The first and the last month in which anybody is treated.

    Raises
    ------
    NotEstimable
        If nobody is.
    """
    treated = np.concatenate([np.unique(shard.treatment_month) for shard in panel.shards(outcome)])
    treated = treated[~np.isnan(treated)]
    if not len(treated):
        raise NotEstimable(Fault(what="nobody is treated", remedy="Check the cohort."))
    return int(treated.min()), int(treated.max())


def requested_panel(
    frame: pd.DataFrame, columns: FrameColumns, age_spline: AgeSpline | None
) -> tuple[FramePanel, AgeSpline | None]:
    """The panel, and its age spline: the published one where there is a month of birth and no other is asked for.

    Raises
    ------
    RequestError
        If there is an age spline and no month of birth, or a column is not there.
    DataRefused
        If the rows are not a panel of people.
    """
    if age_spline is not None and columns.birth_month is None:
        raise RequestError(Fault(what="an age spline needs a column birth_month"))
    if columns.birth_month is not None and age_spline is None:
        age_spline = AgeSpline()
    return frame_panel(frame, columns), age_spline


def every_event_time(panel: Panel, outcome: str, *, anticipation: int = 0) -> Window:
    """Every event time of the panel its own bin; the reference is the last before any anticipation.

    Raises
    ------
    NotEstimable
        If nobody is treated.
    """
    first, last = treatment_months(panel, outcome)
    last_month = panel.first_month + panel.n_months - 1
    before = max(last - panel.first_month - 1, anticipation)
    after = max(last_month - first + 1, 0)
    return Window(before=before, after=after, reference=(-anticipation, -anticipation), bins="single")


def refuse_anticipated(window: Window, anticipation: int) -> None:
    """Refuse a window whose reference, or one of whose bins, is partly of months with anticipation.

    Raises
    ------
    RequestError
        If there is one.
    """
    reaching = [part for part in window.binned if part.last > -anticipation]
    if any(part.reference for part in reaching):
        remedy = f"End the reference at event time {-anticipation} or before."
        raise RequestError(Fault(what="the reference reaches into the months of anticipation", remedy=remedy))
    if any(part.first <= -anticipation for part in reaching):
        remedy = "Choose single event times or another anticipation."
        raise RequestError(Fault(what="a bin lies partly in the months of anticipation", remedy=remedy))


def people_columns(models: Sequence[Model], specification: Specification) -> tuple[str, ...]:
    """What shards must hold of people: the characteristics that models report by and covariates, once each."""
    reported = [model.subgroup for model in models if model.subgroup is not None]
    return tuple(dict.fromkeys([*reported, *specification.covariates]))


def observed_basis(panel: Panel, outcome: str, specification: Specification) -> AgeBasis | None:
    """The age columns: quantiles over everybody's observed person-months of the outcome; ``None`` without a spline.

    Raises
    ------
    NotEstimable
        If nobody is observed.
    """
    if specification.age_spline is None:
        return None
    ages = total(panel.shards(outcome), lambda shard: age_counts(shard, observed_months(shard, specification.window)))
    if not ages.counts.sum():
        raise NotEstimable(
            Fault(what="nobody is observed inside the window", remedy="Check the window and the cohort.")
        )
    return age_basis(ages, specification.age_spline)


def covariate_design(panel: Panel, outcome: str, specification: Specification) -> Design | None:
    """How people's covariates enter, with mean 0 and variance 1 over everybody; ``None`` where there are none.

    Raises
    ------
    RequestError
        If the panel does not have one of them.
    """
    covariates = specification.covariates
    if not covariates:
        return None
    levels = {name: len(panel.levels[name]) for name in covariates if name in panel.levels}
    counting = partial(census, covariates=covariates, levels=levels, subgroup=None)
    return total(panel.shards(outcome, covariates), counting).design(covariates, levels)


def columns_of(panel: Panel, model: Model, *, window: Window, basis: AgeBasis | None, design: Design | None) -> Columns:
    """The columns of a model."""
    return Columns(
        window=window,
        first_month=panel.first_month,
        n_months=panel.n_months,
        n_spline=0 if basis is None else basis.n_columns,
        n_levels=1 if model.subgroup is None else len(panel.levels[model.subgroup]),
        common=model.interact == "bins",
        n_covariates=0 if design is None else design.n_columns - 1,
    )


def labels_of(panel: Panel, outcome: str, model: Model, *, estimator: str, n_excluded: int) -> Labels:
    """What a model's result is of."""
    return Labels(
        estimator=estimator,
        outcome=outcome,
        subgroup=model.subgroup or "all",
        levels=("",) if model.subgroup is None else tuple(panel.levels[model.subgroup]),
        n_excluded=n_excluded,
    )
