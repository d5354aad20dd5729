r"""The published ONS specification: event bins, a spline of age, person and calendar-month effects.

.. math:: y_{it} = \alpha_i + \lambda_t + \sum_b \beta_b 1\{t - g_i + 1 \in b\} + s(\text{age}_{it}) + \varepsilon_{it}

Office for National Statistics (2024), The impact of bariatric surgery on monthly employee pay and employee status,
England. Errors are clustered on person, or on a coarser unit that holds whole people. The published specification has
no baseline covariates; where a protocol asks for some, each has an effect of its own in every month beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import pandas as pd
from threadpoolctl import threadpool_limits

from pipeline.inference.moments.people.design import Design
from pipeline.inference.moments.people.frames import FrameColumns, characteristics_and_covariates
from pipeline.inference.moments.people.shards import total
from pipeline.inference.moments.people.spline import AgeBasis
from pipeline.inference.moments.regression.effects import Labels, event_study
from pipeline.inference.moments.regression.regression import Regression, fitted, regress
from pipeline.inference.moments.regression.requests import (
    columns_of,
    covariate_design,
    every_event_time,
    labels_of,
    observed_basis,
    people_columns,
    refuse_arguments,
    requested_panel,
)
from pipeline.inference.moments.regression.scores import Fitted, scores
from pipeline.inference.moments.regression.within import Within, within
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import EventStudy, Model, Specification, specified
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.windows import Window

_NAME = __name__.rpartition(".")[2]


def fit(
    panel: Panel, outcome: str, *, specification: Specification, models: Sequence[Model] = (Model(),)
) -> tuple[EventStudy, ...]:
    """Effects on one outcome, one result a model, in two passes over the panel (three with an age spline).

    The knots of the age spline are the same in every model: quantiles over everybody's observed person-months of this
    outcome. People whose characteristic is missing are left out of the models by that characteristic.

    Raises
    ------
    NotEstimable
        If the panel cannot answer for one of the models.
    """
    # One BLAS thread: results do not depend on how many cores a machine has, and solves this small gain nothing.
    with threadpool_limits(limits=1, user_api="blas"):
        adjusted = _Adjusted(
            basis=observed_basis(panel, outcome, specification),
            design=covariate_design(panel, outcome, specification),
        )
        solved = _solve(panel, outcome, specification=specification, models=models, adjusted=adjusted)
        sums_of_scores = partial(
            scores,
            window=specification.window,
            basis=adjusted.basis,
            design=adjusted.design,
            fits=[part.fitted for part in solved],
        )
        second = total(panel.shards(outcome, people_columns(models, specification)), sums_of_scores)
        return tuple(
            event_study(part.regression, sums, labels=part.labels, specification=specification)
            for part, sums in zip(solved, second.models, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class _Adjusted:
    """What is adjusted for beside person and month."""

    basis: AgeBasis | None
    design: Design | None


@dataclass(frozen=True, kw_only=True)
class _Solved:
    """One model after the first pass."""

    regression: Regression
    fitted: Fitted
    labels: Labels


def _solve(
    panel: Panel, outcome: str, *, specification: Specification, models: Sequence[Model], adjusted: _Adjusted
) -> tuple[_Solved, ...]:
    """The coefficients of every model; the first pass's sums are not kept."""
    first = _first_pass(panel, outcome, specification=specification, adjusted=adjusted, models=models)
    solved = []
    for model in models:
        columns = columns_of(panel, model, window=specification.window, basis=adjusted.basis, design=adjusted.design)
        regression = regress(columns, first.groups[model.subgroup])
        fit_of_groups = fitted(regression, characteristic=model.subgroup, clustered=first.clustered)
        labels = _labels(panel, outcome, model, first=first)
        solved.append(_Solved(regression=regression, fitted=fit_of_groups, labels=labels))
    return tuple(solved)


def estimate(  # noqa: PLR0913 - the public signature that all estimators share
    frame: pd.DataFrame,
    *,
    outcome: str,
    person: str,
    month: str,
    treatment_month: str,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    comparison: str | None = None,
    base: str | None = None,
    anticipation: int | None = None,
    window: Window | None = None,
    birth_month: str | None = None,
    age_spline: AgeSpline | None = None,
    small_sample: Literal["fixest", "felm"] = "fixest",
    subgroup: str | None = None,
    interact: Literal["bins", "all"] = "bins",
    confidence: float = 0.95,
    draws: int = 20_000,
    seed: int = 0,
) -> EventStudy:
    """Effects from a long DataFrame with one row a person and month; a null treatment month means never treated.

    ``outcome``, ``person``, ``month``, ``treatment_month``, ``weights``, ``cluster``, ``birth_month`` and ``subgroup``
    name columns, ``covariates`` several. Months are consecutive whole numbers; every column but the outcome and the
    month has one value a person. Without a ``window``, every event time is its own bin and event time 0 the reference.
    Where ``birth_month`` is given there is an age spline: ``age_spline``, else the published one.

    Raises
    ------
    RequestError
        If an argument does not apply to this estimator (``comparison``, ``base``, ``anticipation``), or a column is not
        there.
    DataRefused
        If the rows are not a panel of people.
    NotEstimable
        If they cannot answer the question.
    """
    refuse_arguments(_NAME, comparison=comparison, base=base, anticipation=anticipation)
    columns = FrameColumns(
        outcome=outcome,
        person=person,
        month=month,
        treatment_month=treatment_month,
        birth_month=birth_month,
        weights=weights,
        cluster=cluster,
        **characteristics_and_covariates(frame, covariates, subgroup=subgroup),
    )
    panel, age_spline = requested_panel(frame, columns, age_spline)
    specification = specified(
        where="estimate",
        window=window or every_event_time(panel, outcome),
        age_spline=age_spline,
        small_sample=small_sample,
        confidence=confidence,
        draws=draws,
        seed=seed,
        covariates=tuple(covariates),
    )
    (study,) = fit(panel, outcome, specification=specification, models=[Model(subgroup=subgroup, interact=interact)])
    return study


def _first_pass(
    panel: Panel, outcome: str, *, specification: Specification, adjusted: _Adjusted, models: Sequence[Model]
) -> Within:
    sums_of = partial(
        within,
        window=specification.window,
        basis=adjusted.basis,
        design=adjusted.design,
        characteristics=tuple(dict.fromkeys(model.subgroup for model in models)),
    )
    return total(panel.shards(outcome, people_columns(models, specification)), sums_of)


def _labels(panel: Panel, outcome: str, model: Model, *, first: Within) -> Labels:
    missing = sum(part.counts.people for group, part in first.groups[model.subgroup].items() if group.level < 0)
    return labels_of(panel, outcome, model, estimator=_NAME, n_excluded=missing)
