r"""The static two-way regression as an average of comparisons of two timing groups.

Goodman-Bacon (2021, doi 10.1016/j.jeconom.2021.03.014), theorem 1. Of two groups of sizes :math:`n_k, n_l` that are
treated in shares :math:`D_k > D_l` of the months, the one treated earlier is compared with the other before that one is
treated, and the one treated later with the other when that one is treated already. Their weights are proportional to

.. math:: n_k n_l (D_k - D_l)(1 - D_k) \quad\text{and}\quad n_k n_l D_l (D_k - D_l);

a group never treated has :math:`D = 0`, so that the first is the paper's comparison with untreated people and the
second is nothing. Only group means by month enter. Exact where everybody is observed in every month and age is not
adjusted for; elsewhere what the pairs do not add up to is their remainder.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.regression.columns import Columns
from pipeline.inference.moments.regression.within import WithinSums

KINDS = ("treated_versus_never_treated", "earlier_versus_later_treated", "later_versus_earlier_treated")
"""Comparisons with people untreated throughout, with people not treated yet, and with people treated already."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """People of one treatment month (``treated``) compared with those of another; ``None`` is never.

    ``weight`` is of all pairs' 1, ``estimate`` the difference in differences, NaN where a side is not observed; people
    are the most observed in any month.
    """

    kind: str
    treated: int
    comparison: int | None
    weight: float
    estimate: float
    n_treated: int
    n_comparison: int


@dataclass(frozen=True, kw_only=True)
class _Path:
    """A timing group's mean outcome by month, NaN where nobody is observed, and which months are treated."""

    treatment_month: int | None
    mass: float
    people: int
    mean: NDArray[np.float64]
    treated: NDArray[np.bool_]


def is_balanced(groups: Mapping[Group, WithinSums]) -> bool:
    """Whether everybody is observed in every month of the panel."""
    return all(
        not part.counts.singletons and bool((part.counts.observed == part.counts.people).all())
        for part in groups.values()
    )


def timing_pairs(columns: Columns, groups: Mapping[Group, WithinSums]) -> tuple[Pair, ...]:
    """Every pair with a weight above zero, in order of treatment months, people never treated last."""
    paths = [_path(columns, group, part) for group, part in groups.items() if part.counts.people]
    paths = sorted(paths, key=lambda path: np.inf if path.treatment_month is None else path.treatment_month)
    pairs = [pair for early, late in itertools.combinations(paths, 2) for pair in _compared(early, late)]
    total = sum(pair.weight for pair in pairs)
    return tuple(replace(pair, weight=pair.weight / total) for pair in pairs)


def _path(columns: Columns, group: Group, part: WithinSums) -> _Path:
    mass = part.counts.mass
    cross = part.cross[: columns.n_months]
    month = columns.first_month + np.arange(columns.n_months)
    never = np.zeros(columns.n_months, dtype=bool)
    return _Path(
        treatment_month=group.treatment_month,
        mass=float(mass.max()),
        people=int(part.counts.observed.max()),
        mean=np.divide(cross, mass, out=np.full_like(cross, np.nan), where=mass > 0),
        treated=never if group.treatment_month is None else month >= group.treatment_month,
    )


def _compared(early: _Path, late: _Path) -> Iterator[Pair]:
    """Both comparisons of two groups, with weights that are not yet shares."""
    between = early.treated & ~late.treated
    share, other = float(early.treated.mean()), float(late.treated.mean())
    size = early.mass * late.mass * (share - other)
    kind = KINDS[1] if other else KINDS[0]
    if size * (1 - share) > 0:
        yield _pair(kind, early, late, weight=size * (1 - share), before=~early.treated, after=between)
    if size * other > 0:
        yield _pair(KINDS[2], late, early, weight=size * other, before=between, after=late.treated)


def _pair(
    kind: str,
    treated: _Path,
    comparison: _Path,
    *,
    weight: float,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
) -> Pair:
    assert treated.treatment_month is not None
    difference = treated.mean - comparison.mean
    return Pair(
        kind=kind,
        treated=treated.treatment_month,
        comparison=comparison.treatment_month,
        weight=weight,
        estimate=_mean(difference[after]) - _mean(difference[before]),
        n_treated=treated.people,
        n_comparison=comparison.people,
    )


def _mean(values: NDArray[np.float64]) -> float:
    """The mean of the months in which both groups are observed."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan
