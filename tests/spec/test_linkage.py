"""Who is one person: what linkage keeps, drops, counts and refuses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.engine.database import database, parquet
from pipeline.engine.settings import Engine
from pipeline.engine.store import write_table
from pipeline.records.linkage import spine
from pipeline.vocabulary.errors import LinkageRefused
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.people import HEALTH_PERSON, LINKAGE_QUALITY, NINO_PERSON, SPINE
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import CENSUS, DEATHS, LINKS_NINO, LINKS_PERSON

ENGINE = Engine(threads=2, memory_limit="500MB", people_per_shard=1, panel_memory_gb=1, rows_per_batch=1)


class Sources:
    """Drawn census records, links and deaths; :meth:`link` makes the spine of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.census: list[dict[str, Any]] = []
        self.ninos: list[dict[str, Any]] = []
        self.health: list[dict[str, Any]] = []
        self.deaths: list[dict[str, Any]] = []
        self.episodes: list[str] | None = None

    def record(self, census_id: str, year: int = 2011, **changed: Any) -> None:
        row = dict.fromkeys(CENSUS.names) | {
            "census_id": census_id, "census_year": year, "sex": "female", "birth_year": 1980, "birth_quarter": 1,
            "ethnic_group": "White", "region": "London", "imd_quintile": 3, "imputed": False,
        }  # fmt: skip
        self.census.append(row | changed)

    def nino(self, nino: str, *census_ids: str, flagged: bool = False) -> None:
        years = {row["census_id"]: row["census_year"] for row in self.census}
        self.ninos += [
            dict(zip(LINKS_NINO.names, (nino, c, years.get(c, 2011), flagged), strict=True)) for c in census_ids
        ]

    def health_id(self, health_id: str, *census_ids: str, source: str = "hes") -> None:
        self.health += [
            dict(zip(LINKS_PERSON.names, (source, health_id, c, 1.0, "x"), strict=True)) for c in census_ids
        ]

    def death(self, census_id: str, day: date) -> None:
        self.deaths.append({"census_id": census_id, "date_of_death": day, "underlying_cause": None})

    def link(self, target: str = "made", tolerated: int = 0) -> None:
        scans = {
            "census": self._written(CENSUS, self.census),
            "deaths": self._written(DEATHS, self.deaths),
            "links_person": self._written(LINKS_PERSON, self.health),
            "links_nino": self._written(LINKS_NINO, self.ninos),
        }
        hes = None
        if self.episodes is not None:
            write_table(pa.table({"pseudo_hesid": self.episodes}), self.folder / "hes_apc")
            hes = parquet(self.folder / "hes_apc")
        with database(ENGINE, spill=self.folder / "spill") as connection:
            spine(connection, **scans, hes=hes, target=self.folder / target, ids_linked_to_several_people=tolerated)

    def _written(self, schema: Schema, rows: Sequence[dict[str, Any]]) -> str:
        folder = self.folder / schema.name
        write_table(
            pa.Table.from_pylist(list(rows), schema=pa.schema([(c.name, c.type) for c in schema.columns])), folder
        )
        return parquet(folder)

    def table(self, name: str, target: str = "made") -> list[dict[str, Any]]:
        return pq.ParquetDataset(self.folder / target / name).read().to_pylist()

    def people(self) -> dict[str, dict[str, Any]]:
        return {row["person_id"]: row for row in self.table("spine")}

    def nino_people(self) -> dict[str, str]:
        return {row["valid_nino"]: row["person_id"] for row in self.table("nino_person")}

    def health_people(self) -> dict[str, str]:
        return {row["health_id"]: row["person_id"] for row in self.table("health_person")}

    def conflicts(self) -> dict[str, tuple[int, int]]:
        rows = [row for row in self.table("linkage_quality") if row["characteristic"] == "conflicts"]
        return {f"{row['link']}: {row['level']}": (row["n_people"], row["n_linked"]) for row in rows}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path)


def test_every_table_leaves_with_its_schema_sorted_by_key(sources):
    for n in (2, 1, 3):
        sources.record(f"C{n}")
        sources.nino(f"N{n}", f"C{n}")
        sources.health_id(f"H{n}", f"C{n}")
    sources.link()
    for schema in (SPINE, NINO_PERSON, HEALTH_PERSON, LINKAGE_QUALITY):
        table = pq.ParquetDataset(sources.folder / "made" / schema.name).read()
        assert schema.conform(table).equals(table.sort_by([(name, "ascending") for name in schema.key]))


def test_a_person_is_born_in_the_middle_of_their_quarter(sources):
    for quarter in (1, 2, 3, 4):
        sources.record(f"C{quarter}", birth_quarter=quarter)
    sources.link()
    assert [p["birth_month"] for p in sources.people().values()] == [month_number(1980, m) for m in (2, 5, 8, 11)]


def test_a_person_without_an_ethnic_group_has_it_missing_not_null(sources):
    sources.record("C1", ethnic_group=None)
    sources.link()
    assert sources.people()["C1"]["ethnic_group"] == "Missing or not stated"


def test_people_outside_england_stay_for_the_cohort_to_judge(sources):
    sources.record("C1", region=None)
    sources.record("C2", region="Wales")
    sources.link()
    assert [person["region"] for person in sources.people().values()] == [None, "Wales"]


@pytest.mark.parametrize("by", ["nino", "health_id"])
def test_an_id_in_both_censuses_makes_one_person_the_2011_record(sources, by):
    sources.record("A", 2011, region="London")
    sources.record("B", 2021, region="Wales")
    getattr(sources, by)("X", "A", "B")
    sources.link()
    assert list(sources.people()) == ["A"]
    assert sources.people()["A"]["region"] == "London"


def test_a_nino_of_one_record_is_the_persons_whichever_record_it_is(sources):
    sources.record("A", 2011)
    sources.record("B", 2021)
    sources.health_id("H", "A", "B")
    sources.nino("N1", "A")
    sources.nino("N2", "B")
    sources.link()
    assert sources.nino_people() == {"N1": "A", "N2": "A"}
    assert sources.people()["A"]["linked_paye_rti"]


def test_a_record_of_one_census_alone_is_a_person(sources):
    sources.record("A", 2011)
    sources.record("B", 2021)
    sources.link()
    assert list(sources.people()) == ["A", "B"]
    assert not any(p["linked_paye_rti"] or p["linked_hes_apc"] for p in sources.people().values())


def test_imputed_records_are_nobody_and_their_links_are_counted(sources):
    sources.record("A", imputed=True)
    sources.record("B")
    sources.nino("N1", "A")
    sources.nino("N2", "B")
    sources.link()
    assert list(sources.people()) == ["B"]
    assert sources.nino_people() == {"N2": "B"}
    assert sources.conflicts()["census: imputed records"] == (2, 1)
    assert sources.conflicts()["census to paye_rti: NINos: links to imputed records"] == (2, 1)


def test_a_flagged_nino_is_dropped_and_counted_whatever_it_links_to(sources):
    sources.record("A")
    sources.record("B")
    sources.nino("N1", "A", "B", flagged=True)
    sources.nino("N2", "A", flagged=True)
    sources.nino("N3", "B")
    sources.link()
    assert sources.nino_people() == {"N3": "B"}
    assert sources.conflicts()["census to paye_rti: NINos flagged with several census ids"] == (3, 1)


@pytest.mark.parametrize(
    ("by", "source", "column"), [("nino", "links/nino", "frameworks_nino"), ("health_id", "links/person", "health_id")]
)
def test_an_unflagged_id_of_several_people_refuses_the_delivery(sources, by, source, column):
    for census_id in "ABC":
        sources.record(census_id)
    getattr(sources, by)("ZEBRA77", "A", "B", "C")
    expected = (
        rf"source {source}, file {source}/, column {column}: one identifier is linked to several people.*\(1 ids\)"
    )
    with pytest.raises(LinkageRefused, match=expected) as refused:
        sources.link()
    assert "ZEBRA77" not in str(refused.value)
    assert refused.value.exit_code == 3
    assert not (sources.folder / "made").exists()


def test_within_tolerance_ids_of_several_people_are_dropped_and_counted(sources):
    for census_id in "ABC":
        sources.record(census_id)
    sources.nino("N1", "A", "B")
    sources.health_id("H1", "A", "B")
    sources.health_id("H2", "C")
    sources.link(tolerated=1)
    assert sources.nino_people() == {}
    assert sources.health_people() == {"H2": "C"}
    assert sources.conflicts()["census to hes_apc: health ids linked to several people of one census"] == (2, 1)


def test_a_later_record_that_pairs_with_two_earlier_ones_pairs_with_none(sources):
    sources.record("A", 2011)
    sources.record("B", 2011)
    sources.record("X", 2021)
    sources.nino("N1", "A", "X")
    sources.nino("N2", "B", "X")
    sources.nino("N3", "X")
    sources.nino("N4", "A")
    sources.link()
    assert list(sources.people()) == ["A", "B", "X"]
    assert sources.nino_people() == {"N4": "A"}
    assert sources.conflicts()["census: records that pair with several of the other census"] == (3, 2)
    assert sources.conflicts()["census to paye_rti: NINos of records that pair with several"] == (4, 1)


def test_an_earlier_record_that_pairs_with_two_later_ones_pairs_with_none(sources):
    sources.record("A", 2011)
    sources.record("X", 2021)
    sources.record("Y", 2021)
    sources.nino("N1", "A", "X")
    sources.health_id("H1", "A", "Y")
    sources.link()
    assert list(sources.people()) == ["A", "X", "Y"]
    assert (sources.nino_people(), sources.health_people()) == ({}, {})


def test_links_to_records_that_are_not_there_are_dropped_and_counted(sources):
    sources.record("A")
    sources.nino("N1", "A")
    sources.nino("N2", "gone")
    sources.link()
    assert sources.nino_people() == {"N1": "A"}
    assert sources.conflicts()["census to paye_rti: NINos: links to ids that are not in the census"] == (2, 1)


def test_repeated_links_are_one_link(sources):
    sources.record("A")
    sources.nino("N1", "A")
    sources.nino("N1", "A")
    sources.health_id("H1", "A")
    sources.health_id("H1", "A")
    sources.link()
    assert (sources.nino_people(), sources.health_people()) == ({"N1": "A"}, {"H1": "A"})


def test_the_same_health_id_of_two_sources_is_two_ids(sources):
    sources.record("A")
    sources.record("B")
    sources.health_id("H1", "A", source="hes")
    sources.health_id("H1", "B", source="iapt")
    sources.link()
    found = {(row["source"], row["person_id"]) for row in sources.table("health_person")}
    assert found == {("hes", "A"), ("iapt", "B")}
    assert not sources.people()["B"]["linked_hes_apc"]
    assert [sources.people()[who]["linked_iapt"] for who in "AB"] == [False, True]


def test_the_earliest_death_under_either_record_counts(sources):
    sources.record("A", 2011)
    sources.record("B", 2021)
    sources.nino("N1", "A", "B")
    sources.death("A", date(2020, 5, 2))
    sources.death("B", date(2020, 4, 30))
    sources.death("gone", date(2020, 1, 1))
    sources.link()
    person = sources.people()["A"]
    assert (person["date_of_death"], person["month_of_death"]) == (date(2020, 4, 30), month_number(2020, 4))
    assert sources.conflicts()["census to deaths: deaths of ids that are not in the census"] == (3, 2)


def test_link_rates_are_shown_for_everybody_and_by_characteristic(sources):
    sources.record("A", sex="male", birth_year=1995, imd_quintile=1)
    sources.record("B", sex="male", birth_year=1935, imd_quintile=None)
    sources.record("C", birth_year=2001)
    sources.nino("N1", "A")
    sources.link()
    rates = {
        (row["characteristic"], row["level"]): (row["n_people"], row["n_linked"])
        for row in sources.table("linkage_quality")
        if row["link"] == "census to paye_rti"
    }
    assert rates["all", "all"] == (3, 1)
    assert (rates["sex", "male"], rates["sex", "female"]) == ((2, 1), (1, 0))
    assert rates["age", "20-29"] == (1, 1)
    assert (rates["age", "80 and over"], rates["age", "under 20"]) == ((1, 0), (1, 0))
    assert (rates["imd_quintile", "1"], rates["imd_quintile", "not known"]) == ((1, 1), (1, 0))


def test_the_share_of_health_ids_in_hospital_episodes_that_link_is_shown(sources):
    sources.record("A")
    sources.health_id("H1", "A")
    sources.episodes = ["H1", "H1", "H2"]
    sources.link()
    (row,) = [row for row in sources.table("linkage_quality") if row["link"] == "hes_apc to census"]
    assert (row["n_people"], row["n_linked"]) == (2, 1)


def test_two_runs_write_the_same_bytes(sources):
    for n in range(500):
        sources.record(f"A{n}", 2011)
        sources.record(f"B{n}", 2021)
        sources.nino(f"N{n}", f"A{n}", f"B{n}")
        sources.health_id(f"H{n}", f"A{n}")
    sources.link("one")
    sources.link("two")
    for name in ("spine", "nino_person", "health_person", "linkage_quality"):
        one, two = (sources.folder / run / name / "part-00000.parquet" for run in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_no_id_reaches_two_people_however_links_are_tangled(sources):
    for n in range(6):
        sources.record(f"A{n}", 2011)
        sources.record(f"B{n}", 2021)
    for n in range(6):
        for m in range(6):
            if (n * 5 + m * 3) % 4 == 0:
                sources.nino(f"N{n}{m}", f"A{n}", f"B{m}")
    sources.nino("N", "A0", "B5")
    sources.link()
    assert len(sources.people()) >= 6
    assert len(sources.nino_people()) == len(sources.table("nino_person"))
