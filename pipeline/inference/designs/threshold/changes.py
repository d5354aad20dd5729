"""A panel about a threshold as a frame with one row a person: outcomes are changes from the reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.vocabulary.designs import Threshold
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.panels import INDEX_MONTH, Panel, PanelShard
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.windows import Bin

RUNNING, TOOK_UP, AGE = "running", "took_up", "age"
FEMALE = "female"


def design_of(protocol: Protocol) -> Threshold:
    """The protocol's design.

    Raises
    ------
    RequestError
        If it is another one.
    """
    design = protocol.evaluation.design
    if not isinstance(design, Threshold):
        raise RequestError(Fault(what=f"evaluation {protocol.name} is not of a threshold"))
    return design


def column(studied: Bin) -> str:
    """What a bin's column is called."""
    return f"months {studied.first} to {studied.last}"


def changes(panel: Panel, outcome: str, *, design: Threshold) -> pd.DataFrame:
    """One row a person: ``running``, ``took_up``, and a column a bin with the outcome's mean less the reference's.

    The columns are :func:`column` of the bins outside the reference, in order. A person who is not observed in a bin or
    in the reference has NaN there.
    """
    shards = panel.shards(outcome, (RUNNING, TOOK_UP, INDEX_MONTH))
    return pd.concat([_of_shard(shard, design=design) for shard in shards], ignore_index=True)


def characteristics(panel: Panel, *, outcome: str) -> pd.DataFrame:
    """One row a person: ``running``, age at the measurement in years, and whether female."""
    women = panel.levels["sex"].index("female") if "female" in panel.levels["sex"] else -2
    parts = [
        pd.DataFrame(
            {
                RUNNING: shard.covariates[RUNNING],
                AGE: (_index(shard) - _births(shard)) / 12,
                FEMALE: (shard.levels["sex"] == women).astype(np.float64),
            }
        )
        for shard in panel.shards(outcome, (RUNNING, INDEX_MONTH, "sex"))
    ]
    return pd.concat(parts, ignore_index=True)


def _of_shard(shard: PanelShard, *, design: Threshold) -> pd.DataFrame:
    months = shard.first_month + np.arange(shard.outcome.shape[1])
    event_time = months[None, :] - _index(shard)[:, None] + 1
    binned = design.window.binned
    before = _mean(shard.outcome, event_time, [b for b in binned if b.reference])
    after = {column(b): _mean(shard.outcome, event_time, [b]) - before for b in binned if not b.reference}
    return pd.DataFrame({RUNNING: shard.covariates[RUNNING], TOOK_UP: shard.covariates[TOOK_UP], **after})


def _mean(outcome: NDArray[np.floating], event_time: NDArray[np.float64], bins: Sequence[Bin]) -> NDArray[np.float64]:
    """``(n,)``: each person's mean over the bins' months; NaN unless every month is observed."""
    within = (event_time >= bins[0].first) & (event_time <= bins[-1].last)
    length = bins[-1].last - bins[0].first + 1
    total = np.where(within, outcome, 0.0).sum(axis=1, dtype=np.float64)
    whole = (within & ~np.isnan(outcome)).sum(axis=1) == length
    return np.where(whole, total / length, np.nan)


def _index(shard: PanelShard) -> NDArray[np.float64]:
    return np.zeros(0) if shard.index_month is None else shard.index_month


def _births(shard: PanelShard) -> NDArray[np.float64]:
    return np.zeros(0) if shard.birth_month is None else shard.birth_month
