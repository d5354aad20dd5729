"""The spine: one row a person of the census, with the ids that are theirs and the day they died."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine.database import parquet, refusing
from pipeline.records.linkage.conflicts import NINO, Conflict
from pipeline.records.linkage.links import clean_links, count, read_links, read_records, refuse_several
from pipeline.records.linkage.people import date_deaths, drop_working_tables, pair_records
from pipeline.records.linkage.quality import AGE_AT, linked_episodes_sql, quality_sql
from pipeline.records.linkage.weights import WEIGHTS, characteristics, weigh_cells
from pipeline.vocabulary.errors import Fault, SchemaError
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.schemas.people import HEALTH_PERSON, LINKAGE_QUALITY, NINO_PERSON, SPINE
from pipeline.vocabulary.schemas.schema import Schema

ROWS_AT_ONCE = 200_000
"""Rows that pass their schema together: 200,000 rows of the spine are some 50 MB."""

_SPINE = """
    SELECT census_id AS person_id, census_year, sex,
           CAST(birth_year * 12 + 3 * birth_quarter - 1 AS INTEGER) AS birth_month,
           coalesce(ethnic_group, 'Missing or not stated') AS ethnic_group, imd_quintile, region, rural_urban,
           qualification, nssec, religion, disability, lsoa11, la,
           CAST(year(date_of_death) * 12 + month(date_of_death) AS INTEGER) AS month_of_death, date_of_death,
           census_id IN (SELECT person_id FROM id_person WHERE kind = 'hes') AS linked_hes_apc,
           census_id IN (SELECT person_id FROM id_person WHERE kind = 'iapt') AS linked_iapt,
           census_id IN (SELECT person_id FROM id_person WHERE kind = '{nino}') AS linked_paye_rti, linkage_weight
    FROM (SELECT records.*, linkage_weight FROM records JOIN {weights} AS w ON {of_cell}
          WHERE census_id IN (SELECT person_id FROM people)) AS preferred
    LEFT JOIN died ON census_id = died.person_id"""


def spine(  # noqa: PLR0913 - five tables come in, each by its name
    connection: duckdb.DuckDBPyConnection,
    *,
    census: str,
    deaths: str,
    links_person: str,
    links_nino: str,
    hes: str | None,
    target: Path,
    ids_linked_to_several_people: int = 0,
    least_link_rate: float = 0.05,
) -> None:
    """Write ``spine``, ``nino_person``, ``health_person`` and ``linkage_quality`` under ``target``, sorted by key.

    A person is a census record; who has one in both censuses is the 2011 record. Imputed records are nobody. People
    outside England stay: residence is the cohort's question.

    Parameters
    ----------
    census, deaths, links_person, links_nino, hes
        SQL that reads the accepted tables; ``hes`` is ``None`` where the delivery has none.
    ids_linked_to_several_people
        How many ids of a link table may be linked to several people; they are dropped and counted.
    least_link_rate
        The link rate below which a rarer link makes nobody's ``linkage_weight`` larger.

    Raises
    ------
    LinkageRefused
        If more are.
    SchemaError
        If a table would break its schema.
    """
    with refusing("linkage", source="census and links"):
        try:
            imputed = read_records(connection, census)
            read_links(connection, census=census, links_person=links_person, links_nino=links_nino)
            refuse_several(connection, tolerated=ids_linked_to_several_people)
            conflicts = [imputed, *clean_links(connection), *pair_records(connection)]
            conflicts.append(date_deaths(connection, deaths))
            weigh_cells(connection, least_link_rate=least_link_rate)
            _write_people(connection, target)
            _write_quality(connection, hes, conflicts=conflicts, target=target)
        finally:
            drop_working_tables(connection)


def _write_people(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    ninos = f"SELECT id AS valid_nino, person_id FROM id_person WHERE kind = '{NINO}'"
    health = f"SELECT kind AS source, id AS health_id, person_id FROM id_person WHERE kind <> '{NINO}'"
    of_cell = " AND ".join(f"w.{name} = {sql}" for name, sql in characteristics("records.").items())
    people = _SPINE.format(nino=NINO, weights=WEIGHTS, of_cell=of_cell)
    _write(connection, people, schema=SPINE, target=target)
    _write(connection, ninos, schema=NINO_PERSON, target=target)
    _write(connection, health, schema=HEALTH_PERSON, target=target)


def _write_quality(
    connection: duckdb.DuckDBPyConnection, hes: str | None, *, conflicts: list[Conflict], target: Path
) -> None:
    people = parquet(target / SPINE.name)
    quality = quality_sql(spine=people, middle=parse_month(AGE_AT), conflicts=conflicts)
    if hes is not None:
        quality += f" UNION ALL {linked_episodes_sql(hes)}"
    _write(connection, quality, schema=LINKAGE_QUALITY, target=target)


def _write(connection: duckdb.DuckDBPyConnection, query: str, *, schema: Schema, target: Path) -> None:
    """Write a query's rows, sorted by the schema's key, after the schema has passed them a batch at a time."""
    key = ", ".join(schema.key)
    folder = target / schema.name
    folder.mkdir(parents=True)
    rows = connection.sql(f"SELECT {', '.join(schema.names)} FROM ({query}) ORDER BY {key}")
    passed = replace(schema, key=())
    with pq.ParquetWriter(folder / "part-00000.parquet", schema.arrow, compression="zstd") as writer:
        for batch in rows.to_arrow_reader(ROWS_AT_ONCE):
            writer.write_table(passed.conform(pa.Table.from_batches([batch])))
    written = parquet(folder)
    repeated = count(connection, written) - count(connection, f"(SELECT DISTINCT {key} FROM {written})")
    if repeated:
        raise SchemaError(Fault(what="key repeats", source=schema.name, column=key, count=repeated))
