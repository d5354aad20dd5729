"""Imputation with its pre-trend test: effects after the index and leads before it, under one covariance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.by_group.grouped import (
    Pooled,
    Sample,
    group_effects,
    grouped_event_study,
    refuse_few_clusters,
    told_apart,
)
from pipeline.inference.moments.by_group.imputed import Imputed, ImputedGroup, impute
from pipeline.inference.moments.by_group.pooling import CellFit
from pipeline.inference.moments.by_group.untreated import ImputationSums
from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.regression.columns import Columns
from pipeline.inference.moments.regression.contributors import bin_people, comparison_sets, months_by_bin
from pipeline.inference.moments.regression.effects import Labels
from pipeline.inference.moments.regression.intervals import clustered_factor
from pipeline.inference.moments.regression.regression import Regression, fitted, regress
from pipeline.inference.moments.regression.scores import Fitted, ScoreSums
from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.group_effects import GroupedEventStudy, GroupEffects


@dataclass(frozen=True, kw_only=True)
class SolvedImputation:
    """One model after the first pass; ``leads`` is ``None`` where no bin before the index is identified."""

    imputed: Imputed
    leads: Regression | None
    labels: Labels
    specification: Specification

    @classmethod
    def of(
        cls,
        columns: Columns,
        groups: Mapping[Group, ImputationSums],
        *,
        labels: Labels,
        specification: Specification,
    ) -> SolvedImputation:
        """Both parts solved.

        Raises
        ------
        NotEstimable
            If there is no effect after the index.
        """
        return cls(
            imputed=impute(columns, groups, anticipation=specification.anticipation),
            leads=_leads(columns, groups, anticipation=specification.anticipation),
            labels=labels,
            specification=specification,
        )

    @property
    def fit(self) -> CellFit:
        """The cells after the index."""
        return self.imputed.fit

    @property
    def columns(self) -> Columns:
        """Of all bins."""
        return self.fit.columns

    @property
    def _lead_rows(self) -> NDArray[np.int64]:
        """Which of the ``L * B`` effects are leads."""
        before = [part.last <= -self.specification.anticipation for part in self.columns.bins]
        return np.flatnonzero(np.tile(before, self.columns.n_levels))

    @property
    def _summed(self) -> bool:
        """Whether the second pass takes people's influence on leads, not their scores: where that is narrower."""
        return len(self._lead_rows) < self.columns.width

    def fitted(self, *, characteristic: str | None, clustered: bool) -> Fitted:
        """What the second pass needs to know, group by group."""
        leads = None
        if self.leads is not None:
            leads = fitted(self.leads, characteristic=characteristic, clustered=self._summed).groups
        columns, sets = self.columns, self._sets()
        groups = {
            group: ImputedGroup(
                path=self.imputed.theta[group][: columns.n_months],
                slopes=columns.slopes(self.imputed.theta[group]),
                spline=columns.spline(self.imputed.theta[group]),
                sets=sets[group],
                influence=self._influence(group, cells=characteristic is None) if clustered else None,
                untreated=self.imputed.untreated[group],
                centres=self.imputed.centres[group],
                squares=sums.squared.mass if self.specification.leave_out else None,
                lead=None if leads is None else leads[group],
            )
            for group, sums in self.imputed.sums.items()
        }
        return Fitted(characteristic=characteristic, groups=groups)

    def _influence(self, group: Group, *, cells: bool = False) -> NDArray[np.float64]:
        """``(L * B, P)``, wider with leads: what :meth:`ImputedGroup.scores` says to its influence on all bins.

        Below, on cells.
        """
        rows = [self.fit.influence(group), *([self.fit.cell_influence(group)] if cells else [])]
        own = np.concatenate(rows)
        if self.leads is None:
            return own
        bread = self.leads.solved.bread[: self.leads.columns.n_events]
        leads = np.eye(len(bread)) if self._summed else self.leads.columns.influence(group, bread)
        beside = np.zeros((len(own), leads.shape[1]))
        beside[self._lead_rows] = leads
        return np.concatenate([own, beside], axis=1)

    def _sets(self) -> dict[Group, NDArray[np.float64]]:
        """``(T, S)`` a group: the months of its own bins, then those in which its people are the comparison.

        Bins before the index are compared with people never treated, the others with everybody untreated.
        """
        columns, imputed = self.columns, self.imputed
        used = {group: self._used(group) for group in imputed.sums}
        treated = months_by_bin(columns, used)
        after = treated.copy()
        after[:, :, [k for k in self._lead_rows if k < len(columns.bins)]] = 0.0
        sets = {}
        for group in imputed.sums:
            if group.treatment_month is None:
                sets[group] = comparison_sets(columns, treated, level=group.level)
                continue
            own = columns.sets(group.treatment_month) * (used[group] > 0)[:, None]
            compared = comparison_sets(columns, after, level=group.level) * imputed.untreated[group][:, None]
            sets[group] = np.concatenate([own, compared], axis=1)
        return sets

    def _used(self, group: Group) -> NDArray[np.float64]:
        """``(T,)`` people by month: untreated, or treated and imputed."""
        used = self.imputed.sums[group].untreated.counts.observed.copy()
        if group in self.fit.cells:
            cells = self.fit.cells[group]
            used[cells.months] += cells.people * cells.identified
        return used

    def study(self, sums: ScoreSums) -> GroupedEventStudy:
        """The result, from the second pass."""
        sample = self._sample(clusters=None if sums.clusters is None else len(sums.clusters.codes))
        refuse_few_clusters(sample.clusters)
        n_events, rows = self.columns.n_events, self._lead_rows
        if sums.clusters is None:
            covariance = np.zeros((n_events, n_events))
            for group, moment in sums.second.items():
                influence = self._influence(group)
                covariance += influence @ moment @ influence.T
        else:
            influence = sums.clusters.sums[:, :n_events]
            covariance = influence.T @ influence
        att, identified, scale = self.fit.effects.copy(), self.fit.identified.copy(), np.ones(n_events)
        if self.leads is not None:
            att[rows] = self.leads.coefficients[: len(rows)]
            identified[rows] = self.leads.identified
            scale[rows] = np.sqrt(self._lead_factor(self.leads, sums))
        pooled = Pooled(
            columns=self.columns,
            att=att,
            identified=identified,
            covariance=covariance * np.outer(scale, scale),
            people=bin_people(self.columns, sums.seen),
        )
        by_group = self._by_group(sums)
        return grouped_event_study(pooled, sample, by_group, labels=self.labels, specification=self.specification)

    def _lead_factor(self, leads: Regression, sums: ScoreSums) -> float:
        return clustered_factor(
            self.specification.small_sample,
            observations=leads.n_observations,
            regressors=leads.regressors,
            month_effects=leads.month_effects,
            clusters=leads.n_people if sums.clusters is None else len(sums.clusters.codes),
        )

    def _sample(self, *, clusters: int | None) -> Sample:
        sums = self.imputed.sums.values()
        once = sum(part.once for part in sums)
        people = once + sum(part.untreated.counts.people for part in sums)
        observed = [float(part.untreated.counts.observed.sum() + part.observed.sum()) for part in sums]
        observations = once + round(sum(observed))
        cells = sum(int((part.identified & (part.people > 0)).sum()) for part in self.fit.cells.values())
        return Sample(
            people=people,
            singletons=sum(part.untreated.counts.singletons - part.once for part in sums),
            observations=observations,
            clusters=people if clusters is None else clusters,
            residual_df=observations - people - self.imputed.rank - cells,
        )

    def _by_group(self, sums: ScoreSums) -> GroupEffects | None:
        if self.labels.subgroup != "all":
            return None
        width = self.columns.width
        if sums.clusters is None:
            own = {group: moment[:width, :width] for group, moment in sums.second.items()}
            variance = self.fit.cell_variance(own)
        else:
            variance = (sums.clusters.sums[:, self.columns.n_events :] ** 2).sum(axis=0)
        untreated = [part.untreated.counts.observed for part in self.imputed.sums.values()]
        return group_effects(self.fit, variance, np.sum(untreated, axis=0), kept=told_apart(self.fit))


def _leads(columns: Columns, groups: Mapping[Group, ImputationSums], *, anticipation: int) -> Regression | None:
    """The pre-trend regression on untreated months; ``None`` where it identifies nothing."""
    before = replace(columns, window=columns.window.model_copy(update={"after": -anticipation}))
    if not before.bins:
        return None
    try:
        return regress(before, {group: sums.untreated for group, sums in groups.items()})
    except NotEstimable:
        return None
