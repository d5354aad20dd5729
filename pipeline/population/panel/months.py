"""What an outcome is made from: the months of some people, with their pay and the benefits they receive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.population.panel.spells import Claims
from pipeline.vocabulary.errors import Fault, RequestError


@dataclass(frozen=True, kw_only=True)
class Months:
    """Some people's months.

    Attributes
    ----------
    pay
        ``(n, T)`` float32: real pounds, 0 where nothing was paid.
    claims
        What they receive in benefits; ``None`` where no outcome of the panel asks.
    observed
        ``(n, T)``: whether the person is observed; nobody is after their death.
    deflator
        ``(T,)``: what a pound of each month is worth in pounds of the price base.
    """

    pay: NDArray[np.float32]
    claims: Claims | None
    observed: NDArray[np.bool_]
    deflator: NDArray[np.float64]

    @property
    def claimed(self) -> Claims:
        """The claims, for outcomes that are made from them.

        Raises
        ------
        RequestError
            If the panel is made without benefit spells.
        """
        if self.claims is None:
            raise RequestError(Fault(what="the panel is made without benefit spells", remedy="Name dwp_benefits."))
        return self.claims

    def seen(self, outcome: NDArray[np.float32]) -> NDArray[np.float32]:
        """An outcome in observed months, NaN in others."""
        return np.where(self.observed, outcome, np.float32(np.nan))
