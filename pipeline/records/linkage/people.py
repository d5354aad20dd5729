"""People: the records of two censuses paired, and each id mapped to the one person it belongs to."""

from __future__ import annotations

import duckdb

from pipeline.records.linkage.conflicts import Conflict
from pipeline.records.linkage.links import count, drop_ids

EARLIER, LATER = 2011, 2021
"""The two censuses. Where a person has a record in both, the earlier one is the person."""


def pair_records(connection: duckdb.DuckDBPyConnection) -> list[Conflict]:
    """Make ``people`` (census_id, person_id) and ``id_person`` (kind, id, person_id), and count what cannot be paired.

    Two records are one person's if an id is linked to both. A record that would pair with several pairs with none, and
    the ids linked to it are dropped: nothing says whose they are. So no id can reach two people.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE pairs AS
        SELECT DISTINCT e.census_id AS earlier, l.census_id AS later FROM links AS e JOIN links AS l USING (kind, id)
        WHERE e.census_year = {EARLIER} AND l.census_year = {LATER}""")
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE torn AS
        SELECT earlier AS census_id FROM pairs GROUP BY earlier HAVING count(*) > 1
        UNION ALL SELECT later FROM pairs GROUP BY later HAVING count(*) > 1""")
    records, torn = count(connection, "records"), count(connection, "torn")
    reason = "records that pair with several of the other census"
    paired = Conflict(link="census", reason=reason, looked_at=records, kept=records - torn)
    dropped = drop_ids(
        connection, "of records that pair with several", "SELECT kind, id FROM links SEMI JOIN torn USING (census_id)"
    )
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE people AS
        SELECT census_id, coalesce(earlier, census_id) AS person_id FROM records
        LEFT JOIN (SELECT earlier, later AS census_id FROM pairs
                   ANTI JOIN torn ON torn.census_id IN (pairs.earlier, pairs.later)) USING (census_id)""")
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE id_person AS
        SELECT DISTINCT kind, id, person_id FROM links JOIN people USING (census_id)""")
    return [paired, *dropped]


def date_deaths(connection: duckdb.DuckDBPyConnection, deaths: str) -> Conflict:
    """Make ``died`` (person_id, date_of_death): the earliest date of each person, under either of their records."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE died AS
        SELECT person_id, min(date_of_death) AS date_of_death
        FROM {deaths} JOIN people USING (census_id) GROUP BY person_id""")
    delivered, known = count(connection, deaths), count(connection, f"{deaths} SEMI JOIN people USING (census_id)")
    reason = "deaths of ids that are not in the census"
    return Conflict(link="census to deaths", reason=reason, looked_at=delivered, kept=known)


def drop_working_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget the temporary tables of linkage."""
    for name in ("records", "links", "dropped_ids", "pairs", "torn", "people", "id_person", "died", "linkage_weights"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
