"""What the cohort of a referral to prevention means: whose referral counts, from when, on which blood test."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cohorts import DrawnPeople, Rows
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.ndpp import NDPP

UNMET = "no eligible test (HbA1c 42 to 47 mmol/mol, or glucose) within 12 months before the referral"


class Programme(DrawnPeople):
    """People with referrals, and the cohort that they make."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, source="ndpp")
        self.referrals: Rows = []

    def refer(self, person_id: str, key: str = "", **given: object) -> None:
        """Refer somebody on 10 May 2018 with HbA1c 44 of April, never seen since."""
        row = dict.fromkeys(NDPP.names) | {
            "referral_id": key or f"referral of {person_id}", "person_ref": person_id,
            "referral_date": date(2018, 5, 10), "test_date": date(2018, 4, 20), "hba1c_mmol_mol": 44,
        }  # fmt: skip
        self.referrals.append(row | given)

    def cohort(self) -> tuple[dict[str, dict[str, object]], dict[tuple[str, str], int]]:
        """Each person's row, and the exclusions by arm and reason, where there were any."""
        return self.made("diabetes_prevention", {NDPP: self.referrals})


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
    programme.links.append({"source": "hes", "health_id": "ann", "person_id": "never 00"})
    rows, _ = programme.cohort()
    assert rows["ann"]["arm"] == "treated"
    assert rows["never 00"]["arm"] == "comparison"
