"""What the cohort of a therapy means: whose first session counts, from when, and what is known at referral."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cohorts import DrawnPeople, Rows
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.sources import IAPT_EMPLOYMENT, IAPT_REFERRAL

MAY = month_number(2016, 5)


class Therapy(DrawnPeople):
    """People with referrals and employment statuses, and the cohort that they make."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, source="iapt")
        self.referrals: Rows = []
        self.statuses: Rows = []

    def refer(self, person_id: str, key: str = "", **given: object) -> None:
        """Refer somebody on 1 April 2016, first session on 10 May, discharged in October after seven contacts."""
        row = dict.fromkeys(IAPT_REFERRAL.names) | {
            "unique_service_request_id": key or f"referral of {person_id}", "iapt_person_id": person_id,
            "referral_date": date(2016, 4, 1), "first_session": date(2016, 5, 10),
            "discharge_date": date(2016, 10, 3), "treatment_contacts": 7, "is_latest": True,
        }  # fmt: skip
        self.referrals.append(row | given)

    def status(self, person_id: str, status: str | None, day: date) -> None:
        row = dict.fromkeys(IAPT_EMPLOYMENT.names) | {
            "unique_service_request_id": f"referral of {person_id}", "employment_status": status, "recorded_date": day,
        }  # fmt: skip
        self.statuses.append(row)

    def cohort(self) -> tuple[dict[str, dict[str, object]], dict[tuple[str, str], int]]:
        """Each person's row, and the exclusions by arm and reason, where there were any."""
        return self.made("talking_therapies", {IAPT_REFERRAL: self.referrals, IAPT_EMPLOYMENT: self.statuses})


@pytest.fixture
def therapy(tmp_path: Path) -> Therapy:
    """Thirty people without therapy, and Ann with a completed course."""
    made = Therapy(tmp_path)
    for number in range(30):
        made.add(f"never {number:02d}", linked_iapt=False)
    made.add("ann")
    made.refer("ann")
    return made


def test_the_index_is_the_month_of_the_first_session_and_the_referral_is_kept(therapy):
    rows, _ = therapy.cohort()
    ann = rows["ann"]
    assert (ann["arm"], ann["treatment_month"], ann["referral_month"]) == ("treated", MAY, MAY - 1)
    assert all(row["arm"] == "comparison" and row["referral_month"] is None for row in rows.values() if row != ann)


def test_the_first_completed_course_counts_and_one_a_person(therapy):
    therapy.refer("ann", "later", first_session=date(2018, 5, 1), discharge_date=date(2018, 9, 1))
    therapy.refer("ann", "given up", first_session=date(2015, 5, 1), treatment_contacts=1)
    rows, _ = therapy.cohort()
    assert rows["ann"]["treatment_month"] == MAY


@pytest.mark.parametrize(
    "given", [{"treatment_contacts": 1}, {"treatment_contacts": None}, {"discharge_date": None}], ids=str
)
def test_who_completed_no_course_is_neither_treated_nor_compared(therapy, given):
    therapy.add("bob")
    therapy.refer("bob", **given)
    rows, excluded = therapy.cohort()
    assert "bob" not in rows
    reason = "no course completed (discharged with 2 treatment contacts or more)"
    assert excluded["treated", reason] == 1
    assert excluded["comparison", "had a therapy session"] == 2


def test_a_referral_without_a_session_leaves_a_person_for_comparison(therapy):
    therapy.add("bob")
    therapy.refer("bob", first_session=None, treatment_contacts=0)
    _, excluded = therapy.cohort()
    assert excluded["comparison", "had a therapy session"] == 1
    assert not any(reason.startswith("no course") for _, reason in excluded)


def test_a_first_course_before_the_years_studied_is_not_studied_by_a_later_one(therapy):
    therapy.add("bob")
    therapy.refer("bob", "early", first_session=date(2014, 3, 31), referral_date=date(2014, 1, 1))
    therapy.refer("bob", "late")
    rows, excluded = therapy.cohort()
    assert "bob" not in rows
    assert excluded["treated", "first session of a completed course before April 2014"] == 1


def test_two_ids_of_one_person_are_one_person(therapy):
    therapy.links.append({"source": "iapt", "health_id": "older id of ann", "person_id": "ann"})
    therapy.refer("older id of ann", first_session=date(2015, 7, 1), referral_date=date(2015, 6, 1))
    rows, _ = therapy.cohort()
    assert rows["ann"]["treatment_month"] == month_number(2015, 7)


def test_the_same_id_in_hospital_records_is_somebody_else(therapy):
    therapy.links.append({"source": "hes", "health_id": "ann", "person_id": "never 00"})
    rows, _ = therapy.cohort()
    assert rows["ann"]["arm"] == "treated"


def test_employment_status_is_the_latest_on_or_before_the_referral(therapy):
    therapy.status("ann", "student", date(2016, 3, 1))
    therapy.status("ann", "employed", date(2016, 4, 1))
    therapy.status("ann", "retired", date(2016, 4, 2))
    rows, _ = therapy.cohort()
    assert rows["ann"]["employment_at_referral"] == "employed"


def test_a_status_that_is_not_stated_does_not_hide_an_earlier_one_and_none_is_not_known(therapy):
    therapy.add("bob")
    therapy.refer("bob")
    therapy.status("bob", "retired", date(2016, 4, 2))
    therapy.status("ann", "student", date(2016, 3, 1))
    therapy.status("ann", None, date(2016, 4, 1))
    rows, _ = therapy.cohort()
    assert (rows["ann"]["employment_at_referral"], rows["bob"]["employment_at_referral"]) == ("student", "not known")


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ({"recovery": True, "reliable_improvement": True}, "recovered"),
        ({"recovery": False, "reliable_improvement": True}, "improved, not recovered"),
        ({"recovery": False, "reliable_improvement": False}, "neither"),
        ({"recovery": None, "reliable_improvement": None}, "not known"),
    ],
)
def test_the_result_after_treatment_is_what_the_flags_say(therapy, given, result):
    therapy.add("bob")
    therapy.refer("bob", problem="depression", employment_support_date=date(2016, 6, 1), **given)
    rows, _ = therapy.cohort()
    bob, ann = rows["bob"], rows["ann"]
    assert (bob["result_after_treatment"], bob["problem"], bob["employment_adviser"]) == (result, "depression", "seen")
    assert (ann["problem"], ann["employment_adviser"], ann["operation"]) == ("not known", "not known", None)


def test_no_contact_with_an_adviser_is_told_by_version_2_alone(therapy):
    therapy.add("bob")
    given = {"referral_date": date(2020, 9, 1), "first_session": date(2020, 10, 1)}
    therapy.refer("bob", **given, discharge_date=date(2021, 1, 1))
    rows, _ = therapy.cohort()
    assert (rows["ann"]["employment_adviser"], rows["bob"]["employment_adviser"]) == ("not known", "not seen")
