r"""What is left of outcomes, wait and queue once provider, month and covariates are partialled out.

The mean wait of the others does not contain one's own. Partialling effects out brings it back with the wrong sign: what
a provider's and a month's mean take off the queue is made of the others' queues, and these contain it. If
:math:`L_{ij} = 1 / q_j` where i and j wait in one cell, j's queue being the mean of q others, and H is the projection
on the effects, the covariance of queue and error is moved by :math:`-\operatorname{tr}(HL) \sigma_{we}`, where
:math:`\sigma_{we}` is the covariance of wait and error that the instrument is there to escape: as if it were that many
people's. Adding :math:`\operatorname{tr}(HL) / (N - K - p)` of the own wait to the queue takes this off on average, for
N people, K effects and p covariates. This spreads evenly what the improved jackknife estimator of Ackerberg and
Devereux (2009, doi 10.1162/rest.91.2.351) takes off person by person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.designs.waiting.cells import Cells, Referrals
from pipeline.inference.moments.regression.solve import inverse
from pipeline.vocabulary.errors import Fault, NotEstimable

# What is left of a column, as a share of its variation, when it is a sum of effects up to rounding.
_NOTHING = 1e-12


@dataclass(frozen=True, kw_only=True)
class Partialled:
    """``S`` cells; columns are ``T`` outcomes, the wait and the queue.

    Attributes
    ----------
    moments
        ``(S, T + 2, T + 2)`` sums over each cell's people of products of what is left of the columns.
    queue_mean
        ``(S,)`` what is left of the queue, on average over the cell's people.
    people, providers
        ``(S,)`` people and the number of the provider.
    n_months, effects, covariates
        Months; independent provider and month effects; covariates.
    own_wait
        How much of the own wait was added to the queue.
    """

    moments: NDArray[np.float64]
    queue_mean: NDArray[np.float64]
    people: NDArray[np.int64]
    providers: NDArray[np.int64]
    n_months: int
    effects: int
    covariates: int
    own_wait: float

    @property
    def n_people(self) -> int:
        """How many people."""
        return int(self.people.sum())

    @property
    def residual_df(self) -> int:
        """People less effects, covariates and the wait."""
        return self.n_people - self.effects - self.covariates - 1


def partialled(cells: Cells, *, referrals: Referrals) -> Partialled:
    """The cells' columns without provider effects, month effects and covariates.

    Raises
    ------
    NotEstimable
        If a covariate, the wait or the queue is a sum of provider and month effects and other covariates, or there are
        more of these than people.
    """
    columns = cells.chosen([name for name in cells.names if name != referrals.others])
    left, effects, traces = _without_effects(columns)
    moments = columns.products + cells.people[:, None, None] * left[:, :, None] * left[:, None, :]
    gram, covariates = moments.sum(axis=0), len(referrals.covariates)
    free = int(cells.people.sum()) - effects - covariates
    if free <= 1:
        what = "there are no more people than provider and month effects and covariates"
        raise NotEstimable(Fault(what=what, count=int(cells.people.sum()), unit="people", remedy="Pool providers."))
    _refuse_covariates(gram, cells=columns, covariates=covariates)
    combined = _without_covariates(gram, covariates=covariates)
    _refuse_constant(combined.T @ gram @ combined, cells=columns, referrals=referrals)
    own_wait = 0.0 if referrals.others is None else _trace(cells, traces, others=referrals.others) / free
    combined[:, -1] += own_wait * combined[:, -2]
    return Partialled(
        moments=np.einsum("ca,scd,db->sab", combined, moments, combined, optimize=True),
        queue_mean=left @ combined[:, -1],
        people=cells.people,
        providers=cells.providers,
        n_months=int(cells.months.max()) + 1,
        effects=effects,
        covariates=covariates,
        own_wait=own_wait,
    )


def _without_effects(cells: Cells) -> tuple[NDArray[np.float64], int, NDArray[np.float64]]:
    """``(S, C)`` cell means less what effects fit; how many effects are independent; ``(S,)`` H of two in a cell."""
    providers, months = cells.providers, cells.months
    n_providers, n_months = int(providers.max()) + 1, int(months.max()) + 1
    both = np.zeros((n_providers, n_months))
    both[providers, months] = cells.people
    solved = inverse(np.block([[np.diag(both.sum(axis=1)), both], [both.T, np.diag(both.sum(axis=0))]]))
    centred = cells.mean - cells.people @ cells.mean / cells.people.sum()
    totals = np.zeros((n_providers + n_months, len(cells.names)))
    np.add.at(totals, providers, cells.people[:, None] * centred)
    np.add.at(totals, n_providers + months, cells.people[:, None] * centred)
    fitted, months = solved.bread @ totals, n_providers + months
    own = np.diag(solved.bread)
    projection = own[providers] + own[months] + 2 * solved.bread[providers, months]
    return centred - fitted[providers] - fitted[months], solved.rank, projection


def _trace(cells: Cells, projection: NDArray[np.float64], *, others: str) -> float:
    """Of HL: over ordered pairs of people of one cell, what the effects make of one of them in the other's queue."""
    queued = cells.chosen([others]).mean[:, 0]
    return float((cells.people * (cells.people - 1) * projection / queued).sum())


def _without_covariates(gram: NDArray[np.float64], *, covariates: int) -> NDArray[np.float64]:
    """``(C, T + 2)``: each column of interest less its fit on the covariates."""
    kept = len(gram) - covariates
    combined = np.eye(len(gram), kept)
    if covariates:
        combined[kept:] = -np.linalg.solve(gram[kept:, kept:], gram[kept:, :kept])
    return combined


def _refuse_covariates(gram: NDArray[np.float64], *, cells: Cells, covariates: int) -> None:
    if not covariates:
        return
    variation = _variation(cells)[-covariates:]
    among = gram[-covariates:, -covariates:]
    told = inverse(among).identified & (np.diag(among) > _NOTHING * variation)
    what = "the covariate says nothing that provider, month and the other covariates do not"
    names = cells.names[-covariates:]
    faults = [
        Fault(what=what, column=name, remedy="Leave it out.")
        for name, known in zip(names, told, strict=True)
        if not known
    ]
    if faults:
        raise NotEstimable(faults)


def _refuse_constant(gram: NDArray[np.float64], *, cells: Cells, referrals: Referrals) -> None:
    outcomes = len(gram) - 2
    left = np.diag(gram)[outcomes:]
    variation = _variation(cells)[outcomes : outcomes + 2]
    what = "nothing is left to compare once provider, month and covariates are taken off"
    remedy = "Check that the provider's queue changes from month to month in its own way."
    faults = [
        Fault(what=what, column=name, remedy=remedy)
        for name, some in zip((referrals.wait, referrals.queue), left > _NOTHING * variation, strict=True)
        if not some
    ]
    if faults:
        raise NotEstimable(faults)


def _variation(cells: Cells) -> NDArray[np.float64]:
    """``(C,)`` each column's sum of squares about its mean, or about nought where it is constant."""
    centred = cells.mean - cells.people @ cells.mean / cells.people.sum()
    within = np.einsum("scc->c", cells.products) + cells.people @ centred**2
    return np.asarray(np.where(within > 0, within, cells.people @ cells.mean**2))
