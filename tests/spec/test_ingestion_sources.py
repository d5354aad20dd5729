"""The dirt of each source, and what ingestion makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.database import database
from pipeline.engine.settings import Engine, read_settings
from pipeline.records.ingestion import Ingestion, ingest, read_delivery
from pipeline.records.ingestion.columns import owners_names
from pipeline.vocabulary.schemas.sources import ETHNIC_GROUPS, REGIONS, SOURCES

Rows = list[dict[str, Any]]

DIAGNOSES = owners_names("DIAG_4_01..DIAG_4_20")
OPERATIONS = owners_names("OPERTN_4_01..OPERTN_4_24")
OPERATION_DATES = owners_names("OPDATE_01..OPDATE_24")
DUCKDB = duckdb.connect(config={"threads": 1})
ENGINE = Engine(threads=1, memory_limit="500MB", people_per_shard=1, panel_memory_gb=1, rows_per_batch=1)


@pytest.fixture
def ingested(tmp_path: Path) -> Callable[..., tuple[Ingestion, Rows]]:
    """Ingest one source from files of rows; gives the counts and the typed rows in the order delivered."""

    def made(source: str, *files: Rows) -> tuple[Ingestion, Rows]:
        place = tmp_path / "delivery" / source
        place.mkdir(parents=True)
        note = {"delivery": "d", "cut_off": "2026-10-31", "sources": {}}
        (tmp_path / "delivery" / "delivery.json").write_text(json.dumps(note), encoding="utf-8")
        for n, rows in enumerate(files):
            pq.write_table(pa.Table.from_pylist(rows), place / f"{n}.parquet")
        delivery = read_delivery(tmp_path / "delivery", required=[source])
        with database(ENGINE, spill=tmp_path / "spill") as connection:
            result = ingest(
                connection,
                delivery,
                SOURCES[source],
                columns=read_settings().columns[source],
                clear_identifiers=0.2,
                target=tmp_path / "made",
            )
        typed = pq.ParquetDataset(tmp_path / "made" / "typed").read().to_pylist()
        return result, sorted(typed, key=lambda row: (row["source_file"], row["row"]))

    return made


def episode(key: str = "E1", **changed: Any) -> dict[str, Any]:
    row = {
        "EPIKEY": key, "PSEUDO_HESID": "H1", "EPISTART": "2019-03-04", "EPIEND": "2019-03-06", "ADMIDATE": "2019-03-04",
        "DISDATE": "2019-03-06", "ELECDATE": "2019-01-10", "ELECDUR": "53", "ADMIMETH": "11", "CLASSPAT": "1",
        "EPISTAT": "3", "EPITYPE": "1", "EPIORDER": "1", "STARTAGE": "44", "SEX": "2", "ETHNOS": "A",
        "LSOA11": "E01000001", "PROCODE3": "RAA", "PROCODE5": "RAA01", "TRETSPEF": "100", "MAINSPEF": "100",
        "RESGOR": "H",
    }  # fmt: skip
    return row | dict.fromkeys((*DIAGNOSES, *OPERATIONS)) | {"DIAG_4_01": "E669", "OPERTN_4_01": "G283"} | changed


def read_each(ingested: Any, source: str, rows: Rows, column: str) -> list[Any]:
    """What a column becomes in each row, all delivered in one file."""
    _, typed = ingested(source, rows)
    assert len(typed) == len(rows)
    return [row[column] for row in typed]


def episodes(*changes: dict[str, Any]) -> Rows:
    return [episode(f"E{n}", **change) for n, change in enumerate(changes)]


def test_an_episode_is_typed(ingested):
    _, (row,) = ingested("hes_apc", [episode()])
    assert (row["epistart"], row["elecdur"], row["epistat"]) == (date(2019, 3, 4), 53, 3)
    assert (row["diagnoses"], row["operations"], row["operation_dates"]) == (["E669"], ["G283"], None)


def test_a_code_has_four_characters_and_no_suffix(ingested):
    written = ["E66.9", "I10X", "i10x", "E669D", "B972A", " E669 ", "E66"]
    read = read_each(ingested, "hes_apc", episodes(*({"DIAG_4_01": code} for code in written)), "diagnoses")
    assert read == [["E669"], ["I10X"], ["I10X"], ["E669"], ["B972"], ["E669"], ["E66"]]


def test_what_stands_for_no_code_is_null_in_its_place_and_left_off_at_the_end(ingested):
    nothings = ["-", "&", "-   ", "", "   ", None]
    changes = [{"DIAG_4_01": none, "DIAG_4_02": "I10X", "DIAG_4_20": none, "OPERTN_4_01": none} for none in nothings]
    _, rows = ingested("hes_apc", episodes(*changes))
    assert [row["diagnoses"] for row in rows] == [[None, "I10X"]] * len(nothings)
    assert [row["operations"] for row in rows] == [[]] * len(nothings)


def test_dates_before_1850_are_missing_and_counted(ingested):
    sentinels = ["1800-01-01", "1801-01-01", "1849-12-31"]
    result, rows = ingested("hes_apc", episodes(*({"EPIEND": day} for day in [*sentinels, "1850-01-01"])))
    assert [row["epiend"] for row in rows] == [None, None, None, date(1850, 1, 1)]
    assert result.sentinels_nulled == {"epiend": 3}


def test_sentinels_are_known_among_typed_dates_too(ingested):
    result, (row,) = ingested("hes_apc", [episode(EPIEND=date(1800, 1, 1), EPISTART=date(2019, 3, 4))])
    assert (row["epiend"], row["epistart"]) == (None, date(2019, 3, 4))
    assert result.sentinels_nulled == {"epiend": 1}


def test_an_episode_without_a_start_is_kept(ingested):
    result, (row,) = ingested("hes_apc", [episode(EPISTART="1801-01-01")])
    assert row["epistart"] is None
    assert result.rows_rejected == 0


def test_a_date_that_is_not_iso_rejects_its_row(ingested):
    wrong = ["04/03/2019", "20190304", "2019-02-30", "2019-03-04 12:30:00"]
    right = ["2019-03-04", "2019-03-04 00:00:00", "2019-03-04T00:00:00.000", " 2019-03-04", None]
    result, rows = ingested("hes_apc", episodes(*({"ADMIDATE": day} for day in wrong + right)))
    assert result.rules == {"type:admidate": len(wrong)}
    assert [row["admidate"] for row in rows] == [date(2019, 3, 4)] * 4 + [None]


def test_waits_that_are_not_known_are_null(ingested):
    waits = ["9998", "9999", "0", " 12", "7.0"]
    read = read_each(ingested, "hes_apc", episodes(*({"ELECDUR": wait} for wait in waits)), "elecdur")
    assert read == [None, None, 0, 12, 7]


def test_babies_are_of_age_nought(ingested):
    ages = ["7001", "7007", "44", "120"]
    assert read_each(ingested, "hes_apc", episodes(*({"STARTAGE": a} for a in ages)), "startage") == [0, 0, 44, 120]


def test_sex_is_a_word_or_not_known(ingested):
    read = read_each(ingested, "hes_apc", episodes(*({"SEX": sex} for sex in "1290")), "sex")
    assert read == ["male", "female", None, None]


def test_operation_dates_stand_beside_their_operations(ingested):
    dates = dict.fromkeys(OPERATION_DATES) | {"OPDATE_02": "2019-03-05", "OPDATE_03": "1800-01-01"}
    _, (row,) = ingested("hes_apc", [episode(OPERTN_4_02="Y752", OPERTN_4_03="Z942", **dates)])
    assert row["operations"] == ["G283", "Y752", "Z942"]
    assert row["operation_dates"] == [None, date(2019, 3, 5), None]


def test_an_unfinished_episode_gives_way_to_its_finished_version(ingested):
    unfinished = episode("E1", EPISTAT="1", EPIEND="1800-01-01")
    result, rows = ingested("hes_apc", [unfinished, episode("E2", EPISTAT="1")], [episode("E1")])
    assert [(row["epikey"], row["epistat"], row["source_file"]) for row in rows] == [
        ("E2", 1, "0.parquet"),
        ("E1", 3, "1.parquet"),
    ]
    assert (result.superseded, result.exact_duplicates, result.rows_typed) == (1, 0, 2)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_among_finished_versions_the_one_that_ends_last_counts_in_any_order_of_files(ingested, order):
    versions = [episode(EPIEND="2019-03-06"), episode(EPIEND="2019-03-09"), episode(EPIEND="2019-03-06", LSOA11="E2")]
    result, (row,) = ingested("hes_apc", *([versions[n]] for n in order))
    assert row["epiend"] == date(2019, 3, 9)
    assert result.superseded == 2


@pytest.mark.parametrize("swapped", [False, True])
def test_versions_that_differ_in_nothing_but_detail_are_settled_the_same_way_in_any_order(ingested, swapped):
    versions = [[episode(LSOA11="E01000001")], [episode(LSOA11="E01000002")]]
    _, (row,) = ingested("hes_apc", *(reversed(versions) if swapped else versions))
    assert row["lsoa11"] == SETTLED


SETTLED = "E01000001"
"""Which of two equal versions counts: settled by a digest of the whole row, so it is a fact, not a choice."""


def test_a_copy_of_a_superseded_episode_is_an_exact_duplicate(ingested):
    unfinished = episode(EPISTAT="1")
    result, rows = ingested("hes_apc", [unfinished, unfinished, episode(), episode()])
    assert (len(rows), result.exact_duplicates, result.superseded) == (1, 2, 1)


def test_a_rejected_version_does_not_supersede(ingested):
    bad = episode(EPIEND="soon")
    others = [episode(f"E{n}") for n in range(2, 5)]
    _, rows = ingested("hes_apc", [episode(EPISTAT="1"), bad, *others])
    assert (rows[0]["epikey"], rows[0]["epistat"]) == ("E1", 1)


def test_rejected_episodes_are_found_again_by_file_row_and_key(ingested, tmp_path):
    ingested("hes_apc", [episode("E1"), episode("E2"), episode("E3", PSEUDO_HESID=None)])
    rejected = pq.ParquetDataset(tmp_path / "made" / "rejected").read().to_pylist()
    assert rejected == [
        {"source_file": "0.parquet", "row": 3, "epikey": "E3", "rules": ["missing:pseudo_hesid"]},
    ]


def person(census_id: str = "C1", **changed: Any) -> dict[str, Any]:
    row = {
        "census_id": census_id, "census_year": 2021, "sex": "F", "birth_year": 1980, "birth_quarter": 1,
        "ethnic_group": "White", "qualification": "degree", "nssec": "3", "religion": "none", "lsoa11": "E01000001",
        "la": "E09000001", "region": "London", "imd_quintile": 3, "rural_urban": "urban", "disability": "no",
        "imputed": 0,
    }  # fmt: skip
    return row | changed


def people(*changes: dict[str, Any]) -> Rows:
    return [person(f"C{n}", **change) for n, change in enumerate(changes)]


def test_spellings_of_sex(ingested):
    read = read_each(ingested, "census", people(*({"sex": sex} for sex in ["F", "Females", "2", "m", "1"])), "sex")
    assert read == ["female", "female", "female", "male", "male"]


def test_an_unknown_spelling_rejects_its_row_and_a_blank_is_missing(ingested):
    good = [person(f"C{n}") for n in range(4)]
    result, _ = ingested("census", [*good, person("C8", sex="woman"), person("C9", sex=None)])
    assert result.rules == {"missing:sex": 1, "type:sex": 1}


def test_ethnic_groups_are_aggregated_as_published(ingested):
    written = ["white", "5", "06", "14", "15", "19", "-8", "Missing or not stated", None]
    read = read_each(ingested, "census", people(*({"ethnic_group": g} for g in written)), "ethnic_group")
    white, mixed, asian, black, other, missing = ETHNIC_GROUPS
    assert read == [white, white, mixed, asian, black, other, missing, missing, None]


def test_quarters_of_birth(ingested):
    quarters = people(*({"birth_quarter": quarter} for quarter in ["Q1", "4", " q2 "]))
    assert read_each(ingested, "census", quarters, "birth_quarter") == [1, 4, 2]


def test_regions_by_name_or_code(ingested):
    written = ["E12000003", "Yorkshire and the Humber", "Wales", "Elsewhere", None]
    read = read_each(ingested, "census", people(*({"region": region} for region in written)), "region")
    assert read == [REGIONS[2], REGIONS[2], "Wales", "Elsewhere", None]


def test_imputed_records_are_kept_for_linkage_to_count(ingested):
    written = ["1", "0", "true", "No"]
    read = read_each(ingested, "census", people(*({"imputed": flag} for flag in written)), "imputed")
    assert read == [True, False, True, False]


def test_links_lack_what_is_optional_and_say_so(ingested):
    link = {"source": "HES", "health_id": 12345, "census_id": "C1"}
    result, (row,) = ingested("links/person", [link])
    assert (row["source"], row["health_id"], row["match_weight"]) == ("hes", "12345", None)
    assert result.absent_columns == {"0.parquet": ("match_weight", "link_method")}


def test_prices_have_a_month_and_an_index(ingested):
    _, rows = ingested(
        "prices/cpih", [{"month": "2023-1", "cpih_index": 126.5}, {"month": "2023-02", "cpih_index": 127}]
    )
    assert [(row["month"], row["cpih_index"]) for row in rows] == [(2023 * 12 + 1, 126.5), (2023 * 12 + 2, 127.0)]


def test_a_source_that_nothing_particular_is_said_of_is_read_by_its_types(ingested):
    _, (row,) = ingested("deaths", [{"census_id": "C1", "date_of_death": "2020-01-02"}])
    assert (row["census_id"], row["date_of_death"], row["underlying_cause"]) == ("C1", date(2020, 1, 2), None)


def referral(key: str = "R1", **changed: Any) -> dict[str, Any]:
    """A completed course of therapy as version 2.1 names its columns."""
    row = {
        "Person_ID": "T1", "Unique_ServiceRequestID": key, "PathwayID": "P1",
        "ReferralRequestReceivedDate": "2021-03-02", "ServDischDate": "2021-09-03", "EndCode": "46",
        "SourceOfReferralMH": "A1", "OrgID_Provider": "RAA", "OrgIDComm": "00A", "TreatmentCareContact_Count": "7",
        "Assessment_FirstDate": "2021-03-20", "TherapySession_FirstDate": "2021-04-05",
        "TherapySession_SecondDate": "2021-04-19", "CompletedTreatment_Flag": "True", "Recovery_Flag": "True",
        "ReliableImprovement_Flag": "False", "Caseness_Flag": "True", "PHQ9_FirstScore": "15", "PHQ9_LastScore": "6",
        "GAD_FirstScore": "12", "GAD_LastScore": "5", "PresentingComplaintHigherCategory": "Depression",
        "UniqueSubmissionID": "900", "IsLatest": "1", "EmpSupport_FirstDate": None,
    }  # fmt: skip
    return row | changed


def older_referral(key: str = "7", **changed: Any) -> dict[str, Any]:
    """The same in the names of version 1.5, which lacks some."""
    row = {
        "IAPT_PERSON_ID": "T0", "REFERRAL_ID": key, "IC_PATHWAY_ID": "P0", "REFRECDATE": "2016-03-02",
        "ENDDATE": "2016-09-03", "ENDCODE": "46", "SOURCEREFERRAL": "A1", "ORGCODEPROVIDER": "RAA",
        "ORGCODECOMM": "00A", "IC_COUNT_TREATMENT_APPOINTMENTS": "7", "IC_DATE_FIRST_ASSESSMENT": "2016-03-20",
        "IC_DATE_FIRST_THERAPEUTIC_SESSION": "2016-04-05", "IC_RECOVERY_FLAG": "Y", "IC_RELIABLE_IMPROV_FLAG": "N",
        "IC_FIRST_PHQ9": "15", "IC_LAST_PHQ9": "6", "IC_FIRST_GAD": "12", "IC_LAST_GAD": "5", "IC_PROVDIAG": "F321",
        "IC_USE_PATHWAY_FLAG": "Y",
    }  # fmt: skip
    return row | changed


def test_a_therapy_referral_is_typed(ingested):
    _, (row,) = ingested("iapt/IDS101Referral", [referral()])
    assert (row["iapt_person_id"], row["unique_service_request_id"]) == ("T1", "R1")
    assert (row["referral_date"], row["first_session"]) == (date(2021, 3, 2), date(2021, 4, 5))
    assert (row["treatment_contacts"], row["completed_treatment"], row["problem"]) == (7, True, "depression")


def test_a_file_of_version_1_5_is_read_by_its_own_names_with_a_note(ingested):
    result, rows = ingested("iapt/IDS101Referral", [referral()], [older_referral()])
    assert [row["referral_date"] for row in rows] == [date(2021, 3, 2), date(2016, 3, 2)]
    assert [(row["recovery"], row["reliable_improvement"], row["problem"]) for row in rows] == [
        (True, False, "depression")
    ] * 2
    (noted,) = result.older_names.items()
    assert noted[0] == "1.parquet"
    assert "REFRECDATE as ReferralRequestReceivedDate" in noted[1]
    assert result.absent_columns["1.parquet"] == (
        "second_session", "completed_treatment", "caseness", "unique_submission_id", "employment_support_date",
    )  # fmt: skip


def test_the_newer_name_is_taken_where_a_file_has_both(ingested):
    result, (row,) = ingested("iapt/IDS101Referral", [referral(REFRECDATE="2001-01-01")])
    assert row["referral_date"] == date(2021, 3, 2)
    assert (result.older_names, result.unknown_columns) == ({}, {"0.parquet": ("REFRECDATE",)})


def test_only_the_latest_submission_of_a_referral_counts(ingested):
    earlier = referral(IsLatest="0", ServDischDate=None, UniqueSubmissionID="899")
    result, rows = ingested("iapt/IDS101Referral", [earlier, referral(), referral("R2", IsLatest="0")])
    assert [(row["unique_service_request_id"], row["discharge_date"]) for row in rows] == [("R1", date(2021, 9, 3))]
    assert (result.superseded, result.rows_typed, result.rows_rejected) == (2, 1, 0)


def test_of_two_submissions_that_say_they_are_the_latest_the_later_one_counts(ingested):
    ninth, tenth = (referral(UniqueSubmissionID=n, EndCode=n) for n in ("9", "10"))
    result, (row,) = ingested("iapt/IDS101Referral", [tenth], [ninth])
    assert row["end_code"] == "10"
    assert result.superseded == 1


def test_a_submission_that_does_not_say_whether_it_is_the_latest_is_rejected(ingested):
    result, _ = ingested("iapt/IDS101Referral", [referral(), referral("R2", IsLatest=None), referral("R3")])
    assert result.rules == {"missing:is_latest": 1}


def test_problems_are_categories_in_both_versions(ingested):
    words = [
        "Depression", "Anxiety and stress related disorders (Total)", "Other Mental Health problems",
        "Other recorded problems", "Unspecified", "Invalid Data supplied", "F330", "F411", "F431", "F452", "Z633", None,
    ]  # fmt: skip
    rows = [referral(f"R{n}", PresentingComplaintHigherCategory=word) for n, word in enumerate(words)]
    assert read_each(ingested, "iapt/IDS101Referral", rows, "problem") == [
        "depression", "anxiety and stress", "other mental health problem", "other problem", None, None,
        "depression", "anxiety and stress", "anxiety and stress", "other mental health problem", "other problem", None,
    ]  # fmt: skip


def employment(key: str = "R1", **changed: Any) -> dict[str, Any]:
    row = {"Unique_ServiceRequestID": key, "EmployStatus": "01", "EmployStatusRecDate": "2021-03-02"}
    return row | changed


def test_employment_status_is_in_words_and_zz_is_missing(ingested):
    rows = [employment(f"R{n}", EmployStatus=code) for n, code in enumerate(["01", "2", "04", "08", "ZZ", None])]
    result, typed = ingested("iapt/IDS004EmpStatus", rows)
    assert [row["employment_status"] for row in typed] == [
        "employed", "unemployed and seeking work", "long-term sick or disabled", "retired", None, None,
    ]  # fmt: skip
    assert result.sentinels_nulled == {"employment_status": 1}


def test_an_indicator_that_says_nothing_is_missing(ingested):
    rows = [employment(f"R{n}", PIPInd=given, WeekHoursWorked="97") for n, given in enumerate(["Y", "n", "U", "Z"])]
    result, typed = ingested("iapt/IDS004EmpStatus", rows)
    assert [row["personal_independence_payment"] for row in typed] == [True, False, None, None]
    assert result.sentinels_nulled == {"personal_independence_payment": 2, "week_hours_worked": 4}


def spell(**changed: Any) -> dict[str, Any]:
    row = {
        "valid_nino": "N1", "benefit": "PIP", "start_date": "2016-05-01", "end_date": None,
        "weekly_amount": "82.30", "health_related": "1",
    }  # fmt: skip
    return row | changed


def test_a_benefit_spell_is_typed_and_a_far_end_means_that_it_goes_on(ingested):
    ends = ["2017-05-01", None, "9999-12-31", "1800-01-01"]
    rows = [spell(valid_nino=f"N{n}", benefit="pip", end_date=end) for n, end in enumerate(ends)]
    result, typed = ingested("dwp_benefits", rows)
    assert [row["end_date"] for row in typed] == [date(2017, 5, 1), None, None, None]
    assert {(row["benefit"], row["weekly_pence"], row["health_related"]) for row in typed} == {("PIP", 8230, True)}
    assert result.sentinels_nulled == {"end_date": 2}


def test_a_spell_delivered_again_with_its_end_replaces_the_one_that_went_on(ingested):
    result, typed = ingested(
        "dwp_benefits", [spell(end_date="2017-05-01")], [spell(), spell(), spell(start_date="2018-01-01")]
    )
    assert [(row["start_date"], row["end_date"]) for row in typed] == [
        (date(2016, 5, 1), date(2017, 5, 1)), (date(2018, 1, 1), None),
    ]  # fmt: skip
    assert (result.superseded, result.exact_duplicates) == (1, 1)


def prevention(referral_id: str = "R1", **changed: Any) -> dict[str, Any]:
    row = {
        "referral_id": referral_id, "person_ref": "P1", "referral_date": "2018-03-02", "referral_route": "GP",
        "hba1c_mmol_mol": "44", "fpg_mmol_l": None, "test_date": "2018-02-20", "initial_assessment_date": "2018-04-01",
        "sessions_attended": "3", "milestone": "M1", "completed": "0", "discharge_date": None,
        "weight_first_kg": "92.5", "weight_last_kg": None, "practice_code": "A81001", "practice_wave": "2",
    }  # fmt: skip
    return row | changed


def preventions(*changes: dict[str, Any]) -> Rows:
    return [prevention(f"R{n}", **change) for n, change in enumerate(changes)]


def test_a_referral_to_the_prevention_programme_is_typed(ingested):
    _, (row,) = ingested("ndpp", [prevention()])
    assert (row["referral_date"], row["hba1c_mmol_mol"], row["completed"]) == (date(2018, 3, 2), 44, False)
    assert (row["milestone"], row["practice_wave"], row["weight_first_kg"]) == (1, 2, 92.5)


def test_hba1c_is_whole_and_never_rounded(ingested):
    written = ["42", "42.0", " 41", "41.6", "6.0%", "42.5"]
    good = [prevention(f"G{n}") for n in range(6)]
    result, rows = ingested("ndpp", [*preventions(*({"hba1c_mmol_mol": value} for value in written)), *good])
    assert [row["hba1c_mmol_mol"] for row in rows[:3]] == [42, 42, 41]
    assert result.rules == {"type:hba1c_mmol_mol": 3}


def test_hba1c_delivered_as_a_float_is_whole_or_rejected(ingested):
    tests = [
        {"person_ref": f"P{n}", "test_date": date(2018, 2, 20), "hba1c_mmol_mol": value, "practice_code": "A81001"}
        for n, value in enumerate([41.0, 42.0, 41.5])
    ]
    result, rows = ingested("ndpp/tests", tests)
    assert [row["hba1c_mmol_mol"] for row in rows] == [41, 42]
    assert result.rules == {"type:hba1c_mmol_mol": 1}


def test_what_was_not_measured_is_null_and_counted(ingested):
    nothing = {"hba1c_mmol_mol": "999", "fpg_mmol_l": "0", "weight_first_kg": "0.0", "weight_last_kg": "-1"}
    result, (row, other) = ingested("ndpp", preventions(nothing, {"hba1c_mmol_mol": "0", "sessions_attended": "0"}))
    assert [row[name] for name in nothing] == [None] * 4
    assert (other["hba1c_mmol_mol"], other["sessions_attended"]) == (None, 0)
    counted = {"hba1c_mmol_mol": 2, "fpg_mmol_l": 1, "weight_first_kg": 1, "weight_last_kg": 1}
    assert result.sentinels_nulled == counted


def test_a_test_without_a_value_is_rejected(ingested):
    tests = [
        {"person_ref": f"P{n}", "test_date": "2018-02-20", "hba1c_mmol_mol": value, "practice_code": None}
        for n, value in enumerate(["40", "999", None])
    ]
    result, (row,) = ingested("ndpp/tests", tests)
    assert row["hba1c_mmol_mol"] == 40
    assert result.rules == {"missing:hba1c_mmol_mol": 2}


def test_milestones_and_waves_are_numbers_with_or_without_a_word(ingested):
    written = [("M3", "Wave 1"), ("4", "2"), ("milestone 2", "W3"), (None, None)]
    _, rows = ingested("ndpp", preventions(*({"milestone": m, "practice_wave": w} for m, w in written)))
    assert [(row["milestone"], row["practice_wave"]) for row in rows] == [(3, 1), (4, 2), (2, 3), (None, None)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_a_referral_delivered_again_its_latest_state_counts_in_any_order_of_files(ingested, order):
    states = [
        prevention(sessions_attended="3"),
        prevention(sessions_attended="9"),
        prevention(sessions_attended="9", discharge_date="2019-01-10", completed="1"),
    ]
    result, (row,) = ingested("ndpp", *([states[n]] for n in order))
    assert (row["sessions_attended"], row["completed"]) == (9, True)
    assert result.superseded == 2


@given(year=st.integers(1850, 2100), number=st.integers(1, 12), padded=st.booleans())
def test_every_month_is_read_as_the_vocabulary_reads_it(year, number, padded):
    from pipeline.vocabulary.months import parse_month

    written = f"{year}-{number:02d}" if padded else f"{year}-{number}"
    assert value_of("month", written) == parse_month(written)


@given(
    written=st.text(max_size=12)
    | st.text("0123456789-", max_size=8)
    | st.sampled_from(["INFINITY", "-infinity", "epoch"])
)
def test_what_the_vocabulary_does_not_read_as_a_month_is_none(written):
    from pipeline.vocabulary.months import parse_month

    try:
        expected = parse_month(written.strip())
    except ValueError:
        expected = None
    found = value_of("month", written)
    assert found == expected or (found is None and expected is not None and expected < 1850 * 12)


@given(pennies=st.integers(-(10**11), 10**11), as_text=st.booleans())
def test_pounds_become_the_same_pence_as_text_and_as_a_number(pennies, as_text):
    pounds = f"{'-' if pennies < 0 else ''}{abs(pennies) // 100}.{abs(pennies) % 100:02d}"
    assert value_of("pence", pounds if as_text else float(pounds)) == pennies


@given(code=st.from_regex(r"[A-Z][0-9]{2}[0-9X]", fullmatch=True), suffix=st.sampled_from(["", "D", "A", "D1"]))
def test_a_clean_code_is_cleaned_into_itself_with_any_suffix(code, suffix):
    from pipeline.records.ingestion.sources.hes_apc import clean_code

    assert sql_value(clean_code("given"), f" {code.lower()}{suffix} ") == code


@given(nine=st.integers(0, 999_999_999), digit=st.integers(0, 9))
def test_modulus_11_accepts_exactly_the_check_digit(nine, digit):
    from pipeline.records.ingestion.identifiers import valid_nhs_number

    digits = f"{nine:09d}"
    check = -sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
    assert sql_value(valid_nhs_number("given"), f"{digits}{digit}") == (check == digit)


def value_of(name: str, given_value: object) -> Any:
    from pipeline.records.ingestion import conversion

    kind = "DOUBLE" if isinstance(given_value, float) else "VARCHAR"
    return sql_value(getattr(conversion, name)(["given"], [kind]).value, given_value)


def sql_value(expression: str, given_value: object) -> Any:
    ((value,),) = DUCKDB.execute(f"SELECT {expression} FROM (SELECT ? AS given)", [given_value]).fetchall()
    return value
