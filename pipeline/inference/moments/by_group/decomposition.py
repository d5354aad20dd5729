r"""What a regression on event bins makes of the effects of timing groups: a weight for each group and month.

The regression is nested in the saturated one (:mod:`saturated`), whose residual is orthogonal to its columns X. With R
the indicators of the saturated regression's cells, every coefficient is therefore a weighted sum of cell effects,

.. math:: \beta_b = \sum_{g,t} W_{b;g,t} \delta_{g,t}, \qquad W = (X'X)^{-1} X' R,

Sun and Abraham (2021, doi 10.1016/j.jeconom.2020.09.006), proposition 1, here for any mask, weights and age columns.
The weights add up to 1 over the cells of bin b and to 0 over those of every other bin. With one bin for all months from
the index on, they are those of de Chaisemartin and D'Haultfoeuille (2020, doi 10.1257/aer.20181169).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.moments.by_group.grouped import observed_by_month
from pipeline.inference.moments.by_group.saturated import saturate
from pipeline.inference.moments.people.blocks import Group
from pipeline.inference.moments.regression.columns import Columns
from pipeline.inference.moments.regression.regression import Regression, regress
from pipeline.inference.moments.regression.within import WithinSums
from pipeline.vocabulary.windows import Bin, Window


@dataclass(frozen=True, kw_only=True)
class OneEffect(Columns):
    """The columns of a static regression: one effect for all months from the index month on."""

    @cached_property
    def bins(self) -> tuple[Bin, ...]:
        """The one bin; all months before the index are the reference."""
        return (Bin(number=1, first=1, last=self.window.after, reference=False),)


def one_effect(columns: Columns) -> OneEffect:
    """The static regression on the same months of the same people."""
    window = Window(
        before=columns.window.before,
        after=columns.window.after,
        reference=(-columns.window.before, 0),
        bins=columns.window.bins,
    )
    return OneEffect(
        window=window,
        first_month=columns.first_month,
        n_months=columns.n_months,
        n_spline=columns.n_spline,
        n_levels=1,
        common=True,
        n_covariates=columns.n_covariates,
    )


@dataclass(frozen=True, kw_only=True)
class CellWeights:
    """``B`` coefficients as weighted sums of ``M`` cells: treatment months by month, in order of treatment month.

    Attributes
    ----------
    bins
        ``B``, in order of event time.
    coefficients, pooled
        ``(B,)`` of the regression, and the same cells pooled by their people (Sun and Abraham); NaN not identified.
    treatment_month, month, bin
        ``(M,)``; ``bin`` is a place in ``bins``.
    effects, identified
        ``(M,)``; an effect that is not identified solves the equations with the others and means nothing by itself.
    shares
        ``(M,)`` of a cell in its bin, by the weights of the people observed; 0 where not identified.
    weights
        ``(B, M)``.
    people, compared
        ``(M,)`` people observed in the cell, and never-treated people observed in its month.
    """

    bins: tuple[Bin, ...]
    coefficients: NDArray[np.float64]
    pooled: NDArray[np.float64]
    treatment_month: NDArray[np.int64]
    month: NDArray[np.int64]
    bin: NDArray[np.int64]
    effects: NDArray[np.float64]
    identified: NDArray[np.bool_]
    shares: NDArray[np.float64]
    weights: NDArray[np.float64]
    people: NDArray[np.int64]
    compared: NDArray[np.int64]

    @property
    def own(self) -> NDArray[np.bool_]:
        """``(B, M)`` which cells lie in which bin."""
        own: NDArray[np.bool_] = np.arange(len(self.bins))[:, None] == self.bin
        return own

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """``(G,)`` the first cell of each timing group."""
        first: NDArray[np.int64] = np.unique(self.treatment_month, return_index=True)[1]
        return first

    def most(self, people: NDArray[np.int64]) -> NDArray[np.int64]:
        """``(…, G)`` the most people of each timing group in any of its cells, of a ``(…, M)`` array."""
        most: NDArray[np.int64] = np.maximum.reduceat(people, self.starts, axis=-1)
        return most


def cell_weights(columns: Columns, groups: Mapping[Group, WithinSums]) -> CellWeights:
    """The weights of one regression of everybody, and the effects that they weight.

    Raises
    ------
    NotEstimable
        If the panel identifies no effect of either regression.
    """
    regression, saturated = regress(columns, groups), saturate(columns, groups)
    fit = saturated.fit
    treated = sorted(fit.cells, key=lambda group: group.treatment_month or 0)
    cells = [fit.cells[group] for group in treated]
    months = np.concatenate([part.months for part in cells])
    in_bin = np.concatenate([_bins(columns, group, part.months) for group, part in zip(treated, cells, strict=True)])
    never = observed_by_month(saturated.counts, n_months=columns.n_months, never=True)
    return CellWeights(
        bins=columns.bins,
        coefficients=np.where(regression.identified, regression.coefficients[: columns.n_events], np.nan),
        pooled=fit.effects,
        treatment_month=np.repeat([group.treatment_month or 0 for group in treated], [len(c.months) for c in cells]),
        month=columns.first_month + months,
        bin=in_bin,
        effects=np.concatenate([part.effects for part in cells]),
        identified=np.concatenate([part.identified & (part.people > 0) for part in cells]),
        shares=np.concatenate([fit.weights[group].sum(axis=0) for group in treated]),
        weights=np.concatenate([_weights(regression, group, groups[group]) for group in treated], axis=1),
        people=np.concatenate([part.people for part in cells]).astype(np.int64),
        compared=never[months].astype(np.int64),
    )


def _bins(columns: Columns, group: Group, months: NDArray[np.int64]) -> NDArray[np.int64]:
    """``(F,)`` the bin of each of a group's months."""
    assert group.treatment_month is not None
    places: NDArray[np.int64] = columns.bin_months(group.treatment_month)[months].argmax(axis=1)
    return places


def _weights(regression: Regression, group: Group, sums: WithinSums) -> NDArray[np.float64]:
    r"""``(B, F)`` :math:`H A_g \Gamma_g` of the group's own months."""
    assert group.treatment_month is not None
    columns = regression.columns
    own = columns.bin_months(group.treatment_month).any(axis=1)
    months = np.flatnonzero(own)
    return columns.influence(group, regression.solved.bread[: columns.n_events]) @ sums.gram[:, months]
