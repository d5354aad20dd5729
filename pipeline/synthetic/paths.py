"""Effects that are published on everybody, as effects on working, on pay in work and on claiming, month by month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.effects import SELF_EMPLOYED


@dataclass(frozen=True, kw_only=True)
class Published:
    """Effects on everybody at some event months (the index month is 1), and straight lines between them.

    Attributes
    ----------
    pay
        Pounds a month.
    employed, benefits
        Percentage points.
    """

    at: tuple[int, ...]
    pay: tuple[float, ...]
    employed: tuple[float, ...]
    benefits: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Effects on people who gain the mean, by event month; position 0 of each is no effect.

    Attributes
    ----------
    in_work, claims
        On the probability of being in work, and of a health-related benefit, as shares.
    pay_in_work
        On pay in work, in pounds a month of 2023.
    """

    in_work: NDArray[np.float64]
    pay_in_work: NDArray[np.float64]
    claims: NDArray[np.float64]


def split(published: Published, *, last: int, wage: float, mean_in_work: float) -> Paths:
    """The published effects up to event month ``last``; see ``effects.published_effects`` for how pay is split.

    Parameters
    ----------
    wage, mean_in_work
        Mean pay in work, and mean probability of being in work, of those affected who are not self-employed.
    """
    month = np.arange(last + 1)
    pay, employed, benefits = (
        np.interp(month, published.at, path) for path in (published.pay, published.employed, published.benefits)
    )
    in_work = employed / 100 / (1 - SELF_EMPLOYED)
    pay_in_work = (pay / (1 - SELF_EMPLOYED) - in_work * wage) / (mean_in_work + in_work)
    paths = Paths(in_work=in_work, pay_in_work=pay_in_work, claims=benefits / 100)
    for path in vars(paths).values():
        path[0] = 0.0
    return paths
