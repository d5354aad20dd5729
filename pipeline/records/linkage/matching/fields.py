"""The two sides of a linkage as tables with the same columns."""

from __future__ import annotations

import duckdb

HEALTH, CENSUS = "health_fields", "census_fields"
"""Temporary tables of the same columns: one row a health id (``file`` its source), one row an enumerated census record
(``file`` its census year); ``record`` is the id in that file, ``unique_id`` one that no other row of the table has."""

_OF_BOTH = """
    first_name, coalesce(first_name_sound, first_name) AS first_name_sound,
    last_name, coalesce(last_name_sound, last_name) AS last_name_sound, sex, birth_date,
    year(birth_date) AS birth_year, month(birth_date) AS birth_month, day(birth_date) AS birth_day,
    postcode_sector, coalesce(postcode_district, postcode_sector) AS postcode_district"""
"""An owner without sounds or districts is compared on what there is: the coarser level then adds nothing."""


def read_fields(connection: duckdb.DuckDBPyConnection, *, health: str, demographics: str, census: str) -> None:
    """Make the two tables."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {HEALTH} AS
        SELECT source || ':' || health_id AS unique_id, source AS file, health_id AS record, {_OF_BOTH}
        FROM {health}""")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {CENSUS} AS
        SELECT census_id AS unique_id, CAST(c.census_year AS VARCHAR) AS file, census_id AS record, {_OF_BOTH}
        FROM (SELECT * FROM {demographics}) AS d
        JOIN (SELECT census_id, census_year FROM {census} WHERE NOT imputed) AS c USING (census_id)""")


def drop_fields(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget the two tables."""
    for table in (HEALTH, CENSUS):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
