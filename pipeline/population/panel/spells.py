"""From benefit spells to months: the ends of each spell are scattered into a matrix and summed along its months.

A long table of person-months is never built. A month counts when a spell covers its 15th day.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipeline.engine.database import quoted
from pipeline.population.panel.layout import Layout, Shard, register_positions
from pipeline.vocabulary.months import month_sql
from pipeline.vocabulary.schemas.sources import BENEFITS, DISABILITY_BENEFITS, INCAPACITY_BENEFITS

MIDDLE = 15
"""The day of a month that a spell must cover for the month to count."""

_BENEFITS = np.array(BENEFITS)
_INCAPACITY, _DISABILITY = (np.isin(_BENEFITS, kind) for kind in (INCAPACITY_BENEFITS, DISABILITY_BENEFITS))


@dataclass(frozen=True, kw_only=True)
class Spells:
    """Spells of some people, one position a spell; those that cover no 15th day of a month studied are left out.

    Attributes
    ----------
    person
        Row of the person among those asked for.
    first, last
        Columns of the first and the last month that count.
    benefit
        Position in :data:`pipeline.vocabulary.schemas.sources.BENEFITS`.
    health_related
        Whether the owner says so.
    weekly_pence
        NaN where the amount is not known.
    """

    person: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    benefit: NDArray[np.int64]
    health_related: NDArray[np.bool_]
    weekly_pence: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Claims:
    """``(n, T)`` by person and month.

    Attributes
    ----------
    health_related, incapacity, disability
        Whether any benefit of the kind is received.
    weekly_pence
        What health-related benefits come to in a week, nominal. Of overlapping spells of one benefit the mean counts;
        an amount that is not known adds nothing.
    """

    health_related: NDArray[np.bool_]
    incapacity: NDArray[np.bool_]
    disability: NDArray[np.bool_]
    weekly_pence: NDArray[np.float64]


class DeliveredSpells:
    """The spells of a panel's people, found by shard; a person's National Insurance numbers are one person's."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, layout: Layout, *, benefits: str, nino_person: str
    ) -> None:
        self._connection, self._layout = connection, layout
        register_positions(connection, layout)
        connection.execute(
            f"CREATE TEMP TABLE spells AS {_spells_sql(layout, benefits, nino_person)} ORDER BY position"
        )

    def of(self, shard: Shard) -> Spells:
        """The spells of the shard's people."""
        found = self._connection.sql(f"""
            SELECT position - {shard.start} AS person, first, last, benefit, health_related, weekly_pence
            FROM spells WHERE position >= {shard.start} AND position < {shard.stop}""").to_arrow_table()
        return Spells(**{name: found[name].to_numpy() for name in found.column_names})


def claims(spells: Spells, *, n_people: int, n_months: int) -> Claims:
    """What the people of some spells receive, month by month."""
    shape = (n_people, n_months)
    incapacity, disability = _INCAPACITY[spells.benefit], _DISABILITY[spells.benefit]
    of_health = spells.health_related | incapacity | disability
    known = of_health & np.isfinite(spells.weekly_pence)
    weekly = np.zeros(shape)
    for benefit in np.unique(spells.benefit[known]):
        these = np.flatnonzero(known & (spells.benefit == benefit))
        paid = _covering(spells, these, shape, weights=spells.weekly_pence[these])
        weekly += paid / np.maximum(_covering(spells, these, shape), 1)
    return Claims(
        health_related=_covering(spells, np.flatnonzero(of_health), shape) > 0,
        incapacity=_covering(spells, np.flatnonzero(incapacity), shape) > 0,
        disability=_covering(spells, np.flatnonzero(disability), shape) > 0,
        weekly_pence=weekly,
    )


def _covering(
    spells: Spells, these: NDArray[np.int64], shape: tuple[int, int], *, weights: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """``shape``: the sum of the weights (whole numbers; one each) of the chosen spells that cover each month.

    A spell adds its weight in its first month and takes it away after its last; sums along months do the rest. They
    are sums of integers, so the order of spells cannot show.
    """
    n_people, n_months = shape
    amount = np.ones(len(these), np.int64) if weights is None else weights.astype(np.int64)
    ends = np.zeros((n_people, n_months + 1), np.int64)
    np.add.at(ends, (spells.person[these], spells.first[these]), amount)
    np.subtract.at(ends, (spells.person[these], spells.last[these] + 1), amount)
    return np.cumsum(ends, axis=1, out=ends)[:, :-1]


def _spells_sql(layout: Layout, benefits: str, nino_person: str) -> str:
    """SQL: one row a spell of the layout's people, its months as columns of the panel, clipped to it."""
    first, last = layout.first_month, layout.first_month + layout.n_months - 1
    starts = f"{month_sql('start_date')} + CASE WHEN day(start_date) > {MIDDLE} THEN 1 ELSE 0 END"
    ends = f"{month_sql('end_date')} - CASE WHEN day(end_date) < {MIDDLE} THEN 1 ELSE 0 END"
    names = ", ".join(quoted(benefit) for benefit in BENEFITS)
    return f"""
    SELECT * FROM (
        SELECT position, greatest({starts}, {first}) - {first} AS first,
               least(coalesce({ends}, {last}), {last}) - {first} AS last,
               list_position([{names}], benefit) - 1 AS benefit, health_related,
               coalesce(CAST(weekly_pence AS DOUBLE), CAST('NaN' AS DOUBLE)) AS weekly_pence
        FROM {benefits}
        JOIN (SELECT valid_nino, position FROM {nino_person} JOIN positions USING (person_id)) USING (valid_nino))
    WHERE first <= last"""
