"""Links cleaned: ids that are one person's in each census, records that were enumerated.

Everything here makes temporary tables and counts what it drops. An *id* is a National Insurance number or a health
id; in ``links`` it is ``kind`` and ``id``.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from pipeline.records.linkage.conflicts import NINO, Conflict, ids_name, link_name
from pipeline.vocabulary.errors import Fault, LinkageRefused

SEVERAL = """
    SELECT kind, id FROM links WHERE census_year IS NOT NULL AND NOT flagged
    GROUP BY kind, id, census_year HAVING count(*) > 1"""
"""Ids with several records of one census, which are several people, and no flag that says so."""


def read_records(connection: duckdb.DuckDBPyConnection, census: str) -> Conflict:
    """Make ``records``: the census records that were enumerated, not imputed."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE records AS SELECT * FROM {census} WHERE NOT imputed")
    delivered, enumerated = count(connection, census), count(connection, "records")
    return Conflict(link="census", reason="imputed records", looked_at=delivered, kept=enumerated)


def read_links(connection: duckdb.DuckDBPyConnection, *, census: str, links_person: str, links_nino: str) -> None:
    """Make ``links``: one row an id and record. The census's own year of a record stands above the link table's."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE links AS
        SELECT kind, id, census_id, min(coalesce(c.census_year, l.census_year)) AS census_year,
               bool_or(bool_or(flagged)) OVER (PARTITION BY kind, id) AS flagged, min(c.imputed) AS imputed
        FROM (SELECT '{NINO}' AS kind, frameworks_nino AS id, census_id, census_year,
                     nino_contains_multiple_census_id AS flagged FROM {links_nino}
              UNION ALL SELECT source, health_id, census_id, NULL, false FROM {links_person}) AS l
        LEFT JOIN {census} AS c USING (census_id) GROUP BY kind, id, census_id""")


def refuse_several(connection: duckdb.DuckDBPyConnection, *, tolerated: int) -> None:
    """Refuse link tables that join one id to several people.

    Raises
    ------
    LinkageRefused
        If more than ``tolerated`` ids of a table do; names each table and column, and how many ids.
    """
    tables = (("links/nino", "frameworks_nino", f"kind = '{NINO}'"), ("links/person", "health_id", f"kind <> '{NINO}'"))
    faults = []
    for source, column, where in tables:
        ids = count(connection, f"(SELECT DISTINCT kind, id FROM ({SEVERAL}) WHERE {where})")
        if ids > tolerated:
            faults.append(
                Fault(
                    what=f"one identifier is linked to several people; {tolerated:,} such ids are tolerated",
                    source=source,
                    file=f"{source}/",
                    column=column,
                    count=ids,
                    unit="ids",
                    remedy="Ask the owner to mend the link table, or tolerate them in configs/validation.toml.",
                )
            )
    if faults:
        raise LinkageRefused(faults)


def clean_links(connection: duckdb.DuckDBPyConnection) -> list[Conflict]:
    """Drop ids of several people and links to records that are not there or were imputed."""
    flags = drop_ids(connection, "flagged with several census ids", "SELECT kind, id FROM links WHERE flagged")
    flagged = [conflict for conflict in flags if conflict.link == link_name(NINO)]  # health ids carry no flag
    several = drop_ids(connection, "linked to several people of one census", SEVERAL)
    unknown = _drop_links(connection, "links to ids that are not in the census", "imputed IS NULL")
    imputed = _drop_links(connection, "links to imputed records", "imputed")
    return [*flagged, *several, *unknown, *imputed]


def drop_ids(connection: duckdb.DuckDBPyConnection, reason: str, ids: str) -> list[Conflict]:
    """Delete from ``links`` the ids that a query gives, and say by kind how many ids there were and are."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE dropped_ids AS SELECT DISTINCT kind, id FROM ({ids})")
    by_kind = connection.execute("""
        SELECT kind, count(DISTINCT id), (SELECT count(*) FROM dropped_ids AS d WHERE d.kind = links.kind)
        FROM links GROUP BY kind ORDER BY kind""").fetchall()
    connection.execute("DELETE FROM links WHERE (kind, id) IN (SELECT (kind, id) FROM dropped_ids)")
    return _conflicts((kind, f"{ids_name(kind)} {reason}", n, n - dropped) for kind, n, dropped in by_kind)


def _drop_links(connection: duckdb.DuckDBPyConnection, reason: str, where: str) -> list[Conflict]:
    by_kind = connection.execute(f"""
        SELECT kind, count(*), count(*) FILTER (WHERE {where}) FROM links GROUP BY kind ORDER BY kind""").fetchall()
    connection.execute(f"DELETE FROM links WHERE {where}")
    return _conflicts((kind, f"{ids_name(kind)}: {reason}", n, n - dropped) for kind, n, dropped in by_kind)


def _conflicts(counts: Iterable[tuple[str, str, int, int]]) -> list[Conflict]:
    return [Conflict(link=link_name(kind), reason=reason, looked_at=n, kept=kept) for kind, reason, n, kept in counts]


def count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows a table or query has."""
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(rows)
