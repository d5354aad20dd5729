"""What the cohort of a referral to prevention means: whose referral counts, from when, on which blood test."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import evaluations
from pipeline.engine.database import database, quoted
from pipeline.engine.settings import Engine
from pipeline.population.cohort import staggered_cohort
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.ndpp import NDPP
from pipeline.vocabulary.schemas.people import HEALTH_PERSON, SPINE
from pipeline.vocabulary.schemas.schema import Schema

ENGINE = Engine(threads=2, memory_limit="1GB", people_per_shard=100, panel_memory_gb=0.1, rows_per_batch=1000)
UNMET = "no eligible test (HbA1c 42 to 47 mmol/mol, or glucose) within 12 months before the referral"


class Programme:
    """People with referrals, and the cohort that they make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people: list[dict[str, object]] = []
        self.links: list[dict[str, object]] = []
        self.referrals: list[dict[str, object]] = []

    def add(self, person_id: str, **given: object) -> None:
        """Add a woman of 42 in May 2018, alive, in London, linked to everything."""
        row = dict.fromkeys(SPINE.names) | {
            "person_id": person_id, "census_year": 2011, "sex": "female", "birth_month": month_number(1976, 2),
            "ethnic_group": "White", "imd_quintile": 3, "region": "London", "lsoa11": "E01000001",
            "linked_hes_apc": False, "linked_iapt": False, "linked_paye_rti": True,
        }  # fmt: skip
        self.people.append(row | given)
        self.links.append({"source": "ndpp", "health_id": f"ref of {person_id}", "person_id": person_id})

    def refer(self, person_id: str, key: str = "", **given: object) -> None:
        """Refer somebody on 10 May 2018 with HbA1c 44 of April, never seen since."""
        row = dict.fromkeys(NDPP.names) | {
            "referral_id": key or f"referral of {person_id}", "person_ref": f"ref of {person_id}",
            "referral_date": date(2018, 5, 10), "test_date": date(2018, 4, 20), "hba1c_mmol_mol": 44,
        }  # fmt: skip
        self.referrals.append(row | given)

    def cohort(self) -> tuple[dict[str, dict[str, object]], dict[tuple[str, str], int]]:
        """Each person's row, and the exclusions by arm and reason, where there were any."""
        records = {
            "ndpp": self._written("referrals", NDPP, self.referrals),
            "health_person": self._written("links", HEALTH_PERSON, self.links),
        }
        with database(ENGINE, spill=self.folder / "spill") as connection:
            staggered_cohort(
                connection,
                evaluations.load("diabetes_prevention"),
                records=records,
                spine=self._written("spine", SPINE, self.people),
                target=self.folder / "made",
            )
        rows = pq.read_table(self.folder / "made" / "cohort").to_pylist()
        steps = pq.read_table(self.folder / "made" / "attrition").to_pylist()
        excluded = {(step["arm"], step["reason"]): step["excluded"] for step in steps if step["excluded"]}
        return {row["person_id"]: row for row in rows}, excluded

    def _written(self, name: str, schema: Schema, rows: list[dict[str, object]]) -> str:
        file = self.folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=schema.arrow), file)
        return f"read_parquet({quoted(file)})"


@pytest.fixture
def programme(tmp_path: Path) -> Programme:
    """Thirty people never referred, and Ann, referred."""
    made = Programme(tmp_path)
    for number in range(30):
        made.add(f"never {number:02d}")
    made.add("ann")
    made.refer("ann")
    return made


def test_a_referral_is_the_index_whether_or_not_anybody_comes(programme):
    rows, _ = programme.cohort()
    assert (rows["ann"]["arm"], rows["ann"]["treatment_month"]) == ("treated", month_number(2018, 5))
    assert {row["arm"] for name, row in rows.items() if name != "ann"} == {"comparison"}


def test_the_first_referral_counts_and_one_a_person(programme):
    programme.refer("ann", "later", referral_date=date(2019, 6, 1), test_date=date(2019, 5, 1))
    rows, _ = programme.cohort()
    assert rows["ann"]["treatment_month"] == month_number(2018, 5)


@pytest.mark.parametrize(
    "given",
    [
        {"hba1c_mmol_mol": 41},
        {"hba1c_mmol_mol": 48},
        {"hba1c_mmol_mol": None},
        {"test_date": None},
        {"test_date": date(2017, 5, 9)},
        {"test_date": date(2018, 5, 11)},
        {"hba1c_mmol_mol": 41, "fpg_mmol_l": 7.0},
    ],
    ids=str,
)
def test_who_was_referred_without_an_eligible_test_is_neither_treated_nor_compared(programme, given):
    programme.add("bob")
    programme.refer("bob", **given)
    rows, excluded = programme.cohort()
    assert "bob" not in rows
    assert excluded["treated", UNMET] == 1
    assert excluded["comparison", "was referred"] == 2


@pytest.mark.parametrize(
    "given",
    [
        {"hba1c_mmol_mol": 42},
        {"hba1c_mmol_mol": 47},
        {"test_date": date(2017, 5, 10)},
        {"hba1c_mmol_mol": 38, "fpg_mmol_l": 5.5},
        {"hba1c_mmol_mol": None, "fpg_mmol_l": 6.9},
    ],
    ids=str,
)
def test_either_blood_test_at_its_limits_is_enough(programme, given):
    programme.add("bob")
    programme.refer("bob", **given)
    rows, _ = programme.cohort()
    assert rows["bob"]["arm"] == "treated"


def test_a_first_referral_before_the_years_studied_is_not_studied_by_a_later_one(programme):
    programme.add("bob")
    programme.refer("bob", "early", referral_date=date(2016, 5, 31), test_date=date(2016, 5, 1))
    programme.refer("bob", "late")
    rows, excluded = programme.cohort()
    assert "bob" not in rows
    assert excluded["treated", "first referral before June 2016"] == 1


def test_the_same_id_in_other_records_is_somebody_else(programme):
    programme.links.append({"source": "hes", "health_id": "ref of ann", "person_id": "never 00"})
    rows, _ = programme.cohort()
    assert rows["ann"]["arm"] == "treated"
    assert rows["never 00"]["arm"] == "comparison"
