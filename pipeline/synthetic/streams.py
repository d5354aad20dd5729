"""Random numbers that depend on the seed, on what they are for and on the part, and on nothing else."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def stream(seed: int, purpose: str, part: int = 0) -> np.random.Generator:
    """A generator of its own for one purpose and one part."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), part])


def choose(random: np.random.Generator, shares: NDArray[np.float64], size: int) -> NDArray[np.int8]:
    """``size`` positions drawn with these shares (which need not sum to one)."""
    edges = np.cumsum(shares) / np.sum(shares)
    positions = np.searchsorted(edges, random.random(size), side="right")
    return np.minimum(positions, len(shares) - 1).astype(np.int8)


def persistent(random: np.random.Generator, shape: tuple[int, int], *, redraw: float) -> NDArray[np.float32]:
    """``(n, T)`` uniforms on [0, 1) that stay as they are from month to month but for a chance of a fresh draw."""
    fresh = random.random(shape, dtype=np.float32) < redraw
    fresh[:, 0] = True
    drawn = random.random(shape, dtype=np.float32)
    last = np.where(fresh, np.arange(shape[1], dtype=np.int16), np.int16(0))
    np.maximum.accumulate(last, axis=1, out=last)
    rows = np.arange(shape[0], dtype=np.int32)[:, None]
    return drawn[rows, last]


def shuffled(random: np.random.Generator, names: list[str]) -> list[str]:
    """The names in another order: owners promise none."""
    order: list[Any] = random.permutation(len(names)).tolist()
    return [names[position] for position in order]
