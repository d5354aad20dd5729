"""What the cohort of a staggered adoption means: who is treated, who is compared, who leaves and why."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from hashlib import md5
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import evaluations
from pipeline.engine.database import database, quoted
from pipeline.engine.settings import Engine
from pipeline.population.cohort import staggered_cohort
from pipeline.vocabulary.errors import DataRefused, NotEstimable, RequestError
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import ATTRITION, COHORT, HEALTH_PERSON, SPINE
from pipeline.vocabulary.schemas.sources import HES_APC

ENGINE = Engine(threads=2, memory_limit="1GB", people_per_shard=100, panel_memory_gb=0.1, rows_per_batch=1000)
SLEEVE, BYPASS, OTHER_OPERATION = "G285", "G321", "W371"
OBESITY, HERNIA, APPENDICITIS = "E669", "K449", "K359"
OPERATION_DAY = date(2016, 5, 10)
INDEX_MONTH = month_number(2016, 5)
FIRST_OBSERVED, LAST_OBSERVED = month_number(2014, 4), month_number(2022, 12)


def person(person_id: str, **given: object) -> dict[str, object]:
    """A woman of 40 at the operation day, alive, in London, linked to everything."""
    row = dict.fromkeys(SPINE.names) | {
        "person_id": person_id,
        "census_year": 2011,
        "sex": "female",
        "birth_month": month_number(1976, 2),
        "ethnic_group": "White",
        "imd_quintile": 3,
        "region": "London",
        "lsoa11": "E01000001",
        "linked_hes_apc": True,
        "linked_iapt": True,
        "linked_paye_rti": True,
    }
    return row | given


def episode(health_id: str, **given: object) -> dict[str, object]:
    """A sleeve gastrectomy for obesity on the operation day."""
    day = given.get("epistart", OPERATION_DAY)
    row = dict.fromkeys(HES_APC.names) | {
        "epikey": f"{health_id}-{day}",
        "pseudo_hesid": health_id,
        "epistart": day,
        "diagnoses": [OBESITY],
        "operations": [SLEEVE],
        "operation_dates": [day],
    }
    return row | given


class Population:
    """Tables of people and episodes, and the cohort that they make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people: list[dict[str, object]] = []
        self.episodes: list[dict[str, object]] = []
        self.links: list[dict[str, object]] = []

    def treated(self, person_id: str, *episodes: dict[str, object], **given: object) -> None:
        """Add someone with the episodes (one plain operation if none is given)."""
        self.people.append(person(person_id, **given))
        self.link(person_id, person_id)
        self.episodes += episodes or [episode(person_id)]

    def link(self, health_id: str, person_id: str) -> None:
        self.links.append({"source": "hes", "health_id": health_id, "person_id": person_id})

    def never_treated(self, n: int, prefix: str = "never", **given: object) -> None:
        self.people += [person(f"{prefix}{number:04d}", **given) for number in range(n)]

    def cohort(self, protocol: Protocol, name: str = "made") -> tuple[pa.Table, pa.Table]:
        """The cohort and its attrition; leaves their files in ``folder/name``."""
        inputs, target = self.folder / f"{name}-inputs", self.folder / name
        inputs.mkdir()
        tables = {"spine": (SPINE, self.people), "hes": (HES_APC, self.episodes), "links": (HEALTH_PERSON, self.links)}
        scans = {}
        for table, (schema, rows) in tables.items():
            pq.write_table(pa.Table.from_pylist(rows, schema=schema.arrow), inputs / f"{table}.parquet")
            scans[table] = f"read_parquet({quoted(inputs / f'{table}.parquet')})"
        with database(ENGINE, spill=self.folder / "spill") as connection:
            staggered_cohort(
                connection,
                protocol,
                records={"hes_apc": scans["hes"], "health_person": scans["links"]},
                spine=scans["spine"],
                target=target,
            )
        return pq.read_table(target / "cohort"), pq.read_table(target / "attrition")


@pytest.fixture
def population(tmp_path: Path) -> Population:
    """Fifty people never treated and one plain treated person."""
    made = Population(tmp_path)
    made.never_treated(50)
    made.treated("plain")
    return made


@pytest.fixture
def protocol() -> Protocol:
    return evaluations.load("bariatric_surgery")


def treated_rows(cohort: pa.Table) -> dict[str, dict[str, object]]:
    return {row["person_id"]: row for row in cohort.to_pylist() if row["arm"] == "treated"}


def excluded(attrition: pa.Table, arm: str) -> dict[str, int]:
    """Reason to people excluded, where there were any."""
    return {row["reason"]: row["excluded"] for row in attrition.to_pylist() if row["arm"] == arm and row["excluded"]}


def with_comparison(protocol: Protocol, **changes: object) -> Protocol:
    """The protocol with another comparison."""
    design = protocol.evaluation.design
    comparison = design.comparison.model_copy(update=changes)
    design = design.model_copy(update={"comparison": comparison})
    return replace(protocol, evaluation=protocol.evaluation.model_copy(update={"design": design}))


def test_tables_leave_with_their_schemas_sorted_by_person(population, protocol):
    cohort, attrition = population.cohort(protocol)
    assert cohort.schema.equals(COHORT.arrow)
    assert attrition.schema.equals(ATTRITION.arrow)
    assert cohort["person_id"].to_pylist() == sorted(cohort["person_id"].to_pylist())


def test_a_treated_person_has_the_month_age_and_procedure_of_the_operation(population, protocol):
    row = treated_rows(population.cohort(protocol)[0])["plain"]
    assert row["treatment_month"] == row["index_month"] == INDEX_MONTH
    assert (row["age_at_index"], row["age_band"], row["five_year_band"]) == (40, "35-44", "40-44")
    assert row["operation"] == "sleeve gastrectomy"


def test_months_observed_are_the_event_window_within_the_calendar_window(population, protocol):
    population.treated("late", episode("late", epistart=date(2022, 12, 1)))
    population.treated("middle", episode("middle", epistart=date(2020, 1, 31)))
    rows = treated_rows(population.cohort(protocol)[0])
    assert (rows["plain"]["first_month"], rows["plain"]["last_month"]) == (FIRST_OBSERVED, INDEX_MONTH + 59)
    # Event time -59 is the month 60 before the index month; event time 1 is the index month.
    assert rows["late"]["first_month"] == month_number(2022, 12) - 60
    assert rows["late"]["last_month"] == LAST_OBSERVED
    assert rows["middle"]["first_month"] == month_number(2020, 1) - 60


def test_the_day_is_that_of_the_first_listed_code_not_of_the_episode(population, protocol):
    population.treated(
        "dated",
        episode(
            "dated",
            operations=[OTHER_OPERATION, BYPASS, SLEEVE],
            operation_dates=[date(2016, 5, 1), date(2016, 6, 2), date(2016, 7, 3)],
        ),
    )
    row = treated_rows(population.cohort(protocol)[0])["dated"]
    assert row["treatment_month"] == month_number(2016, 6)
    assert row["operation"] == "Roux-en-Y bypass"


@pytest.mark.parametrize("dates", [None, [], [None]])
def test_a_missing_operation_date_gives_way_to_the_episode_start(population, protocol, dates):
    population.treated("undated", episode("undated", operation_dates=dates))
    assert treated_rows(population.cohort(protocol)[0])["undated"]["treatment_month"] == INDEX_MONTH


def test_an_operation_without_any_date_is_counted_and_carries_no_index_month(population, protocol):
    undated = {"epistart": None, "operation_dates": [None]}
    population.treated("never dated", episode("never dated", **undated, epikey="one"))
    population.treated("dated too", episode("dated too", **undated, epikey="two"), episode("dated too"))
    cohort, attrition = population.cohort(protocol)
    assert treated_rows(cohort)["dated too"]["treatment_month"] == INDEX_MONTH
    assert "never dated" not in cohort["person_id"].to_pylist()
    assert excluded(attrition, "treated") == {"operation without any date": 1}


def test_the_first_of_two_operations_counts(population, protocol):
    population.treated("twice", episode("twice", epistart=date(2018, 1, 1)), episode("twice"))
    cohort, attrition = population.cohort(protocol)
    assert treated_rows(cohort)["twice"]["treatment_month"] == INDEX_MONTH
    assert excluded(attrition, "treated") == {}


def test_two_health_ids_of_one_person_are_one_person(population, protocol):
    population.treated("double", episode("double", epistart=date(2018, 1, 1)))
    population.link("double-too", "double")
    population.episodes.append(episode("double-too"))
    cohort, attrition = population.cohort(protocol)
    assert treated_rows(cohort)["double"]["treatment_month"] == INDEX_MONTH
    assert attrition["remaining"][0].as_py() == 2


def test_the_diagnosis_is_asked_of_the_first_operation_alone(population, protocol):
    population.treated(
        "later diagnosed",
        episode("later diagnosed", diagnoses=[APPENDICITIS]),
        episode("later diagnosed", epistart=date(2018, 1, 1)),
    )
    cohort, attrition = population.cohort(protocol)
    assert "later diagnosed" not in treated_rows(cohort)
    assert excluded(attrition, "treated") == {
        "diagnosis rule not met in the operation's episode (obesity_icd10)": 1,
    }


@pytest.mark.parametrize(
    ("diagnoses", "enters"),
    [
        ([OBESITY], True),
        ([HERNIA, OBESITY], True),
        ([HERNIA, APPENDICITIS, OBESITY], True),
        (["K44X", OBESITY], True),
        (["E66X"], True),
        ([APPENDICITIS, OBESITY], False),
        ([HERNIA], False),
        ([None, OBESITY], False),
        ([], False),
        (None, False),
    ],
)
def test_obesity_is_primary_or_secondary_to_an_associated_primary(population, protocol, diagnoses, enters):
    population.treated("diagnosed", episode("diagnosed", diagnoses=diagnoses))
    assert ("diagnosed" in treated_rows(population.cohort(protocol)[0])) is enters


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2014, 3, 31), "first operation before April 2014"),
        (date(2014, 4, 1), None),
        (date(2022, 12, 31), None),
        (date(2023, 1, 1), "first operation after December 2022"),
    ],
)
def test_the_first_operation_lies_in_the_treatment_months(population, protocol, day, reason):
    population.treated("edge", episode("edge", epistart=day), birth_month=month_number(1975, 2))
    assert list(excluded(population.cohort(protocol)[1], "treated")) == ([reason] if reason else [])


def test_an_earlier_operation_within_the_washout_excludes(population, protocol):
    population.treated("again", episode("again", epistart=date(2010, 1, 1)), episode("again"))
    assert excluded(population.cohort(protocol)[1], "treated") == {"first operation before April 2014": 1}


def test_an_operation_before_the_washout_is_not_seen(population, protocol):
    population.treated("long ago", episode("long ago", epistart=date(2009, 3, 31)), episode("long ago"))
    assert treated_rows(population.cohort(protocol)[0])["long ago"]["treatment_month"] == INDEX_MONTH


def test_everyone_excluded_is_counted_with_the_first_reason_that_applies(population, protocol):
    population.episodes.append(episode("unlinked"))
    population.treated("no pay", linked_paye_rti=False, lsoa11="W01000001")
    population.treated("young", birth_month=month_number(1992, 5))
    population.treated("dead", month_of_death=INDEX_MONTH)
    population.treated("dead before", month_of_death=INDEX_MONTH - 3)
    population.treated("welsh", lsoa11="W01000001")
    attrition = population.cohort(protocol)[1]
    assert excluded(attrition, "treated") == {
        "not linked to a census person": 1,
        "not linked to employee pay": 1,
        "not aged 25 to 64 on the index day": 1,
        "not alive at the end of the index month": 2,
        "not resident in England": 1,
    }
    rows = [row for row in attrition.to_pylist() if row["arm"] == "treated"]
    assert rows[0]["reason"] == "people with an operation of bariatric_opcs4 since April 2009, or without a date"
    assert (rows[0]["remaining"], rows[-1]["remaining"]) == (7, 1)
    for before, after in pairwise(rows):
        assert after["remaining"] == before["remaining"] - after["excluded"]


@pytest.mark.parametrize(
    ("birth_month", "day", "reason"),
    [
        # Birth is on the 15th: 25 on 15 May 2016 for the quarter about May 1991.
        (month_number(1991, 5), 14, "not aged 25 to 64 on the index day"),
        (month_number(1991, 5), 15, None),
        # 65 on 15 May 2016: still 64 on the 14th, no longer at the end of the month.
        (month_number(1951, 5), 14, "not aged 25 to 64 at the end of the index month"),
        (month_number(1951, 5), 15, "not aged 25 to 64 on the index day"),
        (month_number(1951, 8), 31, None),
    ],
)
def test_age_holds_on_the_day_and_at_the_end_of_its_month(population, protocol, birth_month, day, reason):
    population.treated("aged", episode("aged", epistart=date(2016, 5, day)), birth_month=birth_month)
    population.never_treated(30, prefix="also", birth_month=birth_month)
    assert list(excluded(population.cohort(protocol)[1], "treated")) == ([reason] if reason else [])


def test_a_month_from_the_month_of_death_on_is_not_observed(population, protocol):
    population.treated("dies", month_of_death=INDEX_MONTH + 3)
    assert treated_rows(population.cohort(protocol)[0])["dies"]["last_month"] == INDEX_MONTH + 2


@pytest.mark.parametrize(
    ("of_episode", "of_person", "region", "enters"),
    [
        ("E01000001", "W01000001", "Wales", True),
        ("W01000001", "E01000001", "London", False),
        (None, "E01000001", None, True),
        (None, "W01000001", "London", False),
        (None, None, "London", True),
        (None, None, "Wales", False),
        (None, None, None, False),
    ],
)
def test_residence_is_the_episode_s_area_else_the_census_s_else_the_region(
    population, protocol, of_episode, of_person, region, enters
):
    population.treated("resident", episode("resident", lsoa11=of_episode), lsoa11=of_person, region=region)
    assert ("resident" in treated_rows(population.cohort(protocol)[0])) is enters


def test_comparison_people_never_had_the_operation_even_if_not_eligible(population, protocol):
    population.treated("ineligible", episode("ineligible", diagnoses=[APPENDICITIS]))
    population.treated("long ago", episode("long ago", epistart=date(2001, 1, 1)))
    cohort, attrition = population.cohort(protocol)
    assert excluded(attrition, "comparison")["had such an operation"] == 3
    assert not {"ineligible", "long ago", "plain"} & {r["person_id"] for r in cohort.to_pylist() if not is_treated(r)}


def is_treated(row: dict[str, object]) -> bool:
    return row["arm"] == "treated"


def test_comparison_people_need_pay_but_no_hospital_record(population, protocol):
    population.never_treated(7, prefix="unpaid", linked_paye_rti=False)
    population.never_treated(5, prefix="healthy", linked_hes_apc=False)
    cohort, attrition = population.cohort(protocol)
    assert excluded(attrition, "comparison")["not linked to employee pay"] == 7
    assert sum(row["person_id"].startswith("healthy") for row in cohort.to_pylist()) == 5


def test_comparison_people_meet_the_same_rules_at_their_own_index(population, protocol):
    population.never_treated(4, prefix="old", birth_month=month_number(1940, 2))
    # Drawn index months are April to June 2016: whoever died in April is alive at the end of none of them.
    population.never_treated(3, prefix="dead", month_of_death=INDEX_MONTH - 1)
    population.never_treated(2, prefix="welsh", lsoa11="W01000001")
    assert excluded(population.cohort(protocol)[1], "comparison") == {
        "had such an operation": 1,
        "not aged 25 to 64 on the index day": 4,
        "not alive at the end of the index month": 3,
        "not resident in England": 2,
    }


def test_comparison_people_have_an_index_but_no_treatment_month(population, protocol):
    cohort, _ = population.cohort(protocol)
    rows = [row for row in cohort.to_pylist() if not is_treated(row)]
    assert rows
    assert {row["treatment_month"] for row in rows} == {None}
    # One treated person in May 2016, a three-month centred mean: April, May and June.
    assert {row["index_month"] for row in rows} == {INDEX_MONTH - 1, INDEX_MONTH, INDEX_MONTH + 1}
    assert all(row["last_month"] == row["index_month"] + 59 for row in rows)


def test_the_index_draw_is_an_md5_that_python_computes_alike(population, protocol):
    cohort, _ = population.cohort(protocol)
    months = {0: INDEX_MONTH - 1, 1: INDEX_MONTH, 2: INDEX_MONTH + 1}
    for row in cohort.to_pylist():
        if not is_treated(row):
            draw = int(md5(f"causeway{row['person_id']}".encode()).hexdigest()[:15], 16)
            assert row["index_month"] == months[3 * draw // 16**15]


def test_the_sample_takes_the_smallest_hashes_of_each_stratum(population, protocol):
    cohort, attrition = population.cohort(with_comparison(protocol, n=10, strata=("sex",)))
    taken = {row["person_id"] for row in cohort.to_pylist() if not is_treated(row)}
    everyone = [f"never{number:04d}" for number in range(50)]
    ranked = sorted(everyone, key=lambda one: (md5(f"causeway:sample:{one}".encode()).hexdigest()[:15], one))
    assert taken == set(ranked[:10])
    last = attrition.to_pylist()[-1]
    assert last["reason"].startswith("not drawn into the sample (up to 10 people")
    assert (last["excluded"], last["remaining"]) == (40, 10)


def test_the_sample_has_the_treated_people_s_proportions_when_one_stratum_is_short(population, protocol):
    for number in range(2):
        population.treated(f"woman{number}")
    population.treated("man", sex="male")
    population.never_treated(5, prefix="man", sex="male")
    cohort, _ = population.cohort(with_comparison(protocol, n=40, strata=("sex",)))
    comparison = [row["sex"] for row in cohort.to_pylist() if not is_treated(row)]
    # Three women to one man: five men allow n up to 21, of whom round(21 * 3/4) = 16 women.
    assert (comparison.count("female"), comparison.count("male")) == (16, 5)


def test_rows_in_another_order_give_the_same_bytes(population, protocol):
    for number in range(20):
        population.treated(f"more{number}", episode(f"more{number}", epistart=date(2015 + number % 5, 3, 20)))
    # Two listed operations of one day: the tie goes to the smaller episode key.
    for key, code in (("b", BYPASS), ("a", SLEEVE)):
        population.episodes.append(episode("tied", epikey=key, operations=[code]))
    population.people.append(person("tied"))
    population.link("tied", "tied")
    first, _ = population.cohort(protocol, "first")
    shuffle = random.Random(1)
    for rows in (population.people, population.episodes, population.links):
        shuffle.shuffle(rows)
    population.cohort(protocol, "second")
    assert treated_rows(first)["tied"]["operation"] == "sleeve gastrectomy"
    for table in ("cohort", "attrition"):
        one, two = (population.folder / name / table / "part-00000.parquet" for name in ("first", "second"))
        assert one.read_bytes() == two.read_bytes()


def test_nobody_treated_is_refused_with_the_step_that_took_them(tmp_path, protocol):
    population = Population(tmp_path)
    population.never_treated(10)
    population.treated("welsh", lsoa11="W01000001")
    with pytest.raises(NotEstimable, match="no treated person remains; most left at 'not resident in England'"):
        population.cohort(protocol)


def test_nobody_to_compare_with_is_refused(tmp_path, protocol):
    population = Population(tmp_path)
    population.treated("only")
    population.never_treated(10, sex="male")
    with pytest.raises(NotEstimable, match="no comparison person remains"):
        population.cohort(protocol)
    assert not (tmp_path / "made" / "cohort").exists()


def test_a_stratum_that_is_no_column_is_refused_by_name(population, protocol):
    with pytest.raises(RequestError, match="has the stratum shoe_size"):
        population.cohort(with_comparison(protocol, strata=("shoe_size",)))


def test_another_design_is_refused(population):
    with pytest.raises(RequestError, match="hospitalisation_and_earnings is not a staggered adoption"):
        population.cohort(evaluations.load("hospitalisation_and_earnings"))


def test_a_table_without_its_columns_is_refused_without_a_value(tmp_path, protocol):
    pq.write_table(pa.table({"person_id": ["MARKED"]}), tmp_path / "wrong.parquet")
    scan = f"(SELECT CAST(person_id AS INTEGER) FROM read_parquet({quoted(tmp_path / 'wrong.parquet')}))"
    records = {"hes_apc": scan, "health_person": scan}
    with (
        database(ENGINE, spill=tmp_path / "spill") as connection,
        pytest.raises(DataRefused, match="the cohort stopped on the query engine's BinderException") as refusal,
    ):
        staggered_cohort(connection, protocol, records=records, spine=scan, target=tmp_path / "made")
    assert "MARKED" not in str(refusal.value)
    assert refusal.value.__cause__ is None
