r"""A line on each side of the cutoff, weighted by a triangular kernel, and how far its jump can be off.

Armstrong and Kolesár (2020, doi 10.3982/QE1199); Kolesár and Rothe (2018, doi 10.1257/aer.20160945), who show that the
same interval is right where the running variable is discrete: the bias is bounded at the values there are, not by what
happens as the bandwidth shrinks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.designs.threshold.points import Points, neighbour_covariance


@dataclass(frozen=True, kw_only=True)
class Jumps:
    """The jump of the ``K`` columns of interest at the cutoff, with one bandwidth.

    Attributes
    ----------
    bandwidth
        People this far from the cutoff and further have no weight.
    weights
        ``(P,)`` what the jump puts on the mean at each value.
    contrasts
        ``(K, C)`` what each column of interest becomes when covariates are adjusted for.
    jump, covariance
        ``(K,)`` and ``(K, K)``.
    bias
        The worst bias of the jump of a function whose second derivative is at most 1 on each side.
    """

    bandwidth: float
    weights: NDArray[np.float64]
    contrasts: NDArray[np.float64]
    jump: NDArray[np.float64]
    covariance: NDArray[np.float64]
    bias: float


@dataclass(frozen=True, kw_only=True)
class LocalLinear:
    """Local linear jumps of the first ``interest`` columns, adjusted for the others.

    Adjustment takes the covariates' slopes from one regression of all people in the bandwidth (Calonico, Cattaneo,
    Farrell and Titiunik 2019, doi 10.1162/rest_a_00760); it is free of bias where covariates do not jump.
    """

    points: Points
    covariance: NDArray[np.float64]
    interest: int

    def at(self, bandwidth: float) -> Jumps:
        """The jumps with this bandwidth."""
        points = self.points
        kernel = triangular(points.distance, bandwidth)
        weights = jump_weights(points, kernel)
        contrasts = self._contrasts(kernel)
        spread = np.einsum("p,pcd->cd", np.divide(weights**2, points.people), self.covariance)
        return Jumps(
            bandwidth=bandwidth,
            weights=weights,
            contrasts=contrasts,
            jump=contrasts @ (weights @ points.mean),
            covariance=contrasts @ spread @ contrasts.T,
            bias=worst_bias(points, weights),
        )

    def pooled(self) -> LocalLinear:
        """The same with one covariance a side, that of all its people: what a bandwidth is chosen with.

        Chosen with each value's own, it would follow their noise to where the error happens to look small.
        """
        people = self.points.people[:, None, None]
        covariance = np.empty_like(self.covariance)
        for side in (self.points.above, ~self.points.above):
            covariance[side] = (people * self.covariance)[side].sum(axis=0) / people[side].sum()
        return replace(self, covariance=covariance)

    def _contrasts(self, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(K, C)`` each column of interest less its slopes times the covariates."""
        unit = np.eye(self.interest, len(self.points.names))
        if self.interest == len(self.points.names):
            return unit
        within = self._products(kernel)
        asked, rest = slice(None, self.interest), slice(self.interest, None)
        unit[:, rest] = -np.linalg.lstsq(within[rest, rest], within[rest, asked], rcond=None)[0].T
        return unit

    def _products(self, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(C, C)`` kernel-weighted products of what the two lines leave of the columns."""
        points = self.points
        basis = lines(points)
        root = np.sqrt(kernel * points.people)[:, None]
        fitted = basis @ np.linalg.lstsq(root * basis, root * points.mean, rcond=None)[0]
        left = root * (points.mean - fitted)
        return np.asarray(left.T @ left + np.einsum("p,pcd->cd", kernel, points.products))


def local_linear(points: Points, *, interest: int) -> LocalLinear:
    """Ready to be asked for jumps of the first ``interest`` columns with any bandwidth."""
    return LocalLinear(points=points, covariance=neighbour_covariance(points), interest=interest)


def triangular(distance: NDArray[np.float64], bandwidth: float) -> NDArray[np.float64]:
    """The kernel 1 - |u| at each distance."""
    return np.maximum(1 - np.abs(distance) / bandwidth, 0.0)


def lines(points: Points) -> NDArray[np.float64]:
    """``(P, 4)`` an intercept and a slope on each side."""
    above = points.above[:, None]
    line = np.column_stack([np.ones_like(points.distance), points.distance])
    return np.concatenate([line * above, line * ~above], axis=1)


def jump_weights(points: Points, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(P,)`` the weights of the means in the difference of the two lines at the cutoff."""
    weights = np.zeros_like(points.distance)
    for side, sign in ((points.above, 1.0), (~points.above, -1.0)):
        mass, distance = (kernel * points.people)[side], points.distance[side]
        total, first, second = mass.sum(), mass @ distance, mass @ distance**2
        weights[side] = sign * mass * (second - first * distance) / (total * second - first**2)
    return weights


def worst_bias(points: Points, weights: NDArray[np.float64]) -> float:
    r"""The largest bias over functions with :math:`|f''| \le 1` on each side, exactly.

    Lines are reproduced; the weights of a line change sign once, so that the worst function bends one way throughout:
    :math:`\tfrac12 (|\sum_+ w_j x_j^2| + |\sum_- w_j x_j^2|)` (Armstrong and Kolesár 2020, theorem 1).
    """
    bent = weights * points.distance**2
    return float(abs(bent[points.above].sum()) + abs(bent[~points.above].sum())) / 2


def effective_observations(points: Points, found: Jumps) -> float:
    """People in the bandwidth, scaled by what the kernel loses in variance against a uniform one, as RDHonest does."""
    inside = (np.abs(points.distance) <= found.bandwidth).astype(float)
    uniform = jump_weights(points, inside)
    squares = [float((w**2 / points.people).sum()) for w in (uniform, found.weights)]
    return float(points.people @ inside) * squares[0] / squares[1]
