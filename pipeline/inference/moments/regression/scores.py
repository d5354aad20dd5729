"""Second pass: each person's score at the fitted effects, summed into what clustered errors need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.blocks import Block, Group, blocks, interacted, observed_months
from pipeline.inference.moments.people.design import Design
from pipeline.inference.moments.people.spline import AgeBasis
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window


@dataclass(frozen=True, kw_only=True)
class People:
    """Some people of a block; ``design`` is ``(n, 1 + K)``, ``spline`` is ``(p, n, T)``, not demeaned."""

    observed: NDArray[np.float64]
    size: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weights: NDArray[np.float64]
    design: NDArray[np.float64]
    cluster: NDArray[np.int64] | None
    spline: NDArray[np.float64] | None

    @classmethod
    def of(cls, block: Block, columns: NDArray[np.float64] | None, *, rows: NDArray[np.int64] | slice) -> People:
        """The people of these rows; ``columns`` holds everybody's age columns."""
        return cls(
            observed=block.observed[rows],
            size=block.size[rows],
            outcome=block.outcome[rows],
            weights=block.weights[rows],
            design=block.design[rows],
            cluster=None if block.cluster is None else block.cluster[rows],
            spline=None if columns is None else columns[:, rows],
        )


@dataclass(frozen=True, kw_only=True)
class FittedGroup:
    """What a fitted regression says of one group.

    Attributes
    ----------
    path
        ``(T,)`` fitted effects by month, event and calendar together.
    slopes
        ``(K, T)`` fitted effects of covariates by month.
    spline
        ``(p,)`` fitted coefficients of the age columns.
    sets
        ``(T, S)`` of 0 and 1: months; people observed in at least one month of a set are counted.
    influence
        ``(K, P)`` map from a person's score to their influence on K coefficients: needed for clusters of people only.
    """

    path: NDArray[np.float64]
    slopes: NDArray[np.float64]
    spline: NDArray[np.float64]
    sets: NDArray[np.float64]
    influence: NDArray[np.float64] | None = None

    def scores(self, people: People) -> NDArray[np.float64]:
        """``(n, P)`` weighted scores: residuals by month, then what they make of covariates and the age columns."""
        explained = self.explained(people) * people.observed
        explained -= people.observed * (explained.sum(axis=1) / people.size)[:, None]
        residual = (people.outcome - explained) * people.weights[:, None]
        beside = scores_beside(people, residual)
        return np.concatenate([residual, *beside], axis=1) if beside else residual

    def explained(self, people: People) -> NDArray[np.float64]:
        """``(n, T)``, or ``(T,)`` where it is everybody's: the fitted outcome, but for the person's own effect."""
        path = self.path
        if people.spline is not None:
            path = np.tensordot(self.spline, people.spline, axes=1) + path
        if len(self.slopes):
            path = people.design[:, 1:] @ self.slopes + path
        return path

    def seen(self, people: People) -> NDArray[np.float64]:
        """``(S,)`` people observed in each set of months."""
        counted: NDArray[np.float64] = (people.observed @ self.sets > 0).sum(axis=0, dtype=np.float64)
        return counted


def scores_beside(people: People, residual: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """What people's ``(n, T)`` residuals make of covariates, ``(n, K T)``, and age, ``(n, p)``, where there are any."""
    found = []
    if people.design.shape[1] > 1:
        found.append(interacted(residual, people.design[:, 1:]))
    if people.spline is not None:
        found.append(np.einsum("pnt,nt->np", people.spline, residual))
    return found


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fitted regression, group by group; people of groups that are not named took no part in it."""

    characteristic: str | None
    groups: Mapping[Group, FittedGroup]


@dataclass(frozen=True, kw_only=True)
class ClusterSums:
    """Influence summed by cluster: ``codes`` ``(C,)`` sorted, ``sums`` ``(C, K)``."""

    codes: NDArray[np.int64]
    sums: NDArray[np.float64]

    def __add__(self, other: ClusterSums) -> ClusterSums:
        return cluster_sums(np.concatenate([self.codes, other.codes]), np.concatenate([self.sums, other.sums]))


def cluster_sums(codes: NDArray[np.int64], rows: NDArray[np.float64]) -> ClusterSums:
    """Rows added up by cluster code."""
    distinct, position = np.unique(codes, return_inverse=True)
    sums = np.zeros((len(distinct), rows.shape[1]))
    np.add.at(sums, position, rows)
    return ClusterSums(codes=distinct, sums=sums)


@dataclass(frozen=True, kw_only=True)
class ScoreSums:
    r"""Sums over people's scores for one regression; those of two shards add.

    Attributes
    ----------
    second
        By group, ``(P, P)`` :math:`V_g = \sum_i v_i v_i'`, where :math:`v_i = w_i [e_i, S_i' e_i]` holds person i's
        demeaned residuals by month and the scores of the other columns. Empty where people are clustered.
    seen
        By group, ``(S,)`` people observed in each set of months.
    clusters
        Influence by cluster of people, or ``None``: every person is a cluster.
    """

    second: Mapping[Group, NDArray[np.float64]]
    seen: Mapping[Group, NDArray[np.float64]]
    clusters: ClusterSums | None = None

    def __add__(self, other: ScoreSums) -> ScoreSums:
        parts = [part for part in (self.clusters, other.clusters) if part is not None]
        return ScoreSums(
            second=_merged(self.second, other.second),
            seen=_merged(self.seen, other.seen),
            clusters=sum(parts[1:], start=parts[0]) if parts else None,
        )


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The score sums of several regressions, in the order of their fits."""

    models: tuple[ScoreSums, ...]

    def __add__(self, other: Scores) -> Scores:
        return Scores(models=tuple(mine + its for mine, its in zip(self.models, other.models, strict=True)))


def _merged(
    mine: Mapping[Group, NDArray[np.float64]], other: Mapping[Group, NDArray[np.float64]]
) -> dict[Group, NDArray[np.float64]]:
    merged = dict(mine)
    for group, sums in other.items():
        merged[group] = merged[group] + sums if group in merged else sums
    return merged


def scores(
    shard: PanelShard,
    *,
    window: Window,
    basis: AgeBasis | None,
    fits: Sequence[Fitted],
    design: Design | None = None,
) -> Scores:
    """The score sums of one shard, for several regressions on the same outcome at once."""
    observed = observed_months(shard, window)
    names = sorted({fit.characteristic for fit in fits if fit.characteristic is not None})
    windows = None if basis is None else basis.windows(observed.shape[1])
    collected = [_Collected(second={}, seen={}, codes=[], influence=[]) for _ in fits]
    rows_of = None if design is None else design.rows(shard)
    for block in blocks(shard, observed, basis=basis, design=rows_of, characteristics=names):
        columns = None if windows is None or block.entry is None else np.take(windows, block.entry, axis=1)
        for fit, into in zip(fits, collected, strict=True):
            for group, rows in block.by_level(fit.characteristic):
                if group in fit.groups:
                    into.add(group, People.of(block, columns, rows=rows), fit.groups[group])
    return Scores(models=tuple(part.sums() for part in collected))


@dataclass(frozen=True, kw_only=True)
class _Collected:
    """What one regression has collected so far in a shard."""

    second: dict[Group, NDArray[np.float64]]
    seen: dict[Group, NDArray[np.float64]]
    codes: list[NDArray[np.int64]]
    influence: list[NDArray[np.float64]]

    def add(self, group: Group, people: People, fitted: FittedGroup) -> None:
        self.seen[group] = self.seen.get(group, 0) + fitted.seen(people)
        person_scores = fitted.scores(people)
        if fitted.influence is None or people.cluster is None:
            self.second[group] = self.second.get(group, 0) + person_scores.T @ person_scores
            return
        contributes = people.observed.any(axis=1)
        self.codes.append(people.cluster[contributes])
        self.influence.append(person_scores[contributes] @ fitted.influence.T)

    def sums(self) -> ScoreSums:
        clusters = cluster_sums(np.concatenate(self.codes), np.concatenate(self.influence)) if self.codes else None
        return ScoreSums(second=self.second, seen=self.seen, clusters=clusters)
