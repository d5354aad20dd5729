r"""Borusyak, Jaravel and Spiess's imputation estimator: observed outcomes less those imputed from untreated months.

.. math:: y_{it} = \alpha_i + \lambda_t + x_i' \kappa_t + s(\text{age}_{it}) + \varepsilon_{it}
          \text{ where untreated}, \qquad \beta_b = \sum_{(i,t) \in b} w_i (y_{it} - \hat y_{it}) / W_b

Borusyak, Jaravel and Spiess (2024, doi 10.1093/restud/rdae007). Untreated are all months of people never treated and
those of others before the index (and its ``anticipation``); everybody not yet treated is a comparison. A month in which
nobody untreated is observed cannot be imputed and is left out of its bin, as is a person without an untreated month.
Baseline covariates x have an effect of their own in every month: trends may differ by them. A covariate that is not
numeric is a characteristic, an indicator for each level but the first.

Errors are the conservative ones of their theorem 3, deviations of people's effects taken from the mean of their timing
group and month (``leave_out``: from the mean of the others, appendix A.9), with no small-sample factor, as R's
``didimputation`` has it. Bins before the index are their pre-trend test: coefficients of a regression on untreated
months alone, relative to the reference, with the small-sample factor of the specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import pandas as pd
from threadpoolctl import threadpool_limits

from pipeline.inference.moments.by_group.leads import SolvedImputation
from pipeline.inference.moments.by_group.untreated import Imputation, imputation
from pipeline.inference.moments.people.frames import FrameColumns, characteristics_and_covariates
from pipeline.inference.moments.people.shards import total
from pipeline.inference.moments.regression.requests import (
    columns_of,
    covariate_design,
    every_event_time,
    labels_of,
    observed_basis,
    people_columns,
    refuse_anticipated,
    refuse_arguments,
    refuse_comparison,
    requested_panel,
)
from pipeline.inference.moments.regression.scores import scores
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import Model, Specification, specified
from pipeline.vocabulary.group_effects import GroupedEventStudy
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.windows import Window

_NAME = __name__.rpartition(".")[2]


def fit(
    panel: Panel, outcome: str, *, specification: Specification, models: Sequence[Model] = (Model(),)
) -> tuple[GroupedEventStudy, ...]:
    """Effects on one outcome, one result a model, in two passes over the panel (three with an age spline).

    A bin whose every cell (treatment month and month) is of one person is not identified: nobody's effect could be
    told from chance. ``n_excluded`` counts people without an untreated month too.

    Raises
    ------
    NotEstimable
        If the panel cannot answer for one of the models.
    RequestError
        If the reference or a bin reaches into the months of anticipation.
    """
    refuse_anticipated(specification.window, specification.anticipation)
    with threadpool_limits(limits=1, user_api="blas"):
        basis = observed_basis(panel, outcome, specification)
        design = covariate_design(panel, outcome, specification)
        names = people_columns(models, specification)
        sums_of = partial(
            imputation,
            window=specification.window,
            basis=basis,
            characteristics=tuple(dict.fromkeys(model.subgroup for model in models)),
            anticipation=specification.anticipation,
            design=design,
        )
        first = total(panel.shards(outcome, names), sums_of)
        solved = [
            SolvedImputation.of(
                columns_of(panel, model, window=specification.window, basis=basis, design=design),
                first.groups[model.subgroup],
                labels=labels_of(panel, outcome, model, estimator=_NAME, n_excluded=_excluded(first, model)),
                specification=specification,
            )
            for model in models
        ]
        fits = [
            part.fitted(characteristic=model.subgroup, clustered=first.clustered)
            for part, model in zip(solved, models, strict=True)
        ]
        sums_of_scores = partial(scores, window=specification.window, basis=basis, fits=fits, design=design)
        second = total(panel.shards(outcome, names), sums_of_scores)
        return tuple(part.study(sums) for part, sums in zip(solved, second.models, strict=True))


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
    anticipation: int = 0,
    window: Window | None = None,
    birth_month: str | None = None,
    age_spline: AgeSpline | None = None,
    small_sample: Literal["fixest", "felm"] = "fixest",
    leave_out: bool = False,
    subgroup: str | None = None,
    interact: Literal["bins", "all"] = "bins",
    confidence: float = 0.95,
    draws: int = 20_000,
    seed: int = 0,
) -> GroupedEventStudy:
    """Effects from a long DataFrame with one row a person and month; a null treatment month means never treated.

    ``outcome``, ``person``, ``month``, ``treatment_month``, ``weights``, ``cluster``, ``birth_month`` and ``subgroup``
    name columns, ``covariates`` several. Months are consecutive whole numbers; every column but the outcome and the
    month has one value a person. ``comparison`` can only be ``"not_yet_treated"``. Without a ``window``, every event
    time is its own bin and event time ``-anticipation`` the reference of the bins before.

    Raises
    ------
    RequestError
        If an argument does not apply to this estimator (``base``), or a column is not there.
    DataRefused
        If the rows are not a panel of people.
    NotEstimable
        If they cannot answer the question.
    """
    refuse_arguments(_NAME, base=base)
    refuse_comparison(_NAME, comparison, allowed=["not_yet_treated"])
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
        window=window or every_event_time(panel, outcome, anticipation=max(anticipation, 0)),
        age_spline=age_spline,
        small_sample=small_sample,
        anticipation=anticipation,
        leave_out=leave_out,
        confidence=confidence,
        draws=draws,
        seed=seed,
        covariates=tuple(covariates),
    )
    (study,) = fit(panel, outcome, specification=specification, models=[Model(subgroup=subgroup, interact=interact)])
    return study


def _excluded(first: Imputation, model: Model) -> int:
    """People whose level is missing, and of the others those without an untreated month."""
    groups = first.groups[model.subgroup]
    missing = sum(sums.untreated.counts.people + sums.once for group, sums in groups.items() if group.level < 0)
    return missing + sum(sums.without for sums in groups.values())
