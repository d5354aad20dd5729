"""The panel as estimators see it: shards of people, one row a person, one column a month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

CLUSTER = "cluster"
"""The number in a stored panel that codes what errors are clustered on."""

# What shards can be asked for beside characteristics and covariates.
PERSON, INDEX_MONTH, LINKAGE_WEIGHT = "person_id", "index_month", "linkage_weight"


@dataclass(frozen=True, kw_only=True)
class PanelShard:
    """Some of a panel's people and one outcome.

    Attributes
    ----------
    first_month
        The month (or period) of column 0; column ``t`` is month ``first_month + t``.
    outcome
        ``(n, T)`` float32 or float64; NaN where the person is not observed.
    treatment_month
        ``(n,)`` float64; NaN for people never treated.
    birth_month
        ``(n,)`` float64, or ``None`` where a panel has no ages; age in months at month ``m`` is ``m - birth_month``.
    cluster
        ``(n,)`` int64 cluster codes, or ``None``: every person is a cluster.
    weights
        ``(n,)`` float64, or ``None``: all one.
    levels
        For each characteristic, ``(n,)`` int32 positions in :attr:`Panel.levels`; -1 where missing.
    covariates
        For each numeric covariate, ``(n,)`` float64 without NaN.
    person
        ``(n,)`` ids, for draws that do not depend on how people are sharded; ``None`` where not asked for.
    index_month
        ``(n,)`` float64: the month of treatment, or for comparison people the month drawn for them; NaN where none was,
        ``None`` where not asked for.
    linkage_weight
        ``(n,)`` float64: one over the link rate of people like them, NaN where not known; ``None`` where not asked for.
    """

    first_month: int
    outcome: NDArray[np.floating]
    treatment_month: NDArray[np.float64]
    birth_month: NDArray[np.float64] | None = None
    cluster: NDArray[np.int64] | None = None
    weights: NDArray[np.float64] | None = None
    levels: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    covariates: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    person: NDArray[np.object_] | None = None
    index_month: NDArray[np.float64] | None = None
    linkage_weight: NDArray[np.float64] | None = None

    def of(self, rows: NDArray[np.int64]) -> PanelShard:
        """The shard of these people alone."""
        return replace(
            self,
            outcome=self.outcome[rows],
            treatment_month=self.treatment_month[rows],
            birth_month=None if self.birth_month is None else self.birth_month[rows],
            cluster=None if self.cluster is None else self.cluster[rows],
            weights=None if self.weights is None else self.weights[rows],
            levels={name: codes[rows] for name, codes in self.levels.items()},
            covariates={name: values[rows] for name, values in self.covariates.items()},
            person=None if self.person is None else self.person[rows],
            index_month=None if self.index_month is None else self.index_month[rows],
            linkage_weight=None if self.linkage_weight is None else self.linkage_weight[rows],
        )


class Panel(Protocol):
    """A panel that can be walked through more than once, always in the same order."""

    @property
    def first_month(self) -> int:
        """The month of column 0."""

    @property
    def n_months(self) -> int:
        """How many months (or periods) each person has a column for."""

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """The levels of each characteristic, in the order that shards number them."""

    @property
    def covariates(self) -> tuple[str, ...]:
        """Numeric facts about people, one value each, that are not characteristics."""

    def shards(self, outcome: str, names: Sequence[str] = ()) -> Iterator[PanelShard]:
        """One shard after another, with the outcome and what is named: characteristics and covariates.

        A panel that has them can be asked for :data:`PERSON`, :data:`INDEX_MONTH` and :data:`LINKAGE_WEIGHT` too.
        """
