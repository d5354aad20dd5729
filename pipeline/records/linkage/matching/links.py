"""Links from demographic fields: scored pairs, then for each health id at most one record of each census."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from pipeline.engine.database import refusing
from pipeline.engine.settings import Linkage
from pipeline.records.linkage.links import count
from pipeline.records.linkage.matching.fields import CENSUS, HEALTH, drop_fields, read_fields
from pipeline.records.linkage.matching.scoring import score_pairs
from pipeline.vocabulary.errors import CausewayError, Fault, LinkageRefused
from pipeline.vocabulary.schemas.demographics import HEALTH_DEMOGRAPHICS
from pipeline.vocabulary.schemas.sources import LINKS_PERSON

METHOD = "splink"
"""What ``link_method`` says of every link made here."""

_SCORED = "scored_pairs"

_ONE_PERSON = "one.first_name_sound = other.first_name_sound AND one.birth_date = other.birth_date"
"""When two ids that fit one record are one person's: what tells twins apart is their first names."""


def person_links(
    connection: duckdb.DuckDBPyConnection, *, health: str, demographics: str, census: str, settings: Linkage
) -> pa.Table:
    """The table ``links/person``, sorted: each health id with its one record of each census, where one stands out.

    A pair becomes a link if its match weight (to two decimals) is at least the declared one, the next best record of
    the same census is behind it by more than the margin, and nobody else's id fits the record better by more than the
    margin: so a twin whose own record is missing is not given the other's. Ids with the same first name and date of
    birth are one person's, who may have moved between them, and are all linked.
    The same records and settings give the same links, whatever their order.

    Parameters
    ----------
    health, demographics, census
        SQL that reads the accepted health and census demographics and the census, whose imputed records link to nobody.

    Raises
    ------
    LinkageRefused
        If too few health records agree exactly with any census record, or the model cannot be fitted.
    """
    with refusing("linkage", source=HEALTH_DEMOGRAPHICS.name):
        try:
            read_fields(connection, health=health, demographics=demographics, census=census)
            _refuse_strangers(connection, least=settings.least_exact)
            with _silenced():
                score_pairs(connection, target=_SCORED, settings=settings)
            links = connection.sql(_chosen(settings)).to_arrow_table()
        finally:
            connection.execute(f"DROP TABLE IF EXISTS {_SCORED}")
            drop_fields(connection)
    return LINKS_PERSON.conform(links)


def _refuse_strangers(connection: duckdb.DuckDBPyConnection, *, least: float) -> None:
    """Refuse files that have next to nobody in common: names hashed with different keys look like that."""
    exact = count(connection, f"{HEALTH} SEMI JOIN {CENSUS} USING (first_name, last_name, birth_date)")
    if exact < max(1, least * count(connection, HEALTH)):
        raise LinkageRefused(
            Fault(
                what=f"under {least:.0%} of records agree with any of the census on both names and date of birth",
                source=HEALTH_DEMOGRAPHICS.name,
                column="first_name, last_name, birth_date",
                count=exact,
                unit="records",
                remedy="Ask both owners to hash names after the same cleaning and with the same key.",
            )
        )


@contextmanager
def _silenced() -> Iterator[None]:
    """Refuse what splink cannot do, without its words: they quote SQL and parameters, which may hold values."""
    try:
        yield
    except CausewayError:
        raise
    except Exception as error:  # noqa: BLE001 - splink raises many kinds, DuckDB's and Python's own among them
        fault = Fault(
            what=f"the linkage model could not be fitted: splink stopped on {type(error).__name__}",
            source=HEALTH_DEMOGRAPHICS.name,
            remedy="Check that both sides have names, sex and dates of birth; a handful of records cannot train it.",
        )
        raise LinkageRefused(fault) from None


def _chosen(settings: Linkage) -> str:
    """SQL of the links among the scored pairs."""
    rivals = "OVER (PARTITION BY source, health_id, census_year ORDER BY match_weight DESC, census_id)"
    return f"""
        WITH pairs AS (SELECT s.*, first_name_sound, birth_date FROM {_SCORED} AS s
                       JOIN {HEALTH} AS h ON source = h.file AND health_id = h.record),
        others AS (SELECT DISTINCT one.source, one.health_id, one.census_id
                   FROM pairs AS one JOIN pairs AS other USING (census_id)
                   WHERE other.match_weight - one.match_weight > {settings.margin}
                     AND NOT coalesce({_ONE_PERSON}, false))
        SELECT source, health_id, census_id, match_weight, '{METHOD}' AS link_method
        FROM (SELECT *, row_number() {rivals} AS place, lead(match_weight) {rivals} AS next_best FROM {_SCORED})
        ANTI JOIN others USING (source, health_id, census_id)
        WHERE place = 1 AND match_weight >= {settings.match_weight}
          AND (next_best IS NULL OR match_weight - next_best > {settings.margin})
        ORDER BY source, health_id, census_id"""
