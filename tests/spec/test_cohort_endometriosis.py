"""What the cohorts of endometriosis mean: who is first diagnosed when, and who waits for whose operation."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import evaluations
from cohorts import DrawnPeople, Rows
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.sources import HES_APC

OVARY, ADENOMYOSIS, OTHER = "N801", "N800", "K359"
EXCISION, CYST, APPENDICECTOMY = "T421", "Q491", "H011"
ANTICIPATED = evaluations.load("endometriosis_surgery").evaluation.design.anticipation
DIAGNOSED, OPERATED = date(2017, 3, 8), date(2018, 6, 12)


class Women(DrawnPeople):
    """People with hospital episodes, and the cohort of an evaluation that they make."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, source="hes")
        self.episodes: Rows = []

    def stay(self, person_id: str, day: date | None, *codes: str, operation: str | None = None) -> None:
        """Add an episode with diagnoses in this order, and an operation on its first day."""
        row = dict.fromkeys(HES_APC.names) | {
            "epikey": f"{len(self.episodes):012d}", "pseudo_hesid": person_id, "epistart": day,
            "diagnoses": list(codes), "operations": [operation] if operation else [], "operation_dates": [None],
        }  # fmt: skip
        self.episodes.append(row)

    def cohort(self, evaluation: str) -> tuple[dict[str, dict[str, object]], dict[tuple[str, str], int]]:
        """Each person's row, and the exclusions by arm and reason, where there were any."""
        return self.made(evaluation, {HES_APC: self.episodes})


@pytest.fixture
def women(tmp_path: Path) -> Women:
    """Ann, diagnosed and operated later; Eve, diagnosed and never operated; thirty women without a diagnosis."""
    made = Women(tmp_path)
    for number in range(30):
        made.add(f"never {number:02d}")
    for name in ("ann", "eve"):
        made.add(name)
        made.stay(name, DIAGNOSED, OTHER, OVARY)
    made.stay("ann", OPERATED, OVARY, operation=EXCISION)
    return made


DIAGNOSIS, NARROWER, SURGERY = (
    "endometriosis_diagnosis",
    "endometriosis_diagnosis_without_adenomyosis",
    "endometriosis_surgery",
)


def test_the_index_is_the_first_stay_with_the_diagnosis_in_any_position(women):
    rows, _ = women.cohort(DIAGNOSIS)
    assert {name for name, row in rows.items() if row["arm"] == "treated"} == {"ann", "eve"}
    assert rows["ann"]["treatment_month"] == month_number(2017, 3)


def test_a_diagnosis_before_the_months_studied_is_the_first(women):
    women.stay("ann", date(2009, 4, 1), OVARY)
    rows, excluded = women.cohort(DIAGNOSIS)
    assert "ann" not in rows
    assert excluded["treated", "first diagnosis before April 2016"] == 1
    assert excluded["comparison", "had such a diagnosis"] == 2


def test_a_diagnosis_before_april_2009_is_not_looked_at_but_its_owner_is_not_compared_with(women):
    women.stay("ann", date(2009, 3, 31), OVARY)
    women.stay("never 00", date(2009, 3, 31), OVARY)
    rows, excluded = women.cohort(DIAGNOSIS)
    assert rows["ann"]["treatment_month"] == month_number(2017, 3)
    assert "never 00" not in rows
    assert excluded["comparison", "had such a diagnosis"] == 3


def test_a_diagnosis_without_a_date_is_counted(women):
    women.add("may")
    women.stay("may", None, OVARY)
    _, excluded = women.cohort(DIAGNOSIS)
    assert excluded["treated", "diagnosis without any date"] == 1


@pytest.mark.parametrize(("evaluation", "treated"), [(DIAGNOSIS, True), (NARROWER, False)])
def test_adenomyosis_alone_is_endometriosis_in_one_of_two_lists(women, evaluation, treated):
    women.add("may")
    women.stay("may", DIAGNOSED, ADENOMYOSIS)
    rows, _ = women.cohort(evaluation)
    assert (rows.get("may", {}).get("arm") == "treated") is treated


def test_men_are_in_neither_arm_and_women_up_to_54_are(women):
    women.add("tom", sex="male")
    women.stay("tom", DIAGNOSED, OVARY)
    women.add("old", birth_month=month_number(1962, 2))
    women.stay("old", DIAGNOSED, OVARY)
    women.add("jim", sex="male")
    rows, excluded = women.cohort(DIAGNOSIS)
    assert {"tom", "old", "jim"}.isdisjoint(rows)
    assert excluded["treated", "not a woman"] == 1
    assert excluded["comparison", "not a woman"] == 1
    assert excluded["treated", "not aged 25 to 54 on the index day"] == 1


def test_the_operated_are_compared_with_the_diagnosed_who_are_not(women):
    rows, _ = women.cohort(SURGERY)
    assert {name: row["arm"] for name, row in rows.items()} == {"ann": "treated", "eve": "comparison"}
    ann, eve = rows["ann"], rows["eve"]
    assert (ann["treatment_month"], ann["operation"]) == (month_number(2018, 6), "lesions of peritoneum")
    assert eve["treatment_month"] is None
    assert abs(eve["index_month"] - month_number(2018, 6)) <= 1
    assert (ann["year_of_diagnosis"], eve["year_of_diagnosis"]) == ("2017", "2017")


def test_of_a_diagnosis_nothing_but_its_month_is_told(women):
    rows, _ = women.cohort(DIAGNOSIS)
    assert {row["year_of_diagnosis"] for row in rows.values()} == {None}


def test_who_was_first_diagnosed_in_the_stay_of_the_operation_did_not_wait(women):
    women.add("may")
    women.stay("may", OPERATED, OVARY, operation=CYST)
    rows, excluded = women.cohort(SURGERY)
    assert "may" not in rows
    assert excluded["treated", "no earlier episode with a diagnosis of endometriosis_icd10"] == 1


def test_an_earlier_day_of_the_same_stay_is_not_an_earlier_diagnosis(women):
    women.add("may")
    women.stay("may", OPERATED, OVARY, operation=CYST)
    women.episodes[-1]["operation_dates"] = [date(2018, 6, 14)]
    rows, _ = women.cohort(SURGERY)
    assert "may" not in rows


@pytest.mark.parametrize(
    ("codes", "operation"), [((OTHER,), EXCISION), ((OVARY,), APPENDICECTOMY), ((OVARY,), None)], ids=str
)
def test_another_operation_or_one_for_something_else_leaves_a_woman_waiting(women, codes, operation):
    women.stay("eve", date(2018, 1, 9), *codes, operation=operation)
    rows, _ = women.cohort(SURGERY)
    assert rows["eve"]["arm"] == "comparison"


def test_who_is_operated_after_the_months_studied_waits_until_it_may_be_anticipated(women):
    women.stay("eve", date(2023, 1, 5), OVARY, operation=CYST)
    rows, _ = women.cohort(SURGERY)
    assert rows["eve"]["arm"] == "comparison"
    assert rows["eve"]["last_month"] == month_number(2023, 1) - ANTICIPATED - 1
    assert rows["eve"]["last_month"] < rows["eve"]["index_month"] + 47


def test_who_is_operated_long_after_waits_through_the_months_studied(women):
    women.stay("eve", date(2024, 5, 5), OVARY, operation=CYST)
    rows, _ = women.cohort(SURGERY)
    assert rows["eve"]["last_month"] == rows["eve"]["index_month"] + 47


def test_who_was_operated_before_the_months_studied_is_in_neither_arm(women):
    women.stay("eve", date(2012, 1, 5), OVARY, operation=CYST)
    women.add("may")
    women.stay("may", date(2016, 4, 4), OVARY)
    rows, excluded = women.cohort(SURGERY)
    assert "eve" not in rows
    assert excluded["treated", "first operation before April 2016"] == 1
    assert excluded["comparison", "had such an operation by December 2022, or one without a date"] == 2


def test_who_is_diagnosed_after_the_drawn_index_did_not_wait_then(women):
    women.add("may")
    women.stay("may", date(2018, 9, 1), OVARY)
    rows, excluded = women.cohort(SURGERY)
    assert "may" not in rows
    assert excluded["comparison", "not diagnosed before the drawn index day"] == 1


def test_nobody_waiting_is_not_estimable(women):
    women.episodes = [stay for stay in women.episodes if stay["pseudo_hesid"] != "eve"]
    with pytest.raises(NotEstimable, match="no comparison person remains"):
        women.cohort(SURGERY)
