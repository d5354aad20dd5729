"""A synthetic delivery is what an owner would drop: formats, names, dirt, links that are missing for some."""

from __future__ import annotations

import json
import re

import duckdb
import pytest

from pipeline.engine.provenance import file_digest
from pipeline.engine.settings import read_settings
from pipeline.synthetic import Knobs, synthesise

PEOPLE = 6_000

LINK_RATE_TOLERANCE = 0.01
"""Four standard errors of a rate of 0.96 over 6,000 people."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic") / "delivery"
    synthesise(folder, people=PEOPLE, seed=11, knobs=Knobs(dirt=2))
    return folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean") / "delivery"
    synthesise(folder, people=2_000, seed=11, knobs=Knobs(dirt=0))
    return folder


@pytest.fixture(scope="module")
def records(folder):
    return _records(folder)


def _records(folder):
    """Every source as a view of its files, everything as text."""
    connection = duckdb.connect()
    for name, source in (
        ("hes", "hes_apc"), ("paye", "paye_rti"), ("census", "census"), ("deaths", "deaths"),
        ("person", "links/person"), ("nino", "links/nino"), ("cpih", "prices/cpih"),
        ("benefits", "dwp_benefits"), ("referrals", "iapt/IDS101Referral"), ("statuses", "iapt/IDS004EmpStatus"),
    ):  # fmt: skip
        parts = []
        for file in sorted((folder / source).iterdir()):
            reader = "read_parquet" if file.suffix == ".parquet" else "read_csv"
            text = "" if file.suffix == ".parquet" else ", all_varchar = true"
            parts.append(f"SELECT CAST(COLUMNS(*) AS VARCHAR), '{file.name}' AS file FROM {reader}('{file}'{text})")
        connection.execute(f"CREATE TABLE {name} AS {' UNION ALL BY NAME '.join(parts)}")
    return connection


def _one(connection, query):
    ((value,),) = connection.execute(query).fetchall()
    return value


def _files(folder):
    return {
        file.relative_to(folder.parent).as_posix(): file_digest(file) for file in folder.rglob("*") if file.is_file()
    }


def _made(tmp_path, name, **options):
    synthesise(tmp_path / name / "d", people=400, **options)
    return _files(tmp_path / name / "d") | _files(tmp_path / name / "d-truth")


def test_the_same_request_gives_the_same_bytes(tmp_path):
    assert _made(tmp_path, "a", seed=3) == _made(tmp_path, "b", seed=3)


def test_another_seed_gives_another_delivery(tmp_path):
    first, second = _made(tmp_path, "a", seed=3), _made(tmp_path, "b", seed=4)
    assert {name for name in first if first[name] == second[name]} == set()


def test_delivery_json_lists_every_file_with_its_digest(folder):
    note = json.loads((folder / "delivery.json").read_text())
    assert note["delivery"] == "synthetic-11"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", note["cut_off"])
    listed = {
        f"{source}/{name}": digest
        for source, about in note["sources"].items()
        for name, digest in about["files"].items()
    }
    there = {
        file.relative_to(folder).as_posix(): file_digest(file)
        for file in folder.rglob("*")
        if file.is_file() and file.name != "delivery.json"
    }
    assert listed == there


def test_an_id_may_be_given(tmp_path):
    synthesise(tmp_path / "d", people=200, seed=1, delivery="2026-11")
    assert json.loads((tmp_path / "d" / "delivery.json").read_text())["delivery"] == "2026-11"


def test_the_truth_lies_beside_the_delivery_and_never_inside(folder):
    assert (folder.parent / "delivery-truth" / "effects.csv").is_file()
    assert not list(folder.rglob("effects*"))


def test_progress_goes_from_something_to_done(tmp_path):
    seen = []
    synthesise(tmp_path / "d", people=200, seed=1, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 3


@pytest.mark.parametrize("source", ["hes_apc", "paye_rti"])
def test_formats_are_mixed(folder, source):
    assert {"".join(file.suffixes) for file in (folder / source).iterdir()} == {".parquet", ".csv", ".csv.gz"}


def test_columns_come_in_different_orders(records, folder):
    orders = [
        tuple(name for name, *_ in records.execute(f"DESCRIBE SELECT * FROM read_parquet('{file}')").fetchall())
        for file in (folder / "paye_rti").glob("*.parquet")
    ]
    assert len(set(orders)) > 1
    assert len({frozenset(order) for order in orders}) == 1


@pytest.mark.parametrize(("table", "column"), [("hes", "FYEAR"), ("census", "extract_batch")])
def test_a_file_has_a_column_that_nobody_asked_for(records, table, column):
    assert _one(records, f"SELECT count({column}) FROM {table}") > 0
    assert _one(records, f"SELECT count(*) - count({column}) FROM {table}") > 0


@pytest.mark.parametrize(
    ("table", "source"),
    [
        ("hes", "hes_apc"), ("paye", "paye_rti"), ("census", "census"), ("deaths", "deaths"),
        ("person", "links/person"), ("nino", "links/nino"), ("cpih", "prices/cpih"),
        ("benefits", "dwp_benefits"), ("statuses", "iapt/IDS004EmpStatus"),
    ],
)  # fmt: skip
def test_columns_have_the_owners_names(records, table, source):
    there = {name for name, *_ in records.execute(f"DESCRIBE {table}").fetchall()}
    for owner in read_settings().columns[source].values():
        first, *last = owner.split("..")
        assert {first, *last} <= there


def test_months_are_written_without_a_zero_in_front(records):
    assert _one(records, r"SELECT count(*) FROM paye WHERE NOT regexp_full_match(month, '20\d\d-([1-9]|1[0-2])')") == 0
    assert _one(records, "SELECT count(DISTINCT month) FROM paye") == 105


def test_prices_cover_every_month_of_pay_and_the_whole_base_year(records):
    assert _one(records, "SELECT count(*) FROM cpih WHERE month LIKE '2023-%'") == 12
    assert _one(records, "SELECT count(*) FROM (SELECT month FROM paye EXCEPT SELECT month FROM cpih)") == 0


DIRT = {
    "null dates as 1800": "SELECT count(*) FROM hes WHERE OPDATE_01 = '1800-01-01'",
    "invalid dates as 1801": "SELECT count(*) FROM hes WHERE EPISTART = '1801-01-01'",
    "nobody's episode": "SELECT count(*) FROM hes WHERE PSEUDO_HESID IS NULL",
    "an ampersand for no operation": "SELECT count(*) FROM hes WHERE OPERTN_4_05 = '&'",
    "a code with spaces behind": "SELECT count(*) FROM hes WHERE OPERTN_4_01 LIKE '%  '",
    "a code with a dagger": "SELECT count(*) FROM hes WHERE regexp_full_match(DIAG_4_01, '[A-Z][0-9]{3}D')",
    "an unknown wait": "SELECT count(*) FROM hes WHERE ELECDUR = '9999'",
    "a sex not known": "SELECT count(*) FROM hes WHERE SEX NOT IN ('1', '2')",
    "an episode delivered before it was finished": """SELECT count(*) FROM hes a JOIN hes b USING (EPIKEY)
        WHERE a.EPISTAT = '1' AND b.EPISTAT = '3' AND a.EPIEND = '1800-01-01'""",
    "an episode delivered twice": """SELECT count(*) FROM (SELECT EPIKEY FROM hes WHERE EPISTAT = '3'
        GROUP BY EPIKEY HAVING count(*) > 1)""",
    "a payment delivered twice": """SELECT count(*) FROM (SELECT valid_nino FROM paye
        GROUP BY valid_nino, month, pay, days_worked, rti_scheme_sk, payment_date HAVING count(*) > 1)""",
    "a negative payment": "SELECT count(*) FROM paye WHERE CAST(pay AS DOUBLE) < 0",
    "a month below nothing": """SELECT count(*) FROM (SELECT valid_nino FROM paye GROUP BY valid_nino, month
        HAVING sum(CAST(pay AS DOUBLE)) < 0)""",
    "a correction that leaves something": """SELECT count(*) FROM (SELECT valid_nino FROM paye
        GROUP BY valid_nino, month HAVING min(CAST(pay AS DOUBLE)) < 0 AND sum(CAST(pay AS DOUBLE)) > 0)""",
    "a late payment": "SELECT count(*) FROM paye WHERE file = 'late.csv.gz'",
    "an imputed person": "SELECT count(*) FROM census WHERE imputed = 'true'",
    "a link to nobody": "SELECT count(*) FROM nino WHERE census_id NOT IN (SELECT census_id FROM census)",
    "a number of two people": "SELECT count(*) FROM nino WHERE nino_contains_multiple_census_id = 'true'",
}

LIFE = {
    "an emergency": "SELECT count(*) FROM hes WHERE ELECDUR = '9998'",
    "a resident of Wales": "SELECT count(*) FROM hes WHERE LSOA11 LIKE 'W%'",
    "a region not known": "SELECT count(*) FROM census WHERE region IS NULL",
    "two schemes in a month": """SELECT count(*) FROM (SELECT valid_nino FROM paye GROUP BY valid_nino, month
        HAVING count(DISTINCT rti_scheme_sk) > 1)""",
    "weekly pay": """SELECT count(*) FROM (SELECT valid_nino FROM paye GROUP BY valid_nino, month
        HAVING count(DISTINCT payment_date) >= 4)""",
    "several numbers of one person": """SELECT count(*) FROM (SELECT census_id FROM nino GROUP BY census_id
        HAVING count(DISTINCT frameworks_nino) > 1)""",
    "a person of both censuses": """SELECT count(*) FROM nino a JOIN nino b USING (frameworks_nino)
        WHERE a.census_year = '2011' AND b.census_year = '2021'""",
    "a linked person without pay": """SELECT count(*) FROM nino
        WHERE frameworks_nino NOT IN (SELECT valid_nino FROM paye)""",
    "obesity without an operation": """SELECT count(*) FROM hes WHERE DIAG_4_02 LIKE 'E66%'
        AND (OPERTN_4_01 LIKE '-%' OR OPERTN_4_01 = '&')""",
    "an operation behind its approach": """SELECT count(*) FROM hes
        WHERE OPERTN_4_01 LIKE 'Y752%' AND OPERTN_4_02 LIKE 'G%'""",
    "an operation before those studied": """SELECT count(*) FROM hes
        WHERE OPERTN_4_01 LIKE 'G285%' AND EPISTART BETWEEN '2009-04-01' AND '2014-03-31'""",
    "an operation without obesity": "SELECT count(*) FROM hes WHERE OPERTN_4_01 LIKE 'G%' AND DIAG_4_01 LIKE 'C169%'",
    "secondary obesity under a listed diagnosis": """SELECT count(*) FROM hes
        WHERE OPERTN_4_01 LIKE 'G285%' AND DIAG_4_01 LIKE 'K%' AND DIAG_4_02 LIKE 'E66%'""",
    "a person operated twice": """SELECT count(*) FROM (SELECT PSEUDO_HESID FROM hes WHERE OPERTN_4_01 LIKE 'G285%'
        OR OPERTN_4_02 LIKE 'G285%' OR OPERTN_4_01 LIKE 'G321%' GROUP BY ALL HAVING count(DISTINCT EPIKEY) > 1)""",
}  # fmt: skip


@pytest.mark.parametrize("dirt", DIRT)
def test_a_dirty_delivery_has(records, dirt):
    assert _one(records, DIRT[dirt]) > 0


@pytest.mark.parametrize("fact", LIFE)
def test_a_delivery_has(records, fact):
    assert _one(records, LIFE[fact]) > 0


WITHOUT_DIRT = [name for name in DIRT if name not in ("null dates as 1800", "an unknown wait")]
"""An operation that was not done has no date, and a wait is sometimes not known, in the cleanest of extracts."""


def test_a_clean_delivery_has_no_dirt(clean):
    records = _records(clean)
    assert {name: _one(records, DIRT[name]) for name in WITHOUT_DIRT if "ampersand" not in name} == {
        name: 0 for name in WITHOUT_DIRT if "ampersand" not in name
    }


def test_pay_after_death_is_delivered(records):
    late = """SELECT count(*) FROM paye p JOIN nino n ON p.valid_nino = n.frameworks_nino
        JOIN deaths d USING (census_id) WHERE CAST(p.payment_date AS DATE) > CAST(d.date_of_death AS DATE) + 31"""
    assert _one(records, late) > 0


def test_a_health_id_has_one_person_in_each_census(records):
    several = """SELECT count(*) FROM (SELECT health_id FROM person JOIN census USING (census_id)
        GROUP BY health_id, census_year HAVING count(*) > 1)"""
    assert _one(records, several) == 0


def test_a_number_of_several_people_is_flagged(records):
    several = """SELECT count(*) FROM (SELECT frameworks_nino FROM nino
        WHERE nino_contains_multiple_census_id = 'false' GROUP BY frameworks_nino, census_year HAVING count(*) > 1)"""
    assert _one(records, several) == 0


def test_link_rates_are_about_the_published_ones(records):
    def rate(table):
        return _one(records, f"SELECT avg((census_id IN (SELECT census_id FROM {table}))::INT) FROM census "
                             "WHERE imputed = 'false'")  # fmt: skip

    one_census_only = 0.042  # a tenth of those in both censuses and linked both ways, per census record
    assert rate("nino") == pytest.approx(0.967 - one_census_only, abs=LINK_RATE_TOLERANCE)
    before = "(SELECT * FROM person WHERE source <> 'ndpp')"  # a test links a quarter of people in a second way
    assert rate(before) == pytest.approx(0.9575 - one_census_only, abs=LINK_RATE_TOLERANCE)


def test_identifiers_look_like_no_clear_number(records):
    for table, column in (("hes", "PSEUDO_HESID"), ("hes", "EPIKEY"), ("paye", "valid_nino"), ("census", "census_id")):
        clear = rf"regexp_full_match({column}, '\d{{10}}|[A-Za-z]{{2}}\d{{6}}[A-Da-d]?')"
        assert _one(records, f"SELECT count(*) FROM {table} WHERE {clear}") == 0


def test_referrals_before_september_2020_come_in_the_older_version(folder, records):
    newer, older = (_columns(folder / "iapt" / "IDS101Referral", name) for name in ("v2-1", "v1-5"))
    names = read_settings().columns["iapt/IDS101Referral"].values()
    assert newer == {name.split(" | ")[0] for name in names}
    assert older <= {name.split(" | ")[-1] for name in names}
    assert "REFRECDATE" in older
    assert _one(records, "SELECT max(REFRECDATE) < '2020-09-01' FROM referrals")
    assert _one(records, "SELECT min(ReferralRequestReceivedDate) >= '2020-09-01' FROM referrals")


def _columns(place, name):
    (file,) = place.glob(f"*{name}*")
    reader = "read_parquet" if file.suffix == ".parquet" else "read_csv"
    return set(duckdb.sql(f"SELECT * FROM {reader}('{file}') LIMIT 0").columns)


def test_referrals_are_submitted_as_they_go_on_and_some_twice(records):
    assert _one(records, "SELECT count(*) FROM referrals WHERE IsLatest = '0' AND ServDischDate IS NULL") > 5
    assert _one(records, "SELECT count(*) FROM referrals WHERE IC_USE_PATHWAY_FLAG = 'N' AND ENDDATE IS NULL") > 5
    repeated = "SELECT coalesce(Unique_ServiceRequestID, REFERRAL_ID) AS id, count(*) AS n FROM referrals GROUP BY id"
    assert _one(records, f"SELECT count(*) FROM ({repeated}) WHERE n > 1") > 50


def test_some_give_up_or_wait_and_nobody_starts_before_the_referral(records):
    waits = "date_diff('day', CAST(REFRECDATE AS DATE), CAST(IC_DATE_FIRST_THERAPEUTIC_SESSION AS DATE))"
    assert _one(records, f"SELECT min({waits}) FROM referrals") > 0
    assert 20 < _one(records, f"SELECT median({waits}) FROM referrals") < 60
    assert _one(records, "SELECT count(*) FROM referrals WHERE IC_COUNT_TREATMENT_APPOINTMENTS = '1'") > 10
    started = "IC_DATE_FIRST_THERAPEUTIC_SESSION IS NOT NULL"
    assert _one(records, f"SELECT count(*) FROM referrals WHERE REFRECDATE IS NOT NULL AND NOT ({started})") > 5


def test_a_person_in_therapy_has_an_id_in_each_version_and_some_are_not_linked(records):
    held = "SELECT DISTINCT coalesce(Person_ID, IAPT_PERSON_ID) AS id FROM referrals"
    linked = "SELECT DISTINCT health_id FROM person WHERE source = 'iapt'"
    share = _one(records, f"SELECT avg(CAST(id IN ({linked}) AS INTEGER)) FROM ({held}) WHERE id IS NOT NULL")
    assert 0.9 < share < 0.99
    assert _one(records, "SELECT count(DISTINCT source) FROM person") == 3


def test_a_therapy_and_an_operation_are_rarely_one_persons(records):
    ids = "SELECT census_id FROM person JOIN hes ON health_id = PSEUDO_HESID WHERE OPERTN_4_01 LIKE 'G%'"
    both = _one(records, f"SELECT count(DISTINCT census_id) FROM person WHERE source = 'iapt' AND census_id IN ({ids})")
    assert 0 < both < 100


def test_benefit_spells_end_are_open_or_end_far_away(records):
    ends = records.execute("""
        SELECT count(*) FILTER (end_date IS NULL), count(*) FILTER (end_date = '9999-12-31'), count(*)
        FROM benefits""").fetchone()
    assert min(ends) > 50
    assert _one(records, "SELECT count(*) FROM benefits WHERE end_date < start_date") == 0
    assert _one(records, "SELECT count(DISTINCT benefit) FROM benefits") == 6


def test_about_one_person_in_ten_receives_a_health_related_benefit(records):
    on = "SELECT DISTINCT valid_nino FROM benefits WHERE health_related = 'true' AND start_date <= '2018-07-15' AND "
    on += "coalesce(end_date, '9999-12-31') >= '2018-07-15'"
    assert 0.08 < _one(records, f"SELECT count(*) FROM ({on})") / PEOPLE < 0.16


def test_a_clean_delivery_repeats_no_spell_and_no_referral(clean):
    records = _records(clean)
    assert _one(records, "SELECT count(*) - count(DISTINCT (valid_nino, benefit, start_date)) FROM benefits") == 0
    repeats = "SELECT count(*) - count(DISTINCT REFERRAL_ID) FROM referrals WHERE REFRECDATE IS NOT NULL"
    assert _one(records, repeats) == 0
