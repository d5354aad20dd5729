"""Monthly employee pay in months with pay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.population.panel.months import Months


def outcome(months: Months) -> NDArray[np.float32]:
    """Real pay in pounds in observed months with any; other months are not part of this outcome."""
    return months.seen(np.where(months.pay > 0, months.pay, np.float32(np.nan)))
