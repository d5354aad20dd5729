"""What a path of waiting says: the effect in each month since joining, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.vocabulary.effects import EventStudy


@dataclass(frozen=True, kw_only=True)
class WaitingPath:
    """Effects by months since joining, of an event study whose people are observed until treatment.

    Attributes
    ----------
    study
        Its bins before the reference show what went before joining; ``n_treated`` of a bin are people still waiting.
    """

    study: EventStudy

    def cost(self) -> pd.DataFrame:
        """One row a level and bin from the month of joining on, effects of the months and what they add up to.

        ``cumulative`` adds a bin's effect once for each of its months, from the first month on: of pay in pounds a
        month, the pounds that a wait up to ``months_to`` costs; of a share of people in work, months of work. Its error
        takes the covariance of bins into account. It is null from the first bin that is not identified on.
        """
        frame = self.study.event_study()
        after = frame["months_from"] >= 1
        total, error = self._cumulative()
        critical = self.study.t_critical
        return (
            frame[after]
            .assign(
                cumulative=total,
                cumulative_std_error=error,
                cumulative_ci_lower=total - critical * error,
                cumulative_ci_upper=total + critical * error,
            )
            .reset_index(drop=True)
        )

    def _cumulative(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """By level and bin from joining on: sums of effects by month, and their errors."""
        months = np.array([part.last - part.first + 1 if part.first >= 1 else 0 for part in self.study.bins])
        after = np.flatnonzero(months)
        sums = np.tril(np.ones((len(after), len(after)))) * months[after]
        blocks = self.study.covariance.reshape(*self.study.att.shape, *self.study.att.shape)
        totals, errors = [], []
        for level, att in enumerate(self.study.att):
            known = np.cumprod(np.isfinite(att[after])).astype(bool)
            covariance = np.nan_to_num(blocks[level, :, level, :][np.ix_(after, after)])
            variance = np.einsum("ab,bc,ac->a", sums, covariance, sums)
            totals.append(np.where(known, sums @ np.nan_to_num(att[after]), np.nan))
            errors.append(np.where(known, np.sqrt(variance), np.nan))
        return np.concatenate(totals), np.concatenate(errors)
