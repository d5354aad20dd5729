r"""A curve through pseudo-outcomes: local linear regression on the wait, and what each person does to it.

.. math:: \xi = \frac{Y - \mu(X, A)}{\pi(A \mid X)} \int \pi(A \mid x) dP(x) + \int \mu(x, A) dP(x)

has the dose-response as its regression on A if either the outcome model or the density is right, and its errors matter
by their product only (Kennedy, Ma, McHugh and Small 2017, doi 10.1111/rssb.12212). Errors count that the second
integral is a mean over people too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.designs.waiting.nuisances import Nuisances, People

# Bandwidths tried, as multiples of the spread of waits times n to the power -1/5.
_TRIED = np.geomspace(0.3, 6.0, 12)
# The chosen one is shrunk by n to this power, so that what smoothing bends goes away faster than the error.
_SHRUNK = -1 / 20


@dataclass(frozen=True, kw_only=True)
class Pseudo:
    """Pseudo-outcomes of ``n`` people, and what they were made of at ``E`` waits.

    Attributes
    ----------
    outcome
        ``(n,)``.
    wait
        ``(n,)``.
    waits
        ``(E,)`` in ascending order.
    apart
        ``(n, E)`` predicted outcome at each wait less its mean over people.
    mass
        ``(E,)`` share of people about each wait: the marginal density times the step.
    capped
        People whose weight was capped.
    """

    outcome: NDArray[np.float64]
    wait: NDArray[np.float64]
    waits: NDArray[np.float64]
    apart: NDArray[np.float64]
    mass: NDArray[np.float64]
    capped: int


@dataclass(frozen=True, kw_only=True)
class LocalCurve:
    """``A`` points of the curve of one specialty.

    Attributes
    ----------
    level
        ``(A,)``.
    influence
        ``(n, A)``: the error of a level is near its mean over people.
    """

    level: NDArray[np.float64]
    influence: NDArray[np.float64]
    bandwidth: float


def pseudo_outcomes(people: People, waits: NDArray[np.float64], *, known: Nuisances, largest_weight: float) -> Pseudo:
    """The pseudo-outcomes; ``known`` was predicted at these waits, which span those of people."""
    level, density = known.outcome_at.mean(axis=0), known.density_at.mean(axis=0)
    logged = np.log1p(waits)
    marginal = np.interp(np.log1p(people.wait), logged, density)
    # A density of nought given covariates is a weight without bound; of nought for everybody it is none.
    weight = np.divide(marginal, known.density, out=np.full(len(marginal), np.inf), where=known.density > 0)
    return Pseudo(
        outcome=(people.outcome - known.outcome) * np.minimum(weight, largest_weight)
        + np.interp(people.wait, waits, level),
        wait=people.wait,
        waits=waits,
        apart=known.outcome_at - level,
        mass=density * np.gradient(logged),
        capped=int((weight > largest_weight).sum()),
    )


def local_curve(pseudo: Pseudo, at: NDArray[np.float64], *, bandwidth: float | None) -> LocalCurve:
    """The curve at ``(A,)`` waits; without a bandwidth, with one chosen by leaving one out, shrunk."""
    if bandwidth is None:
        bandwidth = chosen_bandwidth(pseudo, at)
    level, influence = np.empty(len(at)), np.empty((len(pseudo.wait), len(at)))
    for place, wait in enumerate(at):
        weight, line = _kernel(pseudo.wait, wait, bandwidth)
        gram = (weight[:, None] * line).T @ line / len(weight)
        slope = np.linalg.solve(gram, (weight[:, None] * line).T @ pseudo.outcome / len(weight))
        from_wait = (weight * (pseudo.outcome - line @ slope))[:, None] * line
        mass, across = _kernel(pseudo.waits, wait, bandwidth)
        from_covariates = pseudo.apart @ ((mass * pseudo.mass)[:, None] * across)
        level[place] = slope[0]
        influence[:, place] = (from_wait + from_covariates) @ np.linalg.inv(gram)[0]
    return LocalCurve(level=level, influence=influence, bandwidth=bandwidth)


def chosen_bandwidth(pseudo: Pseudo, at: NDArray[np.float64]) -> float:
    """The bandwidth that predicts pseudo-outcomes of people left out best, times n to the power -1/20.

    Of people whose waits the curve spans: beyond, where few are, a bandwidth that fits each by itself would look good.
    Leverages and fits are those at the evaluated waits, interpolated, as in the authors' ``npcausal``.
    """
    n, spread = len(pseudo.wait), float(pseudo.wait.std())
    tried = _TRIED * spread * n ** (-1 / 5)
    spanned = (pseudo.wait >= at[0]) & (pseudo.wait <= at[-1])
    risks = [_left_out(pseudo, float(bandwidth), spanned=spanned) for bandwidth in tried]
    return float(tried[int(np.argmin(risks))] * n**_SHRUNK)


def _left_out(pseudo: Pseudo, bandwidth: float, *, spanned: NDArray[np.bool_]) -> float:
    fits, leverages = np.empty(len(pseudo.waits)), np.empty(len(pseudo.waits))
    for place, wait in enumerate(pseudo.waits):
        weight, line = _kernel(pseudo.wait, wait, bandwidth)
        bread = np.linalg.pinv((weight[:, None] * line).T @ line)
        fits[place] = bread[0] @ ((weight[:, None] * line).T @ pseudo.outcome)
        leverages[place] = bread[0, 0] * _kernel(np.zeros(1), 0.0, bandwidth)[0][0]
    wait = pseudo.wait[spanned]
    fit, leverage = np.interp(wait, pseudo.waits, fits), np.interp(wait, pseudo.waits, leverages)
    if (leverage >= 1).any():
        return float("inf")
    return float(np.mean(((pseudo.outcome[spanned] - fit) / (1 - leverage)) ** 2))


def _kernel(
    waits: NDArray[np.float64], centre: float, bandwidth: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normal weights about a wait, and the columns of a line through it."""
    away = (waits - centre) / bandwidth
    weight = np.exp(-(away**2) / 2) / (np.sqrt(2 * np.pi) * bandwidth)
    return weight, np.column_stack([np.ones(len(waits)), away])
