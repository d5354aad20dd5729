"""Monthly employee pay, £0 in months without pay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def outcome(pay: NDArray[np.float32], observed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Real pay in pounds in every observed month."""
    return np.where(observed, pay, np.float32(np.nan))
