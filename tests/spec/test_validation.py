"""What validation means: rows that break critical rules are set aside by key, too many of them refuse the source."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.records.validation import Validation, accept, check_names, check_results, report, validate
from pipeline.vocabulary.designs import LinkedPanel
from pipeline.vocabulary.errors import ValidationRefused
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.schemas.demographics import CENSUS_DEMOGRAPHICS, HEALTH_DEMOGRAPHICS
from pipeline.vocabulary.schemas.ndpp import NDPP, NDPP_TESTS
from pipeline.vocabulary.schemas.panels import linked_panel_schema
from pipeline.vocabulary.schemas.rtt import RTT
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import (
    CENSUS,
    DEATHS,
    DWP_BENEFITS,
    HES_APC,
    IAPT_EMPLOYMENT,
    IAPT_REFERRAL,
    LINKS_NINO,
    LINKS_PERSON,
    PAYE_RTI,
    PRICES_CPIH,
    SOURCES,
)
from pipeline.vocabulary.windows import Window

CUT_OFF = date(2026, 10, 31)
APRIL_2014 = month_number(2014, 4)

HASH = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
FIELDS = {
    "first_name": HASH,
    "first_name_sound": HASH,
    "last_name": HASH,
    "last_name_sound": HASH,
    "sex": "male",
    "birth_date": date(1970, 5, 15),
    "postcode_sector": "LS1 4",
    "postcode_district": "LS1",
}

CLEAN = {
    "hes_apc": {
        "epikey": "e{i}",
        "pseudo_hesid": "h{i}",
        "epistart": date(2015, 3, 2),
        "epiend": date(2015, 3, 4),
        "admidate": date(2015, 3, 2),
        "disdate": date(2015, 3, 5),
        "elecdate": date(2015, 1, 5),
        "elecdur": 56,
        "epistat": 3,
        "diagnoses": ["E668", "I10X"],
        "operations": ["G281"],
        "operation_dates": [date(2015, 3, 2)],
        "startage": 44,
        "sex": "female",
    },
    "iapt/IDS101Referral": {
        "unique_service_request_id": "r{i}",
        "iapt_person_id": "t{i}",
        "referral_date": date(2018, 3, 2),
        "discharge_date": date(2018, 9, 3),
        "treatment_contacts": 7,
        "first_session": date(2018, 4, 5),
        "second_session": date(2018, 4, 19),
        "completed_treatment": True,
        "phq9_first": 15,
        "phq9_last": 6,
        "gad_first": 12,
        "gad_last": 21,
        "problem": "depression",
        "is_latest": True,
    },
    "iapt/IDS004EmpStatus": {
        "unique_service_request_id": "r{i}",
        "employment_status": "employed",
        "recorded_date": date(2018, 3, 2),
    },
    "dwp_benefits": {
        "valid_nino": "n{i}",
        "benefit": "PIP",
        "start_date": date(2016, 5, 1),
        "end_date": date(2017, 5, 1),
        "weekly_pence": 82_30,
        "health_related": True,
    },
    "paye_rti": {
        "valid_nino": "n{i}",
        "month": APRIL_2014,
        "pay_pence": 210_000,
        "days_worked": 20,
        "rti_scheme_sk": "s1",
        "payment_date": date(2014, 4, 28),
    },
    "census": {
        "census_id": "c{i}",
        "census_year": 2011,
        "sex": "male",
        "birth_year": 1970,
        "birth_quarter": 2,
        "ethnic_group": "White",
        "region": "London",
        "imd_quintile": 3,
        "imputed": False,
    },
    "deaths": {"census_id": "c{i}", "date_of_death": date(2019, 5, 6), "underlying_cause": "C509"},
    "links/person": {"source": "hes", "health_id": "h{i}", "census_id": "c{i}", "match_weight": 20.0},
    "links/nino": {
        "frameworks_nino": "n{i}",
        "census_id": "c{i}",
        "census_year": 2011,
        "nino_contains_multiple_census_id": False,
    },
    "prices/cpih": {"month": "{month}", "cpih_index": 100.0},
    "ndpp": {
        "referral_id": "r{i}",
        "person_ref": "p{i}",
        "referral_date": date(2018, 3, 2),
        "referral_route": "GP",
        "hba1c_mmol_mol": 44,
        "test_date": date(2018, 2, 20),
        "initial_assessment_date": date(2018, 4, 1),
        "sessions_attended": 9,
        "milestone": 3,
        "completed": True,
        "discharge_date": date(2019, 1, 10),
        "weight_first_kg": 92.5,
        "weight_last_kg": 88.0,
        "practice_code": "A81001",
        "practice_wave": 2,
    },
    "rtt": {
        "month": APRIL_2014,
        "provider_parent": "QOX",
        "provider": "R{i}",
        "commissioner": "15C",
        "part": "Part_2",
        "specialty": "C_110",
        "weeks": [None, 4, 0, *[None] * 101, 1],
        "total_all": 5,
    },
    "ndpp/tests": {"person_ref": "p{i}", "test_date": date(2018, 2, 20), "hba1c_mmol_mol": "{hba1c}"},
    HEALTH_DEMOGRAPHICS.name: {"source": "hes", "health_id": "h{i}", **FIELDS},
    CENSUS_DEMOGRAPHICS.name: {"census_id": "c{i}", **FIELDS},
}
"""One row of each source in which nothing is wrong; ``{i}`` is the row's number."""

PANEL = linked_panel_schema(
    LinkedPanel(
        source="panels/survey",
        person="id",
        period="wave",
        treatment_period="treated",
        period_unit="wave",
        periods=(1, 4),
        characteristics=("male",),
        window=Window(before=2, after=3, reference=(0, 0), bins="single"),
        estimators=("ons_fixed_effects",),
        headline="ons_fixed_effects",
    ),
    [Outcome(name="earnings", title="earnings", unit="pounds", column="pay")],
)


def row_of(schema: Schema, i: int, **changes: object) -> dict[str, object]:
    numbers = {"{month}": APRIL_2014 + i, "{hba1c}": 40 + i}
    clean = {
        name: (numbers.get(value) or value.format(i=i)) if isinstance(value, str) else value
        for name, value in CLEAN[schema.name].items()
    }
    return {"source_file": "part-0.parquet", "row": i + 1} | clean | changes


def deliver(
    schema: Schema, rows: list[dict[str, object]], folder: Path, rejected: list[dict[str, object]] = ()
) -> Path:  # type: ignore[assignment]
    """Ingestion's folders: ``typed`` and ``rejected``."""
    place = [pa.field("source_file", pa.string()), pa.field("row", pa.int64())]
    typed = pa.schema([*(pa.field(c.name, c.type) for c in schema.columns), *place])
    keys = [pa.field(name, pa.string()) for name in schema.key]
    refused = pa.schema([*place, *keys, pa.field("rules", pa.list_(pa.string()))])
    for name, content, fields in (("typed", rows, typed), ("rejected", list(rejected), refused)):
        (folder / name).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(content, schema=fields), folder / name / "part-0.parquet")
    return folder


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as connection:
        yield connection


@pytest.fixture
def validated(connection, tmp_path):
    """A function that delivers rows of a source and validates them into ``tmp_path / "out"``."""

    def run(schema, rows, *, rejected=(), tolerance=0.5, rows_per_batch=1000, **counts) -> Validation:
        folder = deliver(schema, rows, tmp_path / "in", list(rejected))
        return validate(
            connection,
            schema=schema,
            typed=folder / "typed",
            rejected=folder / "rejected",
            ingestion=counts,
            rows_per_batch=rows_per_batch,
            tolerance=tolerance,
            target=tmp_path / "out",
            cut_off=CUT_OFF,
        )

    return run


@pytest.fixture
def accepted(connection, tmp_path):
    """A function that accepts what ``validated`` validated, and returns the rows."""

    def run(schema, validation) -> pa.Table:
        accept(
            connection,
            schema=schema,
            typed=tmp_path / "in" / "typed",
            quarantine=tmp_path / "out" / "quarantine",
            validation=validation,
            target=tmp_path / "out",
        )
        return pq.read_table(tmp_path / "out" / "accepted")

    return run


def quarantine(tmp_path: Path) -> list[dict[str, object]]:
    return pq.read_table(tmp_path / "out" / "quarantine").to_pylist()


def failing(validation: Validation) -> dict[str, int]:
    return {rule.name: rule.failing for rule in validation.rules if rule.failing}


@pytest.mark.parametrize("schema", SOURCES.values(), ids=SOURCES)
def test_a_clean_source_is_accepted_whole_with_its_schemas_columns(schema, validated, accepted, tmp_path):
    validation = validated(schema, [row_of(schema, i) for i in range(5)], tolerance=0)

    assert failing(validation) == {}
    assert not validation.refused
    assert quarantine(tmp_path) == []
    table = accepted(schema, validation)
    assert table.num_rows == 5
    assert table.column_names == list(schema.names)
    assert schema.conform(table).num_rows == 5


_UNTIL_2027 = {"first_session": date(2027, 1, 1), "second_session": None} | dict.fromkeys(
    ("discharge_date", "completed_treatment")
)

BREAKS = [
    (HEALTH_DEMOGRAPHICS, {"source": "clinic"}, "allowed:source"),
    (HEALTH_DEMOGRAPHICS, {"last_name": "Featherstonehaugh-Smythe"}, "shape:last_name"),
    (CENSUS_DEMOGRAPHICS, {"first_name_sound": "F362"}, "shape:first_name_sound"),
    (CENSUS_DEMOGRAPHICS, {"birth_date": date(2027, 1, 1)}, "range:birth_date"),
    (HES_APC, {"epikey": ""}, "length:epikey"),
    (HES_APC, {"epistart": date(1970, 1, 1), "admidate": None, "elecdate": None}, "range:epistart"),
    (HES_APC, {"epiend": date(2015, 3, 1)}, "order:epistart,epiend"),
    (HES_APC, {"disdate": date(2015, 3, 1)}, "order:admidate,disdate"),
    (HES_APC, {"epistart": date(2027, 1, 1), "epiend": None}, "range:epistart"),
    (HES_APC, {"epistart": date(9999, 12, 31), "epiend": None}, "range:epistart"),
    (IAPT_REFERRAL, {"iapt_person_id": None}, "missing:iapt_person_id"),
    (IAPT_REFERRAL, {"first_session": date(2018, 3, 1)}, "order:referral_date,first_session"),
    (IAPT_REFERRAL, {"discharge_date": date(2018, 4, 4)}, "order:first_session,discharge_date"),
    (IAPT_REFERRAL, _UNTIL_2027, "range:first_session"),
    (IAPT_REFERRAL, {"treatment_contacts": -1, "completed_treatment": None}, "range:treatment_contacts"),
    (IAPT_REFERRAL, {"problem": "backache"}, "allowed:problem"),
    (IAPT_EMPLOYMENT, {"employment_status": "x"}, "allowed:employment_status"),
    (IAPT_EMPLOYMENT, {"recorded_date": date(1918, 3, 2)}, "range:recorded_date"),
    (DWP_BENEFITS, {"benefit": "PIPPED"}, "allowed:benefit"),
    (DWP_BENEFITS, {"end_date": date(2016, 4, 30)}, "order:start_date,end_date"),
    (DWP_BENEFITS, {"start_date": date(2026, 11, 1), "end_date": None}, "range:start_date"),
    (DWP_BENEFITS, {"weekly_pence": 200_001}, "range:weekly_pence"),
    (DWP_BENEFITS, {"weekly_pence": -1}, "range:weekly_pence"),
    (PAYE_RTI, {"valid_nino": None}, "missing:valid_nino"),
    (PAYE_RTI, {"month": month_number(1914, 4)}, "range:month"),
    (PAYE_RTI, {"month": month_number(2026, 11)}, "range:month"),
    (PAYE_RTI, {"pay_pence": 1_000_000_001}, "range:pay_pence"),
    (PAYE_RTI, {"pay_pence": -100_000_001}, "range:pay_pence"),
    (CENSUS, {"census_year": 2001}, "allowed:census_year"),
    (CENSUS, {"sex": "x"}, "allowed:sex"),
    (CENSUS, {"birth_year": 1800}, "range:birth_year"),
    (CENSUS, {"birth_quarter": 5}, "range:birth_quarter"),
    (CENSUS, {"imd_quintile": 6}, "range:imd_quintile"),
    (CENSUS, {"ethnic_group": "x"}, "allowed:ethnic_group"),
    (DEATHS, {"date_of_death": date(2010, 1, 1)}, "range:date_of_death"),
    (DEATHS, {"date_of_death": date(2027, 1, 1)}, "range:date_of_death"),
    (LINKS_PERSON, {"source": "x"}, "allowed:source"),
    (LINKS_PERSON, {"health_id": ""}, "length:health_id"),
    (LINKS_NINO, {"census_year": 1991}, "allowed:census_year"),
    (PRICES_CPIH, {"cpih_index": 0.0}, "range:cpih_index"),
    (NDPP, {"referral_id": ""}, "length:referral_id"),
    (NDPP, {"person_ref": ""}, "length:person_ref"),
    (NDPP, {"referral_date": date(2014, 1, 1), "test_date": None}, "range:referral_date"),
    (NDPP, {"hba1c_mmol_mol": 6}, "range:hba1c_mmol_mol"),
    (NDPP_TESTS, {"person_ref": ""}, "length:person_ref"),
    (NDPP_TESTS, {"hba1c_mmol_mol": 6}, "range:hba1c_mmol_mol"),
    (NDPP_TESTS, {"test_date": date(2026, 11, 1)}, "range:test_date"),
    (RTT, {"month": month_number(2026, 11)}, "range:month"),
    (RTT, {"part": "Part_4"}, "allowed:part"),
    (RTT, {"specialty": "C_999"}, "shape:specialty"),
    (RTT, {"weeks": [5], "total_all": 5}, "length:weeks"),
    (RTT, {"weeks": [-1, 6, *[None] * 103]}, "negative:weeks"),
    (RTT, {"total_all": 6}, "sum:weeks,unknown_start,total_all,part"),
    (RTT, {"part": "Part_1A", "unknown_start": 1}, "sum:weeks,unknown_start,total_all,part"),
    (RTT, {"part": "Part_1A", "total": 6}, "sum:weeks,total"),
]


@pytest.mark.parametrize(
    ("schema", "change", "rule"), BREAKS, ids=[f"{s.name}-{r}-{n}" for n, (s, _, r) in enumerate(BREAKS)]
)
def test_a_row_that_breaks_a_critical_rule_is_set_aside_by_key(schema, change, rule, validated, accepted, tmp_path):
    rows = [row_of(schema, i) for i in range(5)]
    rows[4] |= change
    validation = validated(schema, rows)

    assert failing(validation) == {rule: 1}
    key = ["" if rows[4][name] is None else str(rows[4][name]) for name in schema.key]
    assert quarantine(tmp_path) == [
        {"source": schema.name, "source_file": "part-0.parquet", "row": 5, "key": key, "rules": [rule]}
    ]
    assert accepted(schema, validation).num_rows == 4


WARNINGS = [
    (HES_APC, {"admidate": date(2015, 3, 3)}, "order:admidate,epistart"),
    (HES_APC, {"elecdur": 20_000}, "range:elecdur"),
    (HES_APC, {"startage": 130}, "range:startage"),
    (HES_APC, {"diagnoses": []}, "length:diagnoses"),
    (HES_APC, {"diagnoses": ["E66.8"]}, "shape:diagnoses"),
    (HES_APC, {"operations": ["281G"]}, "shape:operations"),
    (IAPT_REFERRAL, {"second_session": date(2018, 4, 4)}, "order:first_session,second_session"),
    (IAPT_REFERRAL, {"gad_last": 22}, "range:gad_last"),
    (IAPT_REFERRAL, {"treatment_contacts": 1}, "completed:treatment_contacts"),
    (
        IAPT_REFERRAL,
        {"first_session": None, "second_session": None, "completed_treatment": None},
        "started:first_session",
    ),
    (DWP_BENEFITS, {"health_related": False}, "health_related:benefit"),
    (PAYE_RTI, {"days_worked": 32}, "range:days_worked"),
    (PAYE_RTI, {"payment_date": date(1999, 1, 1)}, "range:payment_date"),
    (CENSUS, {"region": "Scotland"}, "allowed:region"),
    (DEATHS, {"underlying_cause": "?"}, "shape:underlying_cause"),
    (LINKS_PERSON, {"match_weight": 5000.0}, "range:match_weight"),
    (PRICES_CPIH, {"cpih_index": 200.0}, "jumps:cpih_index"),
    (NDPP, {"hba1c_mmol_mol": None}, "measured:hba1c_mmol_mol,fpg_mmol_l"),
    (NDPP, {"fpg_mmol_l": 60.0}, "range:fpg_mmol_l"),
    (NDPP, {"test_date": date(2018, 3, 3)}, "order:test_date,referral_date"),
    (NDPP, {"test_date": date(2001, 1, 1)}, "range:test_date"),
    (NDPP, {"initial_assessment_date": date(2018, 3, 1)}, "order:referral_date,initial_assessment_date"),
    (NDPP, {"discharge_date": date(2018, 3, 1)}, "order:referral_date,discharge_date"),
    (NDPP, {"discharge_date": date(2026, 11, 1)}, "range:discharge_date"),
    (NDPP, {"sessions_attended": 101}, "range:sessions_attended"),
    (NDPP, {"weight_first_kg": 925.0}, "range:weight_first_kg"),
    (NDPP, {"weight_last_kg": 8.8}, "range:weight_last_kg"),
    (NDPP, {"practice_wave": 4}, "range:practice_wave"),
]


@pytest.mark.parametrize(("schema", "change", "rule"), WARNINGS, ids=[r for _, _, r in WARNINGS])
def test_a_warning_is_reported_and_its_row_is_used(schema, change, rule, validated, accepted, tmp_path):
    rows = [row_of(schema, i) for i in range(5)]
    rows[4] |= change
    validation = validated(schema, rows, tolerance=0)

    assert failing(validation) == {rule: 1}
    assert [r.status for r in validation.rules if r.failing] == ["warn"]
    assert quarantine(tmp_path) == []
    assert accepted(schema, validation).num_rows == 5


def test_wales_is_a_legal_region_and_missing_values_pass_where_the_schema_allows_them(validated):
    change = {"region": "Wales", "imd_quintile": None, "ethnic_group": None}
    assert failing(validated(CENSUS, [row_of(CENSUS, 0, **change)])) == {}


def test_a_row_that_breaks_several_rules_is_set_aside_once_with_all_of_them(validated, tmp_path):
    rows = [row_of(CENSUS, 0), row_of(CENSUS, 1, birth_quarter=9, imd_quintile=9)]
    validation = validated(CENSUS, rows)

    assert validation.rows_quarantined == 1
    assert quarantine(tmp_path)[0]["rules"] == ["range:birth_quarter", "range:imd_quintile"]


@pytest.mark.parametrize("schema", [HES_APC, CENSUS, IAPT_REFERRAL], ids=["hes_apc", "census", "iapt"])
def test_of_rows_that_share_a_key_none_is_used(schema, validated, accepted):
    key = schema.key[0]
    rows = [row_of(schema, 0), row_of(schema, 1), row_of(schema, 2, **{key: row_of(schema, 1)[key]})]
    validation = validated(schema, rows, tolerance=0.7)

    assert failing(validation) == {f"unique:{key}": 2}
    assert accepted(schema, validation)[key].to_pylist() == [rows[0][key]]


def test_two_statuses_of_one_day_contradict_each_other_and_neither_is_used(validated, accepted):
    rows = [row_of(IAPT_EMPLOYMENT, i) for i in range(3)]
    rows[2] |= {"unique_service_request_id": "r1", "employment_status": "retired"}
    validation = validated(IAPT_EMPLOYMENT, rows, tolerance=0.7)

    assert failing(validation) == {"unique:unique_service_request_id,recorded_date": 2}
    assert accepted(IAPT_EMPLOYMENT, validation)["unique_service_request_id"].to_pylist() == ["r0"]


def test_of_several_dates_of_death_the_earliest_stands(validated, accepted):
    rows = [
        row_of(DEATHS, 0, census_id="c", date_of_death=date(2019, 5, 6)),
        row_of(DEATHS, 1, census_id="c", date_of_death=date(2018, 1, 2)),
        row_of(DEATHS, 2, census_id="d"),
    ]
    validation = validated(DEATHS, rows)

    assert failing(validation) == {"unique:census_id": 1}
    assert accepted(DEATHS, validation)["date_of_death"].to_pylist() == [date(2018, 1, 2), date(2019, 5, 6)]


def test_a_key_that_repeats_across_batches_is_found(validated):
    rows = [row_of(CENSUS, i) for i in range(6)]
    rows[5]["census_id"] = rows[0]["census_id"]
    assert failing(validated(CENSUS, rows, rows_per_batch=2)) == {"unique:census_id": 2}


def test_rows_that_ingestion_rejected_are_in_quarantine_with_its_rules(validated, accepted, tmp_path):
    rejected = [{"source_file": "a.csv", "row": 7, "epikey": "e7", "rules": ["type:epistart", "missing:pseudo_hesid"]}]
    validation = validated(HES_APC, [row_of(HES_APC, 0)], rejected=rejected)

    assert (validation.rows_typed, validation.rows_accepted, validation.rows_quarantined) == (1, 1, 1)
    assert {(r.rule, r.rows) for r in validation.rejections} == {("type:epistart", 1), ("missing:pseudo_hesid", 1)}
    assert quarantine(tmp_path) == [
        {
            "source": "hes_apc",
            "source_file": "a.csv",
            "row": 7,
            "key": ["e7"],
            "rules": ["missing:pseudo_hesid", "type:epistart"],
        }
    ]
    assert accepted(HES_APC, validation).num_rows == 1


def test_quarantine_is_sorted_by_file_and_row(validated, tmp_path):
    rows = [row_of(PAYE_RTI, i, pay_pence=10**12, source_file=f"part-{i % 3}.csv") for i in range(9, -1, -1)]
    validated(PAYE_RTI, rows)
    places = [(row["source_file"], row["row"]) for row in quarantine(tmp_path)]
    assert places == sorted(places)
    assert len(places) == 10


def test_a_share_at_the_tolerance_is_accepted_and_one_row_more_is_refused(validated, accepted):
    rows = [row_of(PAYE_RTI, i, pay_pence=10**12 if i < 2 else 0) for i in range(100)]
    validation = validated(PAYE_RTI, rows, tolerance=0.02)
    assert validation.share == 0.02
    assert accepted(PAYE_RTI, validation).num_rows == 98


def test_one_row_more_than_the_tolerance_refuses_the_source(validated, accepted, tmp_path):
    rows = [row_of(PAYE_RTI, i, pay_pence=10**12 if i < 3 else 0) for i in range(100)]
    validation = validated(PAYE_RTI, rows, tolerance=0.02)
    with pytest.raises(ValidationRefused, match=r"3\.00% of rows break rules, more than the 2\.00% tolerated"):
        accepted(PAYE_RTI, validation)
    assert not (tmp_path / "out" / "accepted").exists()


def test_the_share_is_of_all_rows_delivered_duplicates_included(validated):
    rows = [row_of(PAYE_RTI, 0), row_of(PAYE_RTI, 1, pay_pence=10**12)]
    validation = validated(PAYE_RTI, rows, rows_delivered=10, exact_duplicates=7, superseded=1)
    assert validation.share == 0.1
    assert (validation.exact_duplicates, validation.superseded) == (7, 1)


def test_three_tenths_of_ids_missing_refuses_naming_source_file_column_and_count(validated, accepted):
    rejected = [{"source_file": "part-1.csv", "row": i, "rules": ["missing:valid_nino"]} for i in range(30)]
    validation = validated(PAYE_RTI, [row_of(PAYE_RTI, i) for i in range(70)], rejected=rejected, tolerance=0.02)
    with pytest.raises(ValidationRefused) as refusal:
        accepted(PAYE_RTI, validation)
    assert str(refusal.value) == (
        "source paye_rti, file part-1.csv, column valid_nino: 30.00% of rows break rules, more than the 2.00% "
        "tolerated; 30 break missing:valid_nino (30 rows). Fill it at the source, or leave the row out. "
        "The quarantine names every row, the validation report every rule."
    )
    assert refusal.value.exit_code == 3


def test_a_quarantine_kept_elsewhere_holds_its_rows_back_just_the_same(connection, validated, tmp_path):
    validation = validated(CENSUS, [row_of(CENSUS, 0), row_of(CENSUS, 1, imd_quintile=9)])
    accept(
        connection,
        schema=CENSUS,
        typed=tmp_path / "in" / "typed",
        quarantine=tmp_path / "out" / "quarantine",
        validation=validation,
        target=tmp_path / "elsewhere",
    )
    assert pq.read_table(tmp_path / "elsewhere" / "accepted")["census_id"].to_pylist() == ["c0"]


def test_rejected_rows_without_their_key_refuse_instead_of_speaking(tmp_path):
    nameless = Schema(name="census", grain="person", key=("sex",), columns=CENSUS.columns)
    folder = deliver(
        CENSUS, [row_of(CENSUS, 0)], tmp_path / "other", [{"source_file": "a", "row": 1, "rules": ["type:sex"]}]
    )
    with (
        duckdb.connect() as connection,
        pytest.raises(ValidationRefused, match=r"source census: the quarantine could not be written") as refusal,
    ):
        validate(
            connection,
            schema=nameless,
            typed=folder / "typed",
            rejected=folder / "rejected",
            ingestion={},
            rows_per_batch=10,
            tolerance=0,
            target=tmp_path / "out",
        )
    assert refusal.value.__suppress_context__


def test_a_source_of_which_no_row_could_be_typed_is_refused(connection, validated, tmp_path):
    rejected = [{"source_file": "a.csv", "row": 1, "census_id": None, "rules": ["missing:census_id"]}]
    validation = validated(CENSUS, [], rejected=rejected, tolerance=1.0)
    assert [fault.what.split(":")[0] for fault in validation.faults] == ["rows"]
    assert validation.rows_accepted == 0


def test_no_file_of_typed_rows_reads_as_no_typed_row(connection, tmp_path):
    folder = deliver(CENSUS, [], tmp_path / "in")
    (folder / "typed" / "part-0.parquet").unlink()
    validation = validate(
        connection,
        schema=CENSUS,
        typed=folder / "typed",
        rejected=folder / "rejected",
        ingestion={},
        rows_per_batch=10,
        tolerance=0,
        target=tmp_path / "out",
    )
    assert validation.refused
    assert validation.rows_typed == 0


@pytest.mark.parametrize("schema", [PAYE_RTI, PRICES_CPIH], ids=["paye_rti", "prices/cpih"])
def test_a_month_missing_in_between_refuses_the_source(schema, validated, accepted):
    rows = [row_of(schema, i, month=APRIL_2014 + i) for i in (0, 1, 3)]
    validation = validated(schema, rows)
    with pytest.raises(ValidationRefused, match=r"column month: gaps:month does not hold.*\(1 m.*Deliver the missing"):
        accepted(schema, validation)


def test_a_row_in_quarantine_does_not_make_a_gap(validated):
    rows = [row_of(PAYE_RTI, 0), row_of(PAYE_RTI, 1, month=month_number(1914, 4))]
    assert not validated(PAYE_RTI, rows).refused


def test_a_month_with_few_payments_is_a_warning(validated):
    rows = [row_of(PAYE_RTI, i, month=APRIL_2014 + i // 10) for i in range(33)]
    validation = validated(PAYE_RTI, rows, tolerance=0)
    assert failing(validation) == {"thin:month": 1}
    assert not validation.refused


def panel_rows(*changes: dict[str, object]) -> list[dict[str, object]]:
    clean = [
        {"person_id": person, "period": period, "treatment_period": 3, "earnings": 10.0, "male": "1"}
        for person in "ab"
        for period in (1, 2)
    ]
    rows = [clean[i] | (changes[i] if i < len(changes) else {}) for i in range(4)]
    return [{"source_file": "waves.csv", "row": i + 1} | row for i, row in enumerate(rows)]


def test_a_linked_panel_has_one_row_a_person_and_period(validated, tmp_path):
    validation = validated(PANEL, panel_rows({}, {"period": 1}))
    assert failing(validation) == {"unique:person_id,period": 2}
    assert [row["key"] for row in quarantine(tmp_path)] == [["a", "1"], ["a", "1"]]


def test_a_clean_linked_panel_is_accepted(validated, accepted):
    validation = validated(PANEL, panel_rows(), tolerance=0)
    assert accepted(PANEL, validation).num_rows == 4


@pytest.mark.parametrize("other", [2, None])
def test_a_person_of_a_linked_panel_has_one_treatment_period(other, validated):
    validation = validated(PANEL, panel_rows({}, {"treatment_period": other}))
    assert failing(validation) == {"constant:treatment_period": 1}
    assert validation.refused


def test_a_linked_panel_whose_outcome_is_never_observed_is_refused(validated):
    validation = validated(PANEL, panel_rows(*[{"earnings": None}] * 4))
    assert [fault.column for fault in validation.faults] == ["earnings"]


def test_the_note_reads_back_as_the_validation_that_wrote_it(validated, tmp_path):
    rejected = [{"source_file": "a.csv", "row": 1, "census_id": "c", "rules": ["type:birth_year"]}]
    validation = validated(
        CENSUS, [row_of(CENSUS, 0)], rejected=rejected, tolerance=0.1, unknown_columns={"a.csv": ["extra"]}
    )
    note = json.loads((tmp_path / "out" / "validation.json").read_text())
    assert Validation.read(note) == validation
    assert note["refused"] is True
    assert note["messages"] == [str(fault) for fault in validation.faults]
    assert validation.unknown_columns == ("extra",)


def test_two_validations_of_the_same_rows_write_the_same_bytes(connection, tmp_path):
    rows = [row_of(PAYE_RTI, i, pay_pence=10**12 if i % 7 == 0 else 0) for i in range(500)]
    folder = deliver(PAYE_RTI, rows, tmp_path / "in")
    for out in ("one", "two"):
        validation = validate(
            connection,
            schema=PAYE_RTI,
            typed=folder / "typed",
            rejected=folder / "rejected",
            ingestion={},
            rows_per_batch=64,
            tolerance=1,
            target=tmp_path / out,
        )
        accept(
            connection,
            schema=PAYE_RTI,
            typed=folder / "typed",
            quarantine=tmp_path / out / "quarantine",
            validation=validation,
            target=tmp_path / out,
        )
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert [str(file) for file in files] == [
        "accepted/part-00000.parquet",
        "quarantine/part-00000.parquet",
        "validation.json",
    ]
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_checks_are_named_before_a_run_and_say_which_rules_fail(validated):
    validation = validated(CENSUS, [row_of(CENSUS, 0), row_of(CENSUS, 1, imd_quintile=9, region="x")])
    checks = check_results(validation)

    assert tuple(check.name for check in checks) == check_names(CENSUS)
    assert {check.name: check.severity for check in checks if not check.passed} == {
        "range_imd_quintile": "WARN",
        "allowed_region": "WARN",
    }
    (imd,) = (check for check in checks if check.name == "range_imd_quintile")
    assert imd.counts == {"checked": 2, "failing": 1, "share": 0.5}


def test_the_checks_of_a_refused_source_are_errors(validated):
    validation = validated(CENSUS, [row_of(CENSUS, 0), row_of(CENSUS, 1, imd_quintile=9)], tolerance=0)
    errors = {check.name for check in check_results(validation) if not check.passed and check.severity == "ERROR"}
    assert errors == {"within_tolerance", "range_imd_quintile"}


def test_the_report_puts_refusals_first_and_says_what_to_do(validated, tmp_path):
    refused = validated(CENSUS, [row_of(CENSUS, 0), row_of(CENSUS, 1, imd_quintile=9)], tolerance=0)
    report([refused], delivery="2026-11", target=tmp_path / "report")
    page = (tmp_path / "report" / "validation.html").read_text(encoding="utf-8")

    assert page.index("The delivery cannot be used until these are put right.") < page.index("Rules of census")
    assert "more than the 0.00% tolerated; 1 break range:imd_quintile (1 rows)" in page
    assert page.index("range:imd_quintile</code>") < page.index("range:birth_year</code>")
    assert "Check imd_quintile." in page


def test_the_report_says_which_columns_were_read_under_older_names(validated, tmp_path):
    renamed = ("REFRECDATE as ReferralRequestReceivedDate",)
    validation = validated(IAPT_REFERRAL, [row_of(IAPT_REFERRAL, 0)], older_names={"v1-5.csv": renamed})
    report([validation], delivery="2026-11", target=tmp_path)
    assert Validation.read(json.loads(json.dumps(validation.note()))) == validation
    assert f"<code>{renamed[0]}</code>" in (tmp_path / "validation.html").read_text(encoding="utf-8")


def test_the_report_counts_duplicates_rejections_and_columns_kept_out(validated, tmp_path):
    rejected = [{"source_file": "a.csv", "row": i, "rules": ["type:pay_pence"]} for i in range(1200)]
    validation = validated(
        PAYE_RTI, [row_of(PAYE_RTI, 0)], rejected=rejected, tolerance=1, exact_duplicates=3, unknown_columns=["<extra>"]
    )
    report([validation], delivery="2026-11", target=tmp_path)
    page = (tmp_path / "validation.html").read_text(encoding="utf-8")

    assert "All 1 sources are accepted." in page
    assert "3 exact duplicates and 0 earlier versions" in page
    assert "pay_pence holds something that is not of the column&#39;s type" in page
    assert "1,200" in page
    assert "<code>&lt;extra&gt;</code>" in page


@pytest.mark.parametrize(
    ("first", "rule"), [(42, "below:hba1c_mmol_mol"), (30, "eligible:hba1c_mmol_mol")], ids=["none below", "none above"]
)
def test_tests_of_one_side_of_42_are_a_warning(first, rule, validated):
    validation = validated(NDPP_TESTS, [row_of(NDPP_TESTS, i, hba1c_mmol_mol=first + i) for i in range(5)])
    assert failing(validation) == {rule: 1}
    assert not validation.refused


def test_two_tests_of_a_person_on_a_day_are_a_warning(validated):
    rows = [row_of(NDPP_TESTS, i) for i in range(5)] + [row_of(NDPP_TESTS, 5, person_ref="p1")]
    validation = validated(NDPP_TESTS, rows)
    assert failing(validation) == {"unique:person_ref,test_date": 2}
    assert validation.rows_accepted == 6
