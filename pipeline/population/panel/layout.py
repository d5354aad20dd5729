"""Where each person and month stands: people by shard and then by id, months in columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.vocabulary.errors import Fault, NotEstimable

HASH_DIGITS = 15
"""Hexadecimal digits of the MD5 that a shard is chosen by: sixty bits fit a signed integer on every engine."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A run of people, ``start <= position < stop``, that one file holds."""

    number: int
    start: int
    stop: int

    @property
    def n_people(self) -> int:
        """How many people the shard has."""
        return self.stop - self.start


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The order of the panel's people and months.

    Attributes
    ----------
    people
        One row a person in panel order: ``person_id, treatment_month, index_month, birth_month``, the characteristics,
        ``first_month`` and ``last_month``.
    shards
        Consecutive runs of those rows, none empty.
    first_month, n_months
        The month of column 0 and the number of columns ``T``.
    """

    people: pa.Table
    shards: tuple[Shard, ...]
    first_month: int
    n_months: int

    def members(self, shard: Shard) -> pa.Table:
        """The shard's people."""
        return self.people.slice(shard.start, shard.n_people)

    def observed(self, shard: Shard) -> NDArray[np.bool_]:
        """``(n, T)``: whether each month of each person of the shard is observed."""
        months = np.arange(self.first_month, self.first_month + self.n_months)
        members = self.members(shard)
        first, last = (members[name].to_numpy()[:, None] for name in ("first_month", "last_month"))
        within: NDArray[np.bool_] = (first <= months) & (months <= last)
        return within

    def slices(self, *, n_bytes: float) -> Iterator[tuple[Shard, ...]]:
        """Consecutive shards whose monthly totals (eight bytes a person-month) fit in ``n_bytes``, one at least."""
        fits = n_bytes / (8 * self.n_months)
        held: list[Shard] = []
        for shard in self.shards:
            if held and shard.stop - held[0].start > fits:
                yield tuple(held)
                held = []
            held.append(shard)
        if held:
            yield tuple(held)


def place_people(
    connection: duckdb.DuckDBPyConnection, people: str, *, first_month: int, n_months: int, people_per_shard: int
) -> Layout:
    """The layout of the people that the SQL query ``people`` gives; see :class:`Layout` for its columns.

    The shard is a hash of the person id, so it does not depend on the order of the delivery's rows.

    Raises
    ------
    NotEstimable
        If there are no people.
    """
    ((n,),) = connection.execute(f"SELECT count(*) FROM ({people})").fetchall()
    if not n:
        raise NotEstimable(Fault(what="the cohort has nobody in it", source="cohort", remedy="Make the cohort again."))
    n_shards = -(-n // people_per_shard)
    table = connection.sql(f"""
        SELECT *, CAST('0x' || substr(md5(person_id), 1, {HASH_DIGITS}) AS BIGINT) % {n_shards} AS shard
        FROM ({people}) ORDER BY shard, person_id""").to_arrow_table()
    bounds = np.searchsorted(table["shard"].to_numpy(), np.arange(n_shards + 1))
    shards = (Shard(number=k, start=int(bounds[k]), stop=int(bounds[k + 1])) for k in range(n_shards))
    return Layout(
        people=table.drop_columns("shard"),
        shards=tuple(shard for shard in shards if shard.n_people),
        first_month=first_month,
        n_months=n_months,
    )


def register_positions(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Let queries of this connection join ``positions``: ``person_id, position``."""
    positions = pa.array(np.arange(layout.people.num_rows))
    table = pa.table({"person_id": layout.people["person_id"], "position": positions})
    connection.register("positions", table)


def levels(people: pa.Table, characteristics: Sequence[str]) -> dict[str, list[str]]:
    """The levels that each characteristic has among the people, sorted."""
    return {name: sorted(pc.unique(people[name].drop_null()).to_pylist()) for name in characteristics}
