"""Sums for imputation: a regression on untreated person-months, and what it is carried to in treated ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.blocks import Block, Group, blocks, interacted, observed_months
from pipeline.inference.moments.people.design import Design
from pipeline.inference.moments.people.spline import AgeBasis
from pipeline.inference.moments.regression.within import WithinSums, add_to_diagonals, by_month, masked_age, within_sums
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.windows import Window


def untreated_months(
    treatment_month: int | None, *, first_month: int, n_months: int, anticipation: int
) -> NDArray[np.float64]:
    """``(T,)`` 1 where people treated then are not treated yet, and do not anticipate it; else 0."""
    if treatment_month is None:
        return np.ones(n_months)
    event_time = first_month + np.arange(n_months) - treatment_month + 1
    return (event_time <= -anticipation).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class Reach:
    r"""One group's treated person-months by month, people weighted by :math:`w_i`; only people who can be imputed.

    Attributes
    ----------
    mass
        ``(T,)`` :math:`\sum_i w_i`.
    outcome
        ``(T,)`` :math:`\sum_i w_i (y_{it} - \bar y_{i0})`, the mean being over the person's untreated months.
    columns
        ``(T, P)`` :math:`\sum_i w_i (z_{it} - \bar z_{i0})` of month, covariate and age columns.
    """

    mass: NDArray[np.float64]
    outcome: NDArray[np.float64]
    columns: NDArray[np.float64]

    def __add__(self, other: Reach) -> Reach:
        return Reach(
            mass=self.mass + other.mass,
            outcome=self.outcome + other.outcome,
            columns=self.columns + other.columns,
        )

    def effects(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(T,)`` mean of observed less imputed; 0 where nobody is treated."""
        share = np.divide(1.0, self.mass, out=np.zeros_like(self.mass), where=self.mass > 0)
        effects: NDArray[np.float64] = (self.outcome - self.columns @ theta) * share
        return effects


@dataclass(frozen=True, kw_only=True)
class ImputationSums:
    """One group's people.

    Attributes
    ----------
    untreated
        Of their untreated person-months, as if there were no others.
    treated, squared
        Of their treated ones, by weights, and by squared weights.
    observed
        ``(T,)`` people behind :attr:`treated`.
    once
        How many of them have one untreated month.
    without
        People observed in two months or more, never untreated: they cannot be imputed.
    """

    untreated: WithinSums
    treated: Reach
    squared: Reach
    observed: NDArray[np.float64]
    once: int
    without: int

    def __add__(self, other: ImputationSums) -> ImputationSums:
        return ImputationSums(
            untreated=self.untreated + other.untreated,
            treated=self.treated + other.treated,
            squared=self.squared + other.squared,
            observed=self.observed + other.observed,
            once=self.once + other.once,
            without=self.without + other.without,
        )


@dataclass(frozen=True, kw_only=True)
class Imputation:
    """The sums of every group, by characteristic (``None``: everybody is one level); two shards' add."""

    groups: Mapping[str | None, Mapping[Group, ImputationSums]]
    clustered: bool

    def __add__(self, other: Imputation) -> Imputation:
        groups = {}
        for name, mine in self.groups.items():
            groups[name] = dict(mine)
            for group, sums in other.groups[name].items():
                groups[name][group] = groups[name][group] + sums if group in groups[name] else sums
        return Imputation(groups=groups, clustered=self.clustered or other.clustered)


def imputation(
    shard: PanelShard,
    *,
    window: Window,
    basis: AgeBasis | None,
    characteristics: tuple[str | None, ...],
    anticipation: int,
    design: Design | None = None,
) -> Imputation:
    """The sums of one shard, for several ways of grouping its people at once."""
    groups: dict[str | None, dict[Group, ImputationSums]] = {name: {} for name in characteristics}
    observed = observed_months(shard, window)
    n_months = observed.shape[1]
    windows = None if basis is None else basis.windows(n_months)
    names = [name for name in characteristics if name is not None]
    rows_of = None if design is None else design.rows(shard)
    for block in blocks(shard, observed, basis=basis, design=rows_of, characteristics=names):
        untreated = untreated_months(
            block.treatment_month, first_month=shard.first_month, n_months=n_months, anticipation=anticipation
        )
        parted = part(block.observed, block.outcome, untreated)
        before = replace(
            block,
            observed=parted.before,
            size=np.maximum(parted.size, 1.0),
            outcome=parted.deviation * parted.before,
            singletons=block.singletons | (parted.size == 1),
        )
        age, spline = masked_age(before, windows), None if block.entry is None else windows
        for name, found in groups.items():
            for group, rows in block.by_level(name):
                sums = _sums(block, parted, spline, rows=rows, untreated=within_sums(before, age, rows=rows))
                found[group] = found[group] + sums if group in found else sums
    return Imputation(groups=groups, clustered=shard.cluster is not None)


class Parted(NamedTuple):
    """People's months: ``base`` ``(n, T)`` untreated, ``before`` the same but of people with two or more of them.

    ``treated`` ``(n, T)`` treated, of people who can be imputed; ``size`` ``(n,)`` untreated months; ``deviation``
    ``(n, T)`` outcome less its untreated mean, 0 where not observed or not to be imputed.
    """

    base: NDArray[np.float64]
    before: NDArray[np.float64]
    treated: NDArray[np.float64]
    size: NDArray[np.float64]
    deviation: NDArray[np.float64]

    def of(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Parted:
        """The same of some of the people."""
        return Parted(*(array[rows] for array in self))


def part(observed: NDArray[np.float64], outcome: NDArray[np.float64], untreated: NDArray[np.float64]) -> Parted:
    """The months of people of one treatment month, told apart; ``outcome`` is less the person's mean, as a block's."""
    if untreated.all():
        nothing, size = np.zeros_like(observed), observed.sum(axis=1)
        return Parted(base=observed, before=observed, treated=nothing, size=size, deviation=outcome)
    base = observed * untreated
    size = base.sum(axis=1)
    imputable = (size > 0)[:, None]
    mean = (outcome * base).sum(axis=1) / np.maximum(size, 1.0)
    return Parted(
        base=base,
        before=base * (size > 1)[:, None],
        treated=(observed - base) * imputable,
        size=size,
        deviation=(outcome - mean[:, None]) * observed * imputable,
    )


def _sums(
    block: Block,
    parted: Parted,
    windows: NDArray[np.float64] | None,
    *,
    rows: NDArray[np.int64] | slice,
    untreated: WithinSums,
) -> ImputationSums:
    own = parted.of(rows)
    treated_people: NDArray[np.bool_] = own.treated.sum(axis=1) > 0
    weights, reached = block.weights[rows], own.of(treated_people)
    columns = None
    if windows is not None and block.entry is not None:
        columns = np.take(windows, block.entry[rows][treated_people], axis=1)
    reach = partial(_reach, reached, block.design[rows][treated_people], columns)
    treated = reach(weights=weights[treated_people])
    unweighted = bool((weights == 1).all())
    return ImputationSums(
        untreated=untreated,
        treated=treated,
        squared=treated if unweighted else reach(weights=weights[treated_people] ** 2),
        observed=own.treated.sum(axis=0),
        once=int((treated_people & (own.size == 1)).sum()),
        without=int((block.observed[rows].any(axis=1) & (own.size == 0)).sum()),
    )


def _reach(
    own: Parted,
    design: NDArray[np.float64],
    columns: NDArray[np.float64] | None,
    *,
    weights: NDArray[np.float64],
) -> Reach:
    mass = own.treated * weights[:, None]
    share = own.base / np.maximum(own.size, 1.0)[:, None]
    calendar = -(mass.T @ interacted(share, design))
    add_to_diagonals(calendar, by_month(mass, np.ones((len(mass), 1)), design))
    parts = [calendar]
    if columns is not None:
        means = np.einsum("pnt,nt->np", columns, share)
        parts.append(np.einsum("pnt,nt->tp", columns, mass) - mass.T @ means)
    return Reach(
        mass=mass.sum(axis=0),
        outcome=(mass * own.deviation).sum(axis=0),
        columns=np.concatenate(parts, axis=1),
    )
