"""From payments to monthly totals: a streaming scatter by (person, month), never a long table.

Payments are joined to people's positions in DuckDB and stream through in batches that are added straight into a
matrix of whole pence. Integer sums are exact, so neither the order of rows nor that of threads can show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipeline.population.panel.layout import Layout, Shard, register_positions

ROWS_PER_BATCH = 100_000
"""Payments in one batch: small enough to stay in a processor's cache between DuckDB and the scatter."""

BYTES_PER_GB = 1e9


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Monthly totals of pay in pence of some shards: ``(n, T)`` int64, never negative, zero where nothing was paid."""

    shards: tuple[Shard, ...]
    pence: NDArray[np.int64]

    def of(self, shard: Shard) -> NDArray[np.int64]:
        """``(n, T)``: the totals of one of the shards."""
        start = self.shards[0].start
        return self.pence[shard.start - start : shard.stop - start]


def monthly_totals(
    connection: duckdb.DuckDBPyConnection, layout: Layout, *, paye: str, nino_person: str, gb: float, scratch: Path
) -> Sequence[Totals]:
    """Every person's monthly totals, in slices of people that fit ``gb`` gigabytes each.

    With one slice the totals stay in memory; with more, each is kept as a file in ``scratch`` and mapped, since the
    top-code needs them all. A person's several National Insurance numbers are summed. A month whose payments sum
    below zero (corrections) counts as zero.
    """
    register_positions(connection, layout)
    connection.execute(
        f"CREATE TEMP TABLE payees AS SELECT valid_nino, position FROM {nino_person} JOIN positions USING (person_id)"
    )
    slices = list(layout.slices(n_bytes=gb * BYTES_PER_GB))
    found = []
    for number, shards in enumerate(slices):
        pence = _scattered(connection, layout, shards=shards, paye=paye)
        if len(slices) > 1:
            file = scratch / f"totals-{number:05d}.npy"
            np.save(file, pence)
            pence = np.load(file, mmap_mode="r")
        found.append(Totals(shards=shards, pence=pence))
    return found


def _scattered(
    connection: duckdb.DuckDBPyConnection, layout: Layout, *, shards: tuple[Shard, ...], paye: str
) -> NDArray[np.int64]:
    """``(n, T)`` int64: the totals of the shards' people."""
    start, stop = shards[0].start, shards[-1].stop
    first, n_months = layout.first_month, layout.n_months
    payments = connection.sql(f"""
        SELECT (position - {start}) * {n_months} + (month - {first}) AS cell, pay_pence
        FROM {paye} JOIN (SELECT * FROM payees WHERE position >= {start} AND position < {stop}) USING (valid_nino)
        WHERE month BETWEEN {first} AND {first + n_months - 1}""")
    pence = np.zeros((stop - start) * n_months, np.int64)
    for batch in payments.to_arrow_reader(ROWS_PER_BATCH):
        np.add.at(pence, batch.column(0).to_numpy(), batch.column(1).to_numpy())
    np.maximum(pence, 0, out=pence)
    return pence.reshape(-1, n_months)
