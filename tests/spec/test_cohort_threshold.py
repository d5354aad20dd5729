"""What the cohort about a threshold means: whose first test counts, on which side they are, who took up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cohorts import DrawnPeople, Rows
from pipeline.population.cohort import threshold_cohort
from pipeline.vocabulary.errors import NotEstimable, RequestError
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.ndpp import NDPP, NDPP_TESTS

MAY = month_number(2018, 5)
NOT_OF_VALUES = "HbA1c in mmol/mol not 35 to 47"


class Measured(DrawnPeople):
    """People with tests and referrals, and the cohort that they make."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, source="ndpp")
        self.referrals: Rows = []
        self.tests: Rows = []

    def add(self, person_id: str, hba1c: int | None = None, **given: object) -> None:
        """Add a woman of 42 in May 2018; tested on 10 May where ``hba1c`` is given."""
        super().add(person_id, **given)
        if hba1c is not None:
            self.measure(person_id, hba1c)

    def measure(self, person_id: str, hba1c: int, day: date = date(2018, 5, 10)) -> None:
        """Test somebody who is not referred on it."""
        self.tests.append({"person_ref": person_id, "test_date": day, "hba1c_mmol_mol": hba1c})

    def refer(self, person_id: str, hba1c: int | None, day: date, test: date | None = date(2018, 5, 10)) -> None:
        row = dict.fromkeys(NDPP.names) | {
            "referral_id": f"referral of {person_id} on {day}", "person_ref": person_id,
            "referral_date": day, "test_date": test, "hba1c_mmol_mol": hba1c,
        }  # fmt: skip
        self.referrals.append(row)

    def cohort(self, evaluation: str = "diabetes_prevention_threshold") -> tuple[dict, dict]:
        """Each person's row, and the exclusions by arm and reason, where there were any."""
        records = {NDPP: self.referrals, NDPP_TESTS: self.tests}
        return self.made(evaluation, records, by=threshold_cohort)


@pytest.fixture
def tested(tmp_path: Path) -> Measured:
    """Ann at 42, not referred; Bea at 41."""
    made = Measured(tmp_path)
    made.add("ann", 42)
    made.add("bea", 41)
    return made


def test_the_cutoff_itself_is_assigned_whether_or_not_anybody_was_referred(tested):
    rows, _ = tested.cohort()
    ann, bea = rows["ann"], rows["bea"]
    assert (ann["arm"], ann["treatment_month"], ann["index_month"], ann["running"]) == ("treated", MAY, MAY, 42)
    assert (bea["arm"], bea["treatment_month"], bea["index_month"], bea["running"]) == ("comparison", None, MAY, 41)
    assert not ann["took_up"]
    assert not bea["took_up"]


@pytest.mark.parametrize(
    ("day", "took_up"),
    [
        (date(2018, 5, 10), True),
        (date(2018, 11, 10), True),
        (date(2018, 11, 11), False),
        (date(2018, 5, 9), False),
    ],
    ids=str,
)
def test_taking_up_is_a_referral_on_the_day_of_the_test_or_within_six_months(tested, day, took_up):
    tested.add("cat")
    tested.refer("cat", 44, date(2018, 5, 10))
    tested.referrals[-1]["referral_date"] = day
    rows, _ = tested.cohort()
    assert rows["cat"]["took_up"] == took_up


def test_people_below_may_be_referred_by_another_test(tested):
    tested.refer("bea", 41, date(2018, 6, 1))
    rows, _ = tested.cohort()
    assert (rows["bea"]["arm"], rows["bea"]["took_up"]) == ("comparison", True)


def test_a_referral_that_tells_of_no_test_is_no_measurement_but_is_taking_up(tested):
    tested.refer("ann", None, date(2018, 6, 1), test=None)
    rows, _ = tested.cohort()
    assert rows["ann"]["took_up"]


def test_the_first_test_counts_whatever_a_later_one_found(tested):
    tested.measure("bea", 44, date(2018, 9, 1))
    rows, _ = tested.cohort()
    assert (rows["bea"]["running"], rows["bea"]["index_month"]) == (41, MAY)


def test_a_first_test_before_the_months_studied_is_not_studied_by_a_later_one(tested):
    tested.add("cat", 40)
    tested.measure("cat", 40, date(2018, 3, 31))
    rows, excluded = tested.cohort()
    assert "cat" not in rows
    assert excluded["comparison", "first blood test before April 2018"] == 1


@pytest.mark.parametrize(("hba1c", "arm"), [(34, "comparison"), (48, "treated")])
def test_results_outside_the_values_are_an_exclusion_of_their_side(tested, hba1c, arm):
    tested.add("cat", hba1c)
    rows, excluded = tested.cohort()
    assert "cat" not in rows
    assert excluded == {(arm, NOT_OF_VALUES): 1}


def test_who_is_not_observed_to_the_end_of_the_window_is_excluded(tested):
    tested.add("cat", 43, month_of_death=MAY + 23)
    tested.add("dot", 43, month_of_death=MAY + 24)
    rows, excluded = tested.cohort()
    assert "cat" not in rows
    assert "dot" in rows
    assert excluded == {("treated", "not observed from 24 months before to 23 months after"): 1}


def test_a_delivery_without_people_on_one_side_is_refused(tested):
    tested.tests = [row for row in tested.tests if row["hba1c_mmol_mol"] < 42]
    with pytest.raises(NotEstimable, match="no treated person remains"):
        tested.cohort()


def test_another_design_is_refused(tested):
    with pytest.raises(RequestError, match="not of a threshold"):
        tested.cohort("diabetes_prevention")
