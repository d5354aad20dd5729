"""The panel as files: one Parquet file a shard, one row a person, one list of months per outcome."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.engine.store import write_note
from pipeline.population.panel.layout import Layout, Shard, levels
from pipeline.vocabulary.schemas.schema import Schema

WRITE_BATCH = 65_536
"""Values that Arrow encodes at once: a quarter faster than its default for lists of a hundred numbers."""


def write_shard(
    members: pa.Table, outcomes: Mapping[str, NDArray[np.floating]], *, shard: Shard, schema: Schema, target: Path
) -> None:
    """Write ``target/panel/shard-<number>.parquet``: the people with their outcomes, NaN as null.

    Lists are stored plainly under LZ4 (dictionaries of pay are larger than pay, and LZ4 decodes as fast as memory is
    read); words get dictionaries.
    """
    lists = {name: _months(values) for name, values in outcomes.items()}
    table = members.select([name for name in schema.names if name not in lists])
    for name, months in lists.items():
        table = table.append_column(name, months)
    (target / "panel").mkdir(parents=True, exist_ok=True)
    pq.write_table(
        schema.conform(table),
        target / "panel" / f"shard-{shard.number:05d}.parquet",
        compression="lz4",
        use_dictionary=[c.name for c in schema.columns if c.role == "characteristic" and c.type == pa.string()],
        write_statistics=False,
        write_batch_size=WRITE_BATCH,
    )


def write_panel_note(layout: Layout, schema: Schema, *, facts: Mapping[str, object], target: Path) -> None:
    """Write ``target/panel.json``: how to read the shards, and facts about them.

    The top-code itself is never among the facts: a quantile of pay is a record's value.
    """
    characteristics = [c.name for c in schema.columns if c.role == "characteristic" and c.type == pa.string()]
    note: dict[str, object] = {
        "first_month": layout.first_month,
        "n_months": layout.n_months,
        "outcomes": [c.name for c in schema.columns if c.role == "outcome"],
        "levels": levels(layout.people, characteristics),
        "n_people": layout.people.num_rows,
        "shards": [f"shard-{shard.number:05d}.parquet" for shard in layout.shards],
        "ages": layout.people["birth_month"].null_count == 0,
    }
    write_note({**note, **facts}, target, "panel")


def _months(values: NDArray[np.floating]) -> pa.FixedSizeListArray:
    """``(n, T)`` as one list a person; NaN becomes null."""
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel(), from_pandas=True), values.shape[1])
