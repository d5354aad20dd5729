"""What the cohort of practice waves means: who was found eligible, by which practice, and from when it may refer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cohorts import DrawnPeople, Rows
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.ndpp import NDPP, NDPP_TESTS


class Practices(DrawnPeople):
    """Practices of three waves, people whom they tested, and the cohort that they make."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, source="ndpp")
        self.tests: Rows = []
        self.referrals: Rows = []
        for wave in (1, 2, 3):
            self.refer(f"P{wave}", wave)

    def refer(self, practice: str, wave: int) -> None:
        """A referral of somebody unknown, years later: it says the practice's wave."""
        row = dict.fromkeys(NDPP.names) | {
            "referral_id": f"referral {len(self.referrals)}", "person_ref": f"nobody {len(self.referrals)}",
            "referral_date": date(2019, 5, 10), "practice_code": practice, "practice_wave": wave,
        }  # fmt: skip
        self.referrals.append(row)

    def test(self, person_id: str, practice: str | None, **given: object) -> None:
        """Test a man of 40, alive, in London, linked to pay, with 44 in March 2016 and never referred."""
        if all(row["person_id"] != person_id for row in self.people):
            self.add(person_id, sex="male")
        test = {"person_ref": person_id, "practice_code": practice}
        self.tests.append({**test, "test_date": date(2016, 3, 10), "hba1c_mmol_mol": 44} | given)

    def cohort(self) -> tuple[dict[str, dict[str, object]], dict[tuple[str, str], int]]:
        """Each person's row, and the exclusions by arm and reason, where there were any."""
        return self.made("diabetes_prevention_practice_waves", {NDPP: self.referrals, NDPP_TESTS: self.tests})


@pytest.fixture
def practices(tmp_path: Path) -> Practices:
    """Ann, Bob and Cat, tested by practices of the first, second and third wave."""
    made = Practices(tmp_path)
    for name, practice in (("ann", "P1"), ("bob", "P2"), ("cat", "P3")):
        made.test(name, practice)
    return made


def test_people_are_treated_from_their_practices_wave_whether_or_not_they_are_referred(practices):
    rows, _ = practices.cohort()
    assert rows["ann"]["treatment_month"] == month_number(2016, 6)
    assert rows["bob"]["treatment_month"] == month_number(2017, 4)


def test_people_of_the_last_wave_are_compared_with_until_the_month_before_it_opens(practices):
    rows, excluded = practices.cohort()
    assert (rows["cat"]["arm"], rows["cat"]["treatment_month"]) == ("comparison", None)
    assert rows["cat"]["last_month"] <= month_number(2018, 3)
    assert excluded["treated", "first month in which the practice may refer after April 2017"] == 1
    assert excluded["comparison", "is of a practice that may refer by April 2017, or one without a date"] == 2


def test_everybody_is_numbered_by_practice_and_its_code_is_not_kept(practices):
    practices.test("ann's neighbour", "P1")
    rows, _ = practices.cohort()
    assert rows["ann"]["cluster"] == rows["ann's neighbour"]["cluster"]
    assert len({rows[name]["cluster"] for name in ("ann", "bob", "cat")}) == 3
    assert not {"P1", "P2", "P3"} & {value for row in rows.values() for value in row.values()}


@pytest.mark.parametrize(
    "given",
    [
        {"hba1c_mmol_mol": 41},
        {"hba1c_mmol_mol": 48},
        {"test_date": date(2015, 3, 31)},
        {"test_date": date(2016, 6, 1)},
    ],
    ids=str,
)
def test_who_was_not_found_eligible_before_any_wave_is_not_studied(practices, given):
    practices.test("dan", "P1", **given)
    rows, _ = practices.cohort()
    assert "dan" not in rows


@pytest.mark.parametrize(
    "given",
    [
        {"hba1c_mmol_mol": 42},
        {"hba1c_mmol_mol": 47},
        {"test_date": date(2015, 4, 1)},
        {"test_date": date(2016, 5, 31)},
    ],
    ids=str,
)
def test_a_test_at_the_limits_is_enough(practices, given):
    practices.test("dan", "P1", **given)
    rows, _ = practices.cohort()
    assert rows["dan"]["arm"] == "treated"


def test_the_practice_is_that_of_the_first_eligible_test(practices):
    practices.test("ann", "P3", test_date=date(2016, 4, 1))
    practices.test("ann", "P2", test_date=date(2015, 6, 1), hba1c_mmol_mol=40)
    rows, _ = practices.cohort()
    assert rows["ann"]["treatment_month"] == month_number(2016, 6)
    assert rows["ann"]["cluster"] not in {rows["bob"]["cluster"], rows["cat"]["cluster"]}


@pytest.mark.parametrize("practice", ["never referred", "of two waves", None])
def test_people_of_a_practice_without_one_wave_leave_and_are_counted(practices, practice):
    practices.refer("of two waves", 1)
    practices.refer("of two waves", 2)
    practices.test("dan", practice)
    rows, excluded = practices.cohort()
    assert "dan" not in rows
    assert excluded["treated", "practice whose wave is not known"] == 1
