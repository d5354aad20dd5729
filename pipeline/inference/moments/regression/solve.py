"""Normal equations: what they identify, and its covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Directions of the scaled Gram matrix below this share of the largest are collinear: rounding leaves 1e-14, and the
# weakest real direction of a study (a bin of few people among hundreds of columns) is above 1e-7.
_COLLINEAR = 1e-10
# A coefficient is not identified if a collinear direction has this (squared) share of it; rounding leaves 1e-20.
_IDENTIFIED = 1e-8
# A combination of coefficients is not estimable if it loses this share of itself; rounding leaves 1e-10.
_ESTIMABLE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Inverse:
    """A generalised inverse of a Gram matrix.

    Attributes
    ----------
    bread
        ``(K, K)``.
    rank
        How many directions are identified.
    identified
        ``(K,)`` which coefficients are.
    """

    bread: NDArray[np.float64]
    rank: int
    identified: NDArray[np.bool_]


def inverse(gram: NDArray[np.float64]) -> Inverse:
    """The reflexive generalised inverse of a Gram matrix, by eigenvalues of it scaled to a unit diagonal.

    Estimable coefficients do not depend on which generalised inverse is taken (Rao 1962,
    doi 10.1111/j.2517-6161.1962.tb00447.x); the others are flagged, not reported.
    """
    diagonal = np.diag(gram)
    scale = np.zeros_like(diagonal)
    present = diagonal > _COLLINEAR * diagonal.max(initial=0.0)
    scale[present] = 1 / np.sqrt(diagonal[present])
    values, vectors = np.linalg.eigh(gram * np.outer(scale, scale))
    kept = values > _COLLINEAR * values.max(initial=0.0)
    root = vectors[:, kept] / np.sqrt(values[kept]) * scale[:, None]
    lost = (vectors[:, ~kept] ** 2).sum(axis=1)
    return Inverse(bread=root @ root.T, rank=int(kept.sum()), identified=present & (lost < _IDENTIFIED))


def estimable(contrasts: NDArray[np.float64], *, gram: NDArray[np.float64], solved: Inverse) -> NDArray[np.bool_]:
    """``(C,)`` which combinations of coefficients, the rows of a ``(C, K)`` matrix, are estimable.

    Those that the generalised inverse times the Gram matrix leaves as they are.
    """
    lost = np.abs(contrasts @ solved.bread @ gram - contrasts).max(axis=1, initial=0.0)
    found: NDArray[np.bool_] = lost <= _ESTIMABLE * np.abs(contrasts).max(axis=1, initial=0.0)
    return found


def rank(gram: NDArray[np.float64]) -> int:
    """How many directions of a Gram matrix are identified."""
    return inverse(gram).rank if gram.size else 0
