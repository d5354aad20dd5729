"""Monthly employee pay, £0 in months without pay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.population.panel.months import Months


def outcome(months: Months) -> NDArray[np.float32]:
    """Real pay in pounds in every observed month."""
    return months.seen(months.pay)
