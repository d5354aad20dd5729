"""Monthly employee pay in months with pay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def outcome(pay: NDArray[np.float32], observed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Real pay in pounds in observed months with any; other months are not part of this outcome."""
    return np.where(observed & (pay > 0), pay, np.float32(np.nan))
