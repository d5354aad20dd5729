r"""Sun and Abraham's interaction-weighted estimator: effects by treatment month and month, pooled by group shares.

.. math:: y_{it} = \alpha_i + \lambda_t + \sum_g \sum_{e \notin \text{reference}} \delta_{g,e} 1\{g_i = g, e_{it} = e\}
          + x_i' \kappa_t + s(\text{age}_{it}) + \varepsilon_{it}, \qquad
          \beta_b = \sum_{(g,e) \in b} w_{g,e} \delta_{g,e}

Sun and Abraham (2021, doi 10.1016/j.jeconom.2020.09.006), with people never treated, or those treated last, as
the comparison. Every event time and treatment month is its own effect, also where bins are wider; a bin weights them by
the (weighted) person-months observed. Shares are taken as they are in the data: errors do not count that another sample
would have others, as R's ``fixest::sunab``. Errors are clustered on person, or on a coarser unit that holds whole
people. Baseline covariates x have an effect of their own in every month, that timing groups share: trends may differ
by them. A covariate that is not numeric is a characteristic, an indicator for each level but the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pipeline.inference.moments.by_group.grouped import (
    Pooled,
    Sample,
    group_effects,
    grouped_event_study,
    observed_by_month,
    told_apart,
)
from pipeline.inference.moments.by_group.saturated import Saturated, saturate
from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.people.frames import FrameColumns, characteristics_and_covariates
from pipeline.inference.moments.people.shards import total
from pipeline.inference.moments.regression.columns import Columns
from pipeline.inference.moments.regression.contributors import bin_people, sets_by_group
from pipeline.inference.moments.regression.effects import Labels
from pipeline.inference.moments.regression.intervals import clustered_factor
from pipeline.inference.moments.regression.requests import (
    columns_of,
    covariate_design,
    every_event_time,
    labels_of,
    last_treated_as_comparison,
    observed_basis,
    people_columns,
    refuse_anticipated,
    refuse_arguments,
    refuse_comparison,
    requested_panel,
)
from pipeline.inference.moments.regression.scores import Fitted, FittedGroup, ScoreSums, scores
from pipeline.inference.moments.regression.within import Within, within
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import Model, Specification, specified
from pipeline.vocabulary.group_effects import GroupedEventStudy, GroupEffects
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.windows import Window

_NAME = __name__.rpartition(".")[2]


def fit(
    panel: Panel, outcome: str, *, specification: Specification, models: Sequence[Model] = (Model(),)
) -> tuple[GroupedEventStudy, ...]:
    """Effects on one outcome, one result a model, in two passes over the panel (three with an age spline).

    A bin whose every cell (treatment month and month) is of one person is not identified: its error would be of
    comparison people alone.

    Raises
    ------
    NotEstimable
        If the panel cannot answer for one of the models.
    RequestError
        If the reference or a bin reaches into the months of anticipation.
    """
    refuse_anticipated(specification.window, specification.anticipation)
    with threadpool_limits(limits=1, user_api="blas"):
        if specification.last_treated:
            panel = last_treated_as_comparison(panel, outcome, anticipation=specification.anticipation)
        basis = observed_basis(panel, outcome, specification)
        design = covariate_design(panel, outcome, specification)
        by = tuple(dict.fromkeys(model.subgroup for model in models))
        names = people_columns(models, specification)
        sums_of = partial(within, window=specification.window, basis=basis, characteristics=by, design=design)
        first = total(panel.shards(outcome, names), sums_of)
        solved = [
            _Solved(
                model=model,
                saturated=saturate(
                    columns_of(panel, model, window=specification.window, basis=basis, design=design),
                    first.groups[model.subgroup],
                ),
                labels=_labels(panel, outcome, model, first=first),
            )
            for model in models
        ]
        fits = [part.fitted(clustered=first.clustered) for part in solved]
        sums_of_scores = partial(scores, window=specification.window, basis=basis, fits=fits, design=design)
        second = total(panel.shards(outcome, names), sums_of_scores)
        return tuple(
            part.study(sums, specification=specification) for part, sums in zip(solved, second.models, strict=True)
        )


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
    subgroup: str | None = None,
    interact: Literal["bins", "all"] = "bins",
    confidence: float = 0.95,
    draws: int = 20_000,
    seed: int = 0,
) -> GroupedEventStudy:
    """Effects from a long DataFrame with one row a person and month; a null treatment month means never treated.

    ``outcome``, ``person``, ``month``, ``treatment_month``, ``weights``, ``cluster``, ``birth_month`` and ``subgroup``
    name columns, ``covariates`` several. Months are consecutive whole numbers; every column but the outcome and the
    month has one value a person. Without a ``window``, every event time is its own bin and event time ``-anticipation``
    the reference. ``comparison`` is ``"never_treated"`` (where ``None``) or ``"last_treated"``: people treated last, in
    the months before they are (and anticipate it), without those never treated.

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
    refuse_comparison(_NAME, comparison, allowed=["never_treated", "last_treated"])
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
    last_treated = comparison == "last_treated"
    if window is None:
        window = _every_event_time(panel, outcome, anticipation=max(anticipation, 0), last_treated=last_treated)
    specification = specified(
        where="estimate",
        window=window,
        age_spline=age_spline,
        small_sample=small_sample,
        anticipation=anticipation,
        last_treated=last_treated,
        confidence=confidence,
        draws=draws,
        seed=seed,
        covariates=tuple(covariates),
    )
    (study,) = fit(panel, outcome, specification=specification, models=[Model(subgroup=subgroup, interact=interact)])
    return study


def _every_event_time(panel: Panel, outcome: str, *, anticipation: int, last_treated: bool) -> Window:
    if last_treated:
        panel = last_treated_as_comparison(panel, outcome, anticipation=anticipation)
    return every_event_time(panel, outcome, anticipation=anticipation)


def _labels(panel: Panel, outcome: str, model: Model, *, first: Within) -> Labels:
    missing = sum(part.counts.people for group, part in first.groups[model.subgroup].items() if group.level < 0)
    return labels_of(panel, outcome, model, estimator=_NAME, n_excluded=missing)


@dataclass(frozen=True, kw_only=True)
class _Solved:
    """One model after the first pass."""

    model: Model
    saturated: Saturated
    labels: Labels

    @property
    def columns(self) -> Columns:
        return self.saturated.fit.columns

    def fitted(self, *, clustered: bool) -> Fitted:
        """What the second pass needs to know, group by group."""
        sets = sets_by_group(self.columns, self.saturated.counts)
        groups = {
            group: FittedGroup(
                path=path,
                slopes=self.columns.slopes(self.saturated.theta[group]),
                spline=self.columns.spline(self.saturated.theta[group]),
                sets=sets[group],
                influence=self._influence(group) if clustered else None,
            )
            for group, path in self.saturated.paths.items()
        }
        return Fitted(characteristic=self.model.subgroup, groups=groups)

    def _influence(self, group: Group) -> NDArray[np.float64]:
        """Rows for bins, and below them for cells where these are reported."""
        fit = self.saturated.fit
        if self.model.subgroup is not None:
            return fit.influence(group)
        return np.concatenate([fit.influence(group), fit.cell_influence(group)])

    def study(self, sums: ScoreSums, *, specification: Specification) -> GroupedEventStudy:
        saturated, fit = self.saturated, self.saturated.fit
        people = sum(part.people for part in saturated.counts.values())
        observations = round(sum(float(part.observed.sum()) for part in saturated.counts.values()))
        clusters = people if sums.clusters is None else len(sums.clusters.codes)
        factor = clustered_factor(
            specification.small_sample,
            observations=observations,
            regressors=saturated.regressors,
            month_effects=saturated.month_effects,
            clusters=clusters,
        )
        n_events = self.columns.n_events
        if sums.clusters is None:
            covariance = fit.covariance(sums.second)
        else:
            influence = sums.clusters.sums[:, :n_events]
            covariance = influence.T @ influence
        pooled = Pooled(
            columns=self.columns,
            att=fit.effects,
            identified=fit.identified,
            covariance=factor * covariance,
            people=bin_people(self.columns, sums.seen),
        )
        sample = Sample(
            people=people,
            singletons=sum(part.singletons for part in saturated.counts.values()),
            observations=observations,
            clusters=clusters,
            residual_df=observations - people - saturated.rank,
        )
        by_group = self._by_group(sums, factor=factor)
        return grouped_event_study(pooled, sample, by_group, labels=self.labels, specification=specification)

    def _by_group(self, sums: ScoreSums, *, factor: float) -> GroupEffects | None:
        if self.model.subgroup is not None:
            return None
        fit = self.saturated.fit
        if sums.clusters is None:
            variance = fit.cell_variance(sums.second)
        else:
            variance = (sums.clusters.sums[:, self.columns.n_events :] ** 2).sum(axis=0)
        comparison = observed_by_month(self.saturated.counts, n_months=self.columns.n_months, never=True)
        return group_effects(fit, factor * variance, comparison, kept=told_apart(fit))
