"""Whether a person is a paid employee."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def outcome(pay: NDArray[np.float32], observed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """1 in observed months with any pay, 0 in observed months without; the self-employed count as 0."""
    return np.where(observed, (pay > 0).astype(np.float32), np.float32(np.nan))
