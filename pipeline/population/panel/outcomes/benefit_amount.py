"""Monthly amount of health-related benefits, £0 in months without."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.population.panel.months import Months

WEEKS_A_MONTH = 52 / 12
"""A month's benefit is fifty-two weeks' over twelve months, however many days the month has."""


def outcome(months: Months) -> NDArray[np.float32]:
    """Real pounds in every observed month; amounts are set by law, so none is top-coded."""
    pounds = months.claimed.weekly_pence / 100 * WEEKS_A_MONTH * months.deflator
    return months.seen(pounds.astype(np.float32))
