"""Whether a person receives an incapacity benefit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.population.panel.months import Months


def outcome(months: Months) -> NDArray[np.float32]:
    """1 in observed months with one, 0 in observed months without."""
    return months.seen(months.claimed.incapacity.astype(np.float32))
