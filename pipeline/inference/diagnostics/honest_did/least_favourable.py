r"""The least favourable critical value: a quantile of the largest of a few correlated normals, exactly.

The first stage of the hybrid test rejects where :math:`\max_j a_j'Z` exceeds its :math:`1 - \kappa` quantile, Z
standard normal (Andrews, Roth and Pakes 2023, doi 10.1093/restud/rdad004). R's HonestDiD simulates it 1,000 times.
Under relative magnitudes Z has two dimensions, the region :math:`\max_j a_j'Z \le q` is a polygon around the origin,
and the probability outside it is a sum of Owen's T (1956, doi 10.1214/aoms/1177728074) over its edges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Two directions closer than this to parallel (sine of the angle) are parallel; rounding leaves 1e-15.
_PARALLEL = 1e-12
# Halvings of an interval of 40 standard errors: 1e-13 of one.
_HALVINGS = 48
_FARTHEST = 40.0


def critical_value(directions: NDArray[np.float64], *, kappa: float) -> NDArray[np.float64]:
    r"""``(...)`` the :math:`1 - \kappa` quantile of :math:`\max_j a_j'Z`, Z standard normal in two dimensions.

    Parameters
    ----------
    directions
        ``(..., J, 2)`` the vectors :math:`a_j`; zero vectors never bind.
    kappa
        Below one half, so that the quantile is positive.
    """
    lengths = np.linalg.norm(directions, axis=-1)
    from_, to = _edges(directions, lengths)
    low = np.zeros(lengths.shape[:-1])
    high = _FARTHEST * lengths.max(axis=-1)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_low = _outside(middle, lengths=lengths, from_=from_, to=to) > kappa
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    value: NDArray[np.float64] = (low + high) / 2
    return value


def _edges(
    directions: NDArray[np.float64], lengths: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(..., J)`` twice: where each edge of the polygon starts and ends, as tangents of angles from its normal.

    The edge of j is the part of the line :math:`a_j'z = 1` on which all other :math:`a_k'z` are at most 1; it is empty
    where its start is not before its end.
    """
    safe = np.where(lengths > 0, lengths, 1.0)[..., None]
    unit = directions / safe
    along = np.stack([-unit[..., 1], unit[..., 0]], axis=-1)
    # With the foot of j's normal as the unit of length: cos(j, k) |a_k| + s sin(j, k) |a_k| <= |a_j|.
    room = lengths[..., :, None] - unit @ np.swapaxes(directions, -1, -2)
    speed = along @ np.swapaxes(directions, -1, -2)
    tolerance = _PARALLEL * np.maximum(lengths[..., :, None], lengths[..., None, :])
    moving = np.abs(speed) > tolerance
    limit = np.divide(room, speed, out=np.zeros_like(room), where=moving)
    to = np.where(moving & (speed > 0), limit, np.inf).min(axis=-1)
    from_ = np.where(moving & (speed < 0), limit, -np.inf).max(axis=-1)
    hidden = (~moving & (room < -tolerance)).any(axis=-1) | (lengths == 0) | (from_ >= to) | _repeated(directions)
    return np.where(hidden, 0.0, from_), np.where(hidden, 0.0, to)


def _repeated(directions: NDArray[np.float64]) -> NDArray[np.bool_]:
    """``(..., J)`` whether the same direction has come before: its edge counts once."""
    gap = np.linalg.norm(directions[..., :, None, :] - directions[..., None, :, :], axis=-1)
    size = np.linalg.norm(directions, axis=-1)[..., :, None]
    earlier = np.tri(directions.shape[-2], k=-1, dtype=bool)
    repeated: NDArray[np.bool_] = ((gap <= _PARALLEL * size) & earlier).any(axis=-1)
    return repeated


def _outside(
    q: NDArray[np.float64], *, lengths: NDArray[np.float64], from_: NDArray[np.float64], to: NDArray[np.float64]
) -> NDArray[np.float64]:
    from scipy.special import owens_t

    distance = q[..., None] / np.where(lengths > 0, lengths, 1.0)
    total: NDArray[np.float64] = (owens_t(distance, to) - owens_t(distance, from_)).sum(axis=-1)
    return total
