"""Whether a person is a paid employee."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.population.panel.months import Months


def outcome(months: Months) -> NDArray[np.float32]:
    """1 in observed months with any pay, 0 in observed months without; the self-employed count as 0."""
    return months.seen((months.pay > 0).astype(np.float32))
