"""A panel whose shards are changed as they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary.panels import Panel, PanelShard
from pipeline.vocabulary.windows import Window


@dataclass(frozen=True, kw_only=True)
class ChangedPanel:
    """Another panel's people and months after ``change``, which keeps the months' number unless ``n_months`` says so.

    A shard in which ``change`` leaves nobody is passed over; ``needs`` names what ``change`` asks shards for.
    """

    panel: Panel
    change: Callable[[PanelShard], PanelShard]
    n_months: int
    needs: tuple[str, ...] = ()

    @property
    def first_month(self) -> int:
        """The month of column 0."""
        return self.panel.first_month

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """The levels of each characteristic."""
        return self.panel.levels

    @property
    def covariates(self) -> tuple[str, ...]:
        """The panel's numeric covariates."""
        return self.panel.covariates

    def shards(self, outcome: str, names: Sequence[str] = ()) -> Iterator[PanelShard]:
        """One changed shard after another."""
        changed = (self.change(shard) for shard in self.panel.shards(outcome, (*names, *self.needs)))
        return (shard for shard in changed if len(shard.treatment_month))


def treated_in(shard: PanelShard, months: NDArray[np.float64], *, window: Window) -> PanelShard:
    """The shard with other treatment months ``(n,)``; treated people's months outside the window are unobserved."""
    event_time = shard.first_month + np.arange(shard.outcome.shape[1]) - months[:, None] + 1
    outside = (event_time < -window.before) | (event_time > window.after)
    outcome = np.where(outside, np.array(np.nan, shard.outcome.dtype), shard.outcome)
    return replace(shard, outcome=outcome, treatment_month=months)
