r"""Group-time average treatment effects against people never or not yet treated, and what they add up to.

.. math:: ATT(g, t) = E[Y_t - Y_b \mid G = g] - E[\,E[Y_t - Y_b \mid X, C] \mid G = g]

for people first treated in month g, a base month b before it and comparison people C: doubly robust, by regression or
by weighting. Callaway and Sant'Anna (2021), doi 10.1016/j.jeconom.2020.12.001; two-by-two estimators of Sant'Anna and
Zhao (2020), doi 10.1016/j.jeconom.2020.06.003. Errors come from influence functions, summed within clusters of people,
without a small-sample factor, as in R's ``did`` 2.5.1; intervals take Student's t with clusters less one.

An unbalanced panel stays as it is: a person takes part in each comparison in whose two months they are observed.
Effects are relative to the base month, or to the mean over the window's reference where that is longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import pandas as pd
from threadpoolctl import threadpool_limits

from pipeline.inference.moments.group_time.cells import Cells, cells_of
from pipeline.inference.moments.group_time.comparisons import solve, solve_pairs
from pipeline.inference.moments.group_time.contrasts import grid
from pipeline.inference.moments.group_time.influence import InfluenceSums, influence_sums
from pipeline.inference.moments.group_time.linear_influence import linear, linear_influence_sums
from pipeline.inference.moments.group_time.nuisance import About
from pipeline.inference.moments.group_time.pairs import CensusWithPairs, cell_variances, census_with_pairs, sides
from pipeline.inference.moments.group_time.study import group_time_study
from pipeline.inference.moments.group_time.summaries import Report, report, reported
from pipeline.inference.moments.group_time.two_by_two import Solved
from pipeline.inference.moments.people.census import Census, census
from pipeline.inference.moments.people.frames import (
    FrameColumns,
    characteristics_and_covariates,
    frame_panel,
)
from pipeline.inference.moments.people.shards import total
from pipeline.inference.moments.regression.effects import Labels
from pipeline.inference.moments.regression.requests import every_event_time, refuse_arguments
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import Model, Specification, specified
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError
from pipeline.vocabulary.group_time import FEWEST, GroupTimeStudy
from pipeline.vocabulary.panels import Panel, PanelShard
from pipeline.vocabulary.windows import Window

_NAME = __name__.rpartition(".")[2]


def fit(
    panel: Panel,
    outcome: str,
    *,
    specification: Specification,
    models: Sequence[Model] = (Model(),),
    detail: bool = False,
) -> tuple[GroupTimeStudy, ...]:
    """Effects on one outcome, one result a model; two passes over the panel for each, more with covariates.

    With ``interact="bins"`` treated people of a level are compared with people of all levels, with ``"all"`` with those
    of their own. People whose level or characteristic is missing are left out. ``detail`` keeps the series by event
    time, group and month where there are more cells than their covariance is kept for. The specification's age spline
    and small-sample factor are those of regressions and play no part.

    Raises
    ------
    RequestError
        If the window's reference does not end before anticipation begins, or a covariate is not there.
    NotEstimable
        If the panel cannot answer for one of the models.
    """
    _refuse_reference(specification)
    _refuse_covariates(panel, specification.covariates)
    with threadpool_limits(limits=1, user_api="blas"):
        return tuple(
            _Fit(panel, outcome, specification=specification, model=model).study(detail=detail) for model in models
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
    comparison: Literal["never_treated", "not_yet_treated"] = "not_yet_treated",
    base: Literal["universal", "varying"] = "universal",
    anticipation: int = 0,
    method: Literal["doubly_robust", "regression", "weighting"] = "doubly_robust",
    window: Window | None = None,
    birth_month: str | None = None,
    age_spline: AgeSpline | None = None,
    small_sample: str | None = None,
    subgroup: str | None = None,
    interact: Literal["bins", "all"] = "bins",
    confidence: float = 0.95,
    draws: int = 20_000,
    seed: int = 0,
) -> GroupTimeStudy:
    """Effects from a long DataFrame with one row a person and month; a null treatment month means never treated.

    ``outcome``, ``person``, ``month``, ``treatment_month``, ``covariates``, ``weights``, ``cluster`` and ``subgroup``
    name columns. Months are consecutive whole numbers; every column but the outcome and the month has one value a
    person. Covariates that are not numeric are characteristics: an indicator a level. Without a ``window``, every event
    time is its own bin and the last month before anticipation may begin is the reference.

    Raises
    ------
    RequestError
        If an argument does not apply to this estimator (``birth_month``, ``age_spline``, ``small_sample``) or is out of
        range, or a column is not there.
    DataRefused
        If the rows are not a panel of people.
    NotEstimable
        If they cannot answer the question.
    """
    refuse_arguments(_NAME, birth_month=birth_month, age_spline=age_spline, small_sample=small_sample)
    columns = FrameColumns(
        outcome=outcome,
        person=person,
        month=month,
        treatment_month=treatment_month,
        weights=weights,
        cluster=cluster,
        **characteristics_and_covariates(frame, covariates, subgroup=subgroup),
    )
    panel = frame_panel(frame, columns)
    early = max(anticipation, 0) if base == "universal" else 0
    specification = specified(
        where="estimate",
        window=window or every_event_time(panel, outcome, anticipation=early),
        confidence=confidence,
        draws=draws,
        seed=seed,
        comparison=comparison,
        base=base,
        anticipation=anticipation,
        method=method,
        covariates=tuple(covariates),
    )
    model = Model(subgroup=subgroup, interact=interact)
    (study,) = fit(panel, outcome, specification=specification, models=[model], detail=True)
    return study


def _refuse_reference(specification: Specification) -> None:
    last, anticipation = specification.window.reference[1], specification.anticipation
    if specification.base == "universal" and last > -anticipation:
        raise RequestError(
            Fault(
                what=f"the reference ends at event time {last}, but effects may begin {anticipation} months early",
                remedy=f"Choose a reference that ends at or before event time {-anticipation}.",
            )
        )


def _refuse_covariates(panel: Panel, covariates: Sequence[str]) -> None:
    unknown = [name for name in covariates if name not in panel.levels and name not in panel.covariates]
    if unknown:
        remedy = f"It has {', '.join((*panel.levels, *panel.covariates)) or 'none'}."
        raise RequestError([Fault(what=f"the panel has no covariate {name!r}", remedy=remedy) for name in unknown])


class _Fit:
    """One model's passes over the panel."""

    def __init__(self, panel: Panel, outcome: str, *, specification: Specification, model: Model) -> None:
        self.panel, self.outcome, self.specification, self.model = panel, outcome, specification, model
        self.covariates = specification.covariates
        self.levels = {name: len(panel.levels[name]) for name in self.covariates if name in panel.levels}
        self.names = tuple(dict.fromkeys([*self.covariates, *([model.subgroup] if model.subgroup else [])]))

    def study(self, *, detail: bool) -> GroupTimeStudy:
        """The result of the model."""
        return self._adjusted(detail=detail) if self.covariates else self._unconditional(detail=detail)

    def _adjusted(self, *, detail: bool) -> GroupTimeStudy:
        people = total(
            self._shards(),
            partial(census, covariates=self.covariates, levels=self.levels, subgroup=self.model.subgroup),
        )
        about = self._about(people)
        solved = solve(self._shards, about, method=self.specification.method)
        of = self._report(people, solved, detail=detail)
        summing = partial(
            influence_sums,
            about=about,
            solved=solved,
            reported=reported(of, solved),
            n_levels=of.n_levels,
            squares=of.from_squares,
        )
        return self._study(of, total(self._shards(), summing), solved=solved, people=people)

    def _unconditional(self, *, detail: bool) -> GroupTimeStudy:
        first: CensusWithPairs = total(self._shards(), partial(census_with_pairs, subgroup=self.model.subgroup))
        people, about = first.census, self._about(first.census)
        both = sides(first.pairs, about.groups)
        solved = solve_pairs(both, about)
        of = self._report(people, solved, detail=detail)
        ready = linear(solved, reported(of, solved), n_months=self.panel.n_months, n_levels=of.n_levels)
        sums = total(self._shards(), partial(linear_influence_sums, about=about, of=ready))
        if of.from_squares:
            sums = sums.with_squares(cell_variances(both, solved))
        return self._study(of, sums, solved=solved, people=people)

    def _about(self, people: Census) -> About:
        _refuse_people(people, not_yet=self.specification.comparison == "not_yet_treated")
        return About(
            design=people.design(self.covariates, self.levels),
            subgroup=self.model.subgroup,
            groups=self._groups(people),
        )

    def _study(self, of: Report, sums: InfluenceSums, *, solved: Sequence[Solved], people: Census) -> GroupTimeStudy:
        return group_time_study(
            of,
            sums,
            solved=solved,
            census=people,
            labels=self._labels(people),
            specification=self.specification,
        )

    def _report(self, people: Census, solved: Sequence[Solved], *, detail: bool) -> Report:
        universal, window = self.specification.base == "universal", self.specification.window
        on = grid(
            solved,
            masses=[people.masses[part.cells.cohort] for part in solved],
            first_month=self.panel.first_month,
            reference=window.reference if universal else None,
        )
        bins = [replace(part, reference=False) for part in window.binned if not (universal and part.reference)]
        n_levels = 1 if self.model.subgroup is None else len(self.panel.levels[self.model.subgroup])
        return report(on, bins=bins, n_levels=n_levels, detail=detail)

    def _groups(self, people: Census) -> tuple[Cells, ...]:
        groups = cells_of(
            sorted(people.masses),
            observed=people.months > 0,
            first_month=self.panel.first_month,
            specification=self.specification,
            shared=self.model.interact == "bins",
        )
        treated = sum(people.people[part.cohort] for part in groups)
        if treated < FEWEST:
            raise NotEstimable(
                Fault(
                    what="fewer than two treated people have a base month in the panel",
                    count=treated,
                    unit="found",
                    remedy="Choose a longer panel or a larger cohort.",
                )
            )
        return groups

    def _shards(self) -> Iterator[PanelShard]:
        return self.panel.shards(self.outcome, self.names)

    def _labels(self, people: Census) -> Labels:
        subgroup = self.model.subgroup
        return Labels(
            estimator=_NAME,
            outcome=self.outcome,
            subgroup=subgroup or "all",
            levels=("",) if subgroup is None else tuple(self.panel.levels[subgroup]),
            n_excluded=people.excluded,
        )


def _refuse_people(people: Census, *, not_yet: bool) -> None:
    if not people.people:
        raise NotEstimable(Fault(what="nobody is treated", remedy="Check the cohort."))
    if not people.never and not not_yet:
        raise NotEstimable(
            Fault(
                what="nobody is never treated: there is nobody to compare with",
                remedy="Compare with people not yet treated.",
            )
        )
    if not people.never and len({cohort.treatment_month for cohort in people.people}) == 1:
        what = "everybody is treated in the same month: there is nobody to compare with"
        raise NotEstimable(Fault(what=what, remedy="Add people who are treated later or never."))
