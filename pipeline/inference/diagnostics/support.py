"""Which people identify an effect so long after the index: those treated early enough to be seen so late."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.inference.diagnostics.decomposition.rows import treated_in
from pipeline.vocabulary.panels import Panel, PanelShard
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.results import SUPPORT
from pipeline.vocabulary.windows import Window

_COUNTS = ["n_treated", "n_with_reference"]


def table(panel: Panel, protocol: Protocol) -> pa.Table:
    """One row a bin and year of treatment (schema ``SUPPORT``), and one a bin for everybody, first.

    A person counts where the first declared outcome is observed in a month of the bin; ``n_with_reference`` are those
    of them who are also observed in the reference, without which a change has nothing to be a change from. The
    reference's own bins have no rows. Every year in which somebody was treated has a row in every bin: nought says that
    nobody treated then is seen so late or so early.
    """
    window, outcome = protocol.evaluation.design.window, protocol.evaluation.outcomes[0].name
    found = [row for shard in panel.shards(outcome) for row in _of_shard(shard, window)]
    counts = pd.DataFrame(found, columns=["treatment_month", "months_from", "months_to", *_COUNTS])
    label = treated_in(protocol)
    named = counts.assign(treated_in=[label(int(month)) for month in counts["treatment_month"]])
    both = pd.concat([named.assign(treated_in=""), named])
    by_year = both.groupby(["months_from", "months_to", "treated_in"], as_index=False)[_COUNTS].sum()
    rows = by_year.assign(evaluation=protocol.name)
    return SUPPORT.conform(pa.Table.from_pandas(rows, schema=SUPPORT.arrow, preserve_index=False))


def _of_shard(shard: PanelShard, window: Window) -> Iterator[tuple[int, int, int, int, int]]:
    """Each timing group's treatment month, bin and people seen in it, and of those the people seen in the reference."""
    treated = shard.treatment_month[~np.isnan(shard.treatment_month)]
    for month in np.unique(treated):
        seen = ~np.isnan(shard.outcome[shard.treatment_month == month])
        event_time = shard.first_month + np.arange(seen.shape[1]) - int(month) + 1
        first, last = window.reference
        in_reference = seen[:, (event_time >= first) & (event_time <= last)].any(axis=1)
        for part in (part for part in window.binned if not part.reference):
            in_bin = seen[:, (event_time >= part.first) & (event_time <= part.last)].any(axis=1)
            yield int(month), part.first, part.last, int(in_bin.sum()), int((in_bin & in_reference).sum())
