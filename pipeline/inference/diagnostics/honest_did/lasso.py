r"""The whole path of a lasso, exactly: every minimiser of :math:`x'Qx / 2 + q'x + \lambda \sum_j |x_j|`.

Piecewise linear in :math:`\lambda` (Osborne, Presnell and Turlach 2000, doi 10.1093/imanum/20.3.389): between two
corners the same coordinates are at zero, and a corner is where one leaves zero or returns to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Corners closer than this, relative to the penalty, are one.
_SAME = 1e-12
# A path has a handful of corners a coordinate in practice; more than this many is a cycle from ties.
_CORNERS = 50


def path(gram: NDArray[np.float64], linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(N, J)`` the minimisers at the corners of the path, from no penalty to all coordinates at zero.

    Parameters
    ----------
    gram
        ``(J, J)`` Q, symmetric and positive definite.
    linear
        ``(J,)`` q.
    """
    n = len(linear)
    penalty = float(np.abs(linear).max(initial=0.0))
    if penalty == 0:
        return np.zeros((1, n))
    signs = np.zeros(n)
    changed = int(np.abs(linear).argmax())
    signs[changed] = -np.sign(linear[changed])
    corners = [np.zeros(n)]
    for _ in range(_CORNERS * n):
        intercept, slope = _segment(gram, linear, signs)
        penalty, changed, sign = _next(gram, linear, (intercept, slope), signs=signs, penalty=penalty, changed=changed)
        corners.append(intercept + penalty * slope)
        if penalty == 0:
            break
        signs[changed] = sign
    else:
        corners.append(_segment(gram, linear, np.ones(n))[0])
    return np.array(corners[::-1])


def _segment(
    gram: NDArray[np.float64], linear: NDArray[np.float64], signs: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The minimiser as intercept and slope in the penalty while the coordinates with a sign keep it."""
    active = np.flatnonzero(signs)
    solved = np.linalg.solve(gram[np.ix_(active, active)], -np.stack([linear[active], signs[active]], axis=1))
    both = np.zeros((len(signs), 2))
    both[active] = solved
    return both[:, 0], both[:, 1]


def _next(
    gram: NDArray[np.float64],
    linear: NDArray[np.float64],
    segment: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    signs: NDArray[np.float64],
    penalty: float,
    changed: int,
) -> tuple[float, int, float]:
    """The next smaller penalty at which a coordinate leaves or returns to zero, which one, and its new sign.

    Penalty 0 where none does. A coordinate does not change again at the penalty at which it just did.
    """
    intercept, slope = segment
    zero = signs == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.where(zero, np.nan, -intercept / slope)
        gradient, per_penalty = -(gram @ intercept + linear), -(gram @ slope)
        rises = np.where(zero, gradient / (1 - per_penalty), np.nan)
        falls = np.where(zero, gradient / (-1 - per_penalty), np.nan)
    events = np.stack([returns, rises, falls])
    limit = np.full(len(signs), penalty * (1 + _SAME))
    limit[changed] = penalty * (1 - _SAME)
    events = np.where(np.isfinite(events) & (events > 0) & (events <= limit), events, 0.0)
    kind, which = np.unravel_index(int(events.argmax()), events.shape)
    return min(float(events[kind, which]), penalty), int(which), (0.0, 1.0, -1.0)[int(kind)]
