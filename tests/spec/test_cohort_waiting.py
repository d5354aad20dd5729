"""What the cohorts of waiting mean: who joined which list when, for how long, and how long the others waited."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cohorts import DrawnPeople, Rows
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.people import OF_A_WAIT
from pipeline.vocabulary.schemas.sources import HES_APC, IAPT_REFERRAL

JOINED = date(2017, 3, 8)
HIP, KNEE, OTHER = "W371", "W401", "H011"
MONTH = 365.25 / 12
SOURCES = {"elective_waiting": "hes", "therapy_waiting": "iapt"}


class Lists(DrawnPeople):
    """People with operations or referrals, and the cohort that they make."""

    def __init__(self, folder: Path, evaluation: str) -> None:
        super().__init__(folder, source=SOURCES[evaluation])
        self.evaluation = evaluation
        self.rows: Rows = []

    def add(self, person_id: str, *, linked: bool = True, **given: object) -> None:
        """Add a woman of 41 in March 2017; one who is not ``linked`` has no health id."""
        super().add(person_id, **given)
        if not linked:
            self.links.pop()

    def operate(self, person_id: str, days: int, joined: date = JOINED, code: str = HIP, **given: object) -> None:
        """Operate somebody after so many days on the list of provider RTA."""
        admitted = joined + timedelta(days=days)
        row = dict.fromkeys(HES_APC.names) | {
            "epikey": f"{len(self.rows):012d}", "pseudo_hesid": person_id, "epistart": admitted, "admidate": admitted,
            "elecdate": joined, "elecdur": days, "admimeth": "11", "procode3": "RTA", "diagnoses": ["M169"],
            "operations": [code], "operation_dates": [admitted],
        }  # fmt: skip
        self.rows.append(row | given)

    def refer(self, person_id: str, days: int | None, referred: date = JOINED, **given: object) -> None:
        """Refer somebody to provider RWA, whose first session comes after so many days, if it does."""
        row = dict.fromkeys(IAPT_REFERRAL.names) | {
            "unique_service_request_id": f"{len(self.rows):09d}", "iapt_person_id": person_id,
            "referral_date": referred, "first_session": None if days is None else referred + timedelta(days=days),
            "provider": "RWA", "problem": "depression", "is_latest": True,
        }  # fmt: skip
        self.rows.append(row | given)

    def cohort(self) -> tuple[dict[str, dict[str, object]], dict[str, int]]:
        """Each listed person's row, and the exclusions of the listed by reason, where there were any."""
        schema = HES_APC if self.evaluation == "elective_waiting" else IAPT_REFERRAL
        rows, excluded = self.made(self.evaluation, {schema: self.rows})
        listed = {person: row for person, row in rows.items() if row["arm"] == "treated"}
        return listed, {reason: people for (arm, reason), people in excluded.items() if arm == "treated"}


@pytest.fixture
def elective(tmp_path):
    """Two people who join one list in a month, for 100 and 200 days, and somebody on no list."""
    lists = Lists(tmp_path, "elective_waiting")
    for person in ("ann", "bea", "nobody"):
        lists.add(person)
    lists.operate("ann", 100)
    lists.operate("bea", 200, code=KNEE)
    return lists


@pytest.fixture
def therapy(tmp_path):
    lists = Lists(tmp_path, "therapy_waiting")
    for person in ("ann", "bea", "nobody"):
        lists.add(person)
    lists.refer("ann", 30)
    lists.refer("bea", 60)
    return lists


def test_the_index_is_joining_the_list_and_the_wait_ends_with_admission(elective):
    rows, _ = elective.cohort()
    ann = rows["ann"]
    assert ann["index_month"] == ann["treatment_month"] == month_number(2017, 3)
    assert ann["wait"] == pytest.approx(100 / MONTH)
    assert ann["waited"] == 3  # from March to June
    assert (ann["operation"], rows["bea"]["operation"]) == ("hip", "knee")


def test_the_queue_is_the_mean_wait_of_the_others_of_provider_and_month(elective):
    elective.operate("stranger", 400)  # linked to nobody, and in the queue all the same
    elective.operate("later", 10, joined=date(2017, 4, 1))
    elective.operate("elsewhere", 10, procode3="RTB")
    rows, _ = elective.cohort()
    assert rows["ann"]["others_mean_wait"] == pytest.approx((200 + 400) / 2 / MONTH)
    assert rows["bea"]["others_mean_wait"] == pytest.approx((100 + 400) / 2 / MONTH)
    assert rows["ann"]["others"] == 2


def test_a_provider_is_a_number_and_no_code(elective):
    elective.add("cat")
    elective.add("dot")
    elective.operate("cat", 100, procode3="RTB")
    elective.operate("dot", 100, procode3="RTB")
    rows, _ = elective.cohort()
    assert rows["ann"]["provider"] == rows["bea"]["provider"] != rows["cat"]["provider"]
    assert {rows[name]["provider"] for name in rows} == {1.0, 2.0}


def test_whoever_joined_alone_has_no_queue_and_is_counted(elective):
    elective.add("cat")
    elective.operate("cat", 100, procode3="RTB")
    rows, excluded = elective.cohort()
    assert "cat" not in rows
    assert excluded == {"the provider's only one in that month, so that nobody's wait tells the queue": 1}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"elecdate": None, "elecdur": None}, "day of joining the list not known"),
        ({"admimeth": "21"}, "admission that ends no wait on a list"),
        ({"admimeth": "13"}, "admission that ends no wait on a list"),
        ({"elecdate": JOINED + timedelta(days=200)}, "admission before joining the list"),
        ({"admidate": date(2019, 5, 1)}, "waited more than 24 months"),
        ({"procode3": None}, "provider not known"),
        ({"elecdate": date(2016, 3, 31)}, "first joining the list before April 2016"),
        ({"elecdate": date(2020, 2, 1), "admidate": date(2020, 6, 1)}, "first joining the list after January 2020"),
    ],
)
def test_waits_that_cannot_be_studied_are_counted_with_their_reason(elective, given, reason):
    elective.add("cat")
    elective.operate("cat", 100, **given)
    rows, excluded = elective.cohort()
    assert sorted(rows) == ["ann", "bea"]
    assert excluded == {reason: 1}


def test_a_wait_is_counted_from_the_days_recorded_where_the_day_of_joining_is_not(elective):
    elective.add("cat")
    elective.operate("cat", 100, elecdate=None)
    rows, _ = elective.cohort()
    assert rows["cat"]["wait"] == rows["ann"]["wait"]


def test_only_a_first_listed_operation_counts_and_others_do_not(elective):
    elective.operate("ann", 50, joined=date(2018, 1, 5))
    elective.operate("nobody", 50, code=OTHER)
    rows, _ = elective.cohort()
    assert sorted(rows) == ["ann", "bea"]
    assert rows["ann"]["index_month"] == month_number(2017, 3)


def test_people_who_die_within_the_window_are_left_out_and_counted(elective):
    elective.add("cat", month_of_death=month_number(2019, 1))
    elective.operate("cat", 100)
    rows, excluded = elective.cohort()
    assert "cat" not in rows
    assert excluded == {"not observed from 24 months before to 35 months after": 1}


def test_comparison_people_are_on_no_list(elective):
    elective.cohort()
    rows = pq.read_table(elective.folder / "made" / "cohort").to_pylist()
    (nobody,) = (row for row in rows if row["arm"] == "comparison")
    assert nobody["person_id"] == "nobody"
    assert all(nobody[name] is None for name in OF_A_WAIT)


def test_the_same_rows_in_another_order_make_the_same_cohort(elective):
    elective.operate("stranger", 400)
    first, _ = elective.cohort()
    elective.rows.reverse()
    again, _ = elective.cohort()
    assert first == again


def test_a_wait_for_therapy_runs_from_referral_to_first_session(therapy):
    rows, _ = therapy.cohort()
    assert rows["ann"]["wait"] == pytest.approx(30 / MONTH)
    assert rows["ann"]["waited"] == 1
    assert rows["ann"]["others_mean_wait"] == pytest.approx(60 / MONTH)
    assert rows["ann"]["problem"] == "depression"


def test_whoever_is_still_waiting_is_counted_and_in_nobodys_queue(therapy):
    therapy.add("cat")
    therapy.refer("cat", None)
    rows, excluded = therapy.cohort()
    assert rows["ann"]["others"] == 1
    assert excluded == {"no first session by the end of the records: still waiting, or no longer": 1}


def test_the_first_referral_counts_whether_or_not_it_came_to_a_session(therapy):
    therapy.add("cat")
    therapy.refer("cat", 45)
    therapy.refer("ann", None, referred=date(2016, 9, 1))
    rows, excluded = therapy.cohort()
    assert sorted(rows) == ["bea", "cat"]
    assert excluded["no first session by the end of the records: still waiting, or no longer"] == 1
