"""Pseudonyms: a letter and sixteen hexadecimal digits, so never like an NHS number or a National Insurance number."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_DIGITS = np.array([f"{byte:02x}" for byte in range(256)], dtype="S2")


def pseudonyms(numbers: NDArray[np.int64], *, prefix: str, seed: int) -> pa.Array:
    """One string for each number; different numbers, prefixes or seeds give different strings.

    The numbers go through the SplitMix64 finaliser (doi 10.1145/2660193.2660195), a bijection of 64 bits, so two
    numbers never share a pseudonym and neighbours do not look alike.
    """
    start = (seed * 1_000_003 + ord(prefix)) * 0x9E3779B97F4A7C15
    mixed = numbers.astype(np.uint64) + np.uint64(start % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    digits = _DIGITS[mixed.astype(">u8").view(np.uint8)].reshape(-1, 8)
    text = np.empty((len(numbers), 17), dtype="S1")
    text[:, 0] = prefix.encode()
    text[:, 1:] = digits.view("S1").reshape(-1, 16)
    return pa.array(text.view("S17").ravel(), pa.binary(17)).cast(pa.binary()).cast(pa.string())
