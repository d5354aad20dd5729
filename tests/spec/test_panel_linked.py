"""What a panel that its owner has linked becomes: who is treated, compared, left out; which periods are seen."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

import evaluations
from pipeline.engine.database import database, parquet, quoted
from pipeline.engine.panels import StoredPanel
from pipeline.engine.settings import Engine
from pipeline.population.cohort import linked_cohort
from pipeline.population.panel import linked_panel
from pipeline.vocabulary.errors import DataRefused, NotEstimable, RequestError
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.panels import linked_cohort_schema, linked_panel_columns, linked_panel_schema
from pipeline.vocabulary.schemas.people import ATTRITION
from pipeline.vocabulary.windows import Window

ENGINE = Engine(threads=2, memory_limit="1GB", people_per_shard=1000, panel_memory_gb=0.1, rows_per_batch=1000)
WAVES = range(7, 12)


class Waves:
    """Records of people by wave, and the cohort and panel that they make."""

    def __init__(self, folder: Path, protocol: Protocol) -> None:
        self.folder = folder
        self.schema = linked_panel_schema(protocol.evaluation.design, protocol.evaluation.outcomes)
        self.records: list[dict[str, object]] = []

    def add(self, person_id: str, treatment_period: int | None, *, periods: range | list[int] = WAVES) -> None:
        for period in periods:
            row = dict.fromkeys(self.schema.names, "0") | {
                "person_id": person_id,
                "period": period,
                "treatment_period": treatment_period,
                "earnings": 1000.25 * period,
                "out_of_pocket": None,
            }
            self.records.append(row)

    def table(self) -> pa.Table:
        return pa.Table.from_pylist(self.records, schema=self.schema.arrow)

    def cohort(self, protocol: Protocol, name: str = "made") -> tuple[dict[str, dict[str, object]], pa.Table]:
        """The cohort by person, and the attrition."""
        pq.write_table(self.table(), self.folder / f"{name}.parquet")
        with database(ENGINE, spill=self.folder / "spill") as connection:
            scan = f"read_parquet({quoted(self.folder / f'{name}.parquet')})"
            linked_cohort(connection, protocol, records=scan, target=self.folder / name)
        rows = pq.read_table(self.folder / name / "cohort").to_pylist()
        return {row["person_id"]: row for row in rows}, pq.read_table(self.folder / name / "attrition")

    def panel(self, protocol: Protocol, name: str = "made") -> StoredPanel:
        """The panel of the cohort of the same name."""
        target = self.folder / name
        with database(ENGINE, spill=self.folder / "spill") as connection:
            scan = f"read_parquet({quoted(self.folder / f'{name}.parquet')})"
            cohort = parquet(target / "cohort")
            linked_panel(connection, protocol, cohort=cohort, records=scan, target=target, engine=ENGINE)
        return StoredPanel(target)


@pytest.fixture
def protocol() -> Protocol:
    """Waves 7 to 10 are studied; the window is event time -2 to 3."""
    return evaluations.load("hospitalisation_and_earnings")


@pytest.fixture
def waves(tmp_path: Path, protocol: Protocol) -> Waves:
    made = Waves(tmp_path, protocol)
    made.add("nine", 9)
    made.add("eleven", 11)
    return made


def counts(attrition: pa.Table, arm: str) -> list[tuple[str, int, int]]:
    rows = [row for row in attrition.to_pylist() if row["arm"] == arm]
    return [(row["reason"], row["excluded"], row["remaining"]) for row in rows]


def test_people_treated_after_the_last_period_or_never_are_the_comparison(waves, protocol):
    waves.add("never", None)
    cohort, _ = waves.cohort(protocol)
    assert {name: (row["arm"], row["treatment_month"]) for name, row in cohort.items()} == {
        "nine": ("treated", 9),
        "eleven": ("comparison", None),
        "never": ("comparison", None),
    }


def test_every_exclusion_is_counted_in_people(waves, protocol):
    waves.add("seven", 7)
    waves.add("six", 6)
    waves.add("gone", 9, periods=[11, 12])
    waves.add("late", None, periods=[11])
    cohort, attrition = waves.cohort(protocol)
    assert set(cohort) == {"nine", "eleven"}
    assert counts(attrition, "treated") == [
        ("people delivered", 0, 4),
        ("no record in waves 7 to 10", 1, 3),
        ("treated in wave 7 or before, so never observed untreated", 2, 1),
    ]
    assert counts(attrition, "comparison") == [("people delivered", 0, 2), ("no record in waves 7 to 10", 1, 1)]
    assert attrition.schema.equals(ATTRITION.arrow)


def test_a_characteristic_is_that_of_the_first_period_studied_in_which_it_is_known(waves, protocol):
    waves.add("moves", 9, periods=[11, 9, 8, 7, 6])
    for row, spouse in zip(waves.records[-5:], ["late", "1", "0", None, "early"], strict=True):
        row["spouse"] = spouse
    assert waves.cohort(protocol)[0]["moves"]["spouse"] == "0"


@pytest.mark.parametrize("second", [10, None])
def test_two_treatment_periods_of_one_person_are_refused(waves, protocol, second):
    waves.records[1]["treatment_period"] = second
    match = (
        r"source panels/hrs_hospitalisation, column wave_hosp: a person has more than one treatment wave \(1 people\)"
    )
    with pytest.raises(DataRefused, match=match):
        waves.cohort(protocol)


@pytest.mark.parametrize(("arm", "treatment"), [("treated", 11), ("comparison", 9)])
def test_an_empty_arm_is_refused(tmp_path, protocol, arm, treatment):
    waves = Waves(tmp_path, protocol)
    waves.add("one", treatment)
    with pytest.raises(NotEstimable, match=f"no {arm} person remains"):
        waves.cohort(protocol)


def test_a_period_outside_those_studied_is_not_in_the_panel(waves, protocol):
    waves.cohort(protocol)
    stored = waves.panel(protocol)
    (shard,) = stored.shards("earnings", ["male"])
    assert (stored.first_month, stored.n_months) == (7, 4)
    np.testing.assert_array_equal(shard.outcome, [[7001.75, 8002.0, 9002.25, 10002.5]] * 2)
    np.testing.assert_array_equal(shard.treatment_month, [np.nan, 9])
    assert shard.birth_month is None
    assert shard.levels["male"].tolist() == [0, 0]


def test_a_missing_outcome_or_row_is_null(waves, protocol):
    waves.add("seen twice", 9, periods=[8, 10])
    waves.cohort(protocol)
    stored = waves.panel(protocol)
    (earnings,) = stored.shards("earnings")
    (spending,) = stored.shards("out_of_pocket")
    np.testing.assert_array_equal(earnings.outcome[2], [np.nan, 8002.0, np.nan, 10002.5])
    assert np.isnan(spending.outcome).all()


def test_treated_people_are_observed_within_the_event_window(waves, protocol):
    window = Window(before=0, after=1, reference=(0, 0), bins="single")
    design = protocol.evaluation.design.model_copy(update={"window": window})
    narrow = replace(protocol, evaluation=protocol.evaluation.model_copy(update={"design": design}))
    waves.cohort(narrow)
    (shard,) = waves.panel(narrow).shards("earnings")
    comparison, treated = shard.outcome
    # Event times 0 and 1 of someone treated in wave 9 are waves 8 and 9; comparison people are seen throughout.
    np.testing.assert_array_equal(treated, [np.nan, 8002.0, 9002.25, np.nan])
    assert not np.isnan(comparison).any()


def test_two_rows_of_a_person_and_period_are_refused(waves, protocol):
    waves.cohort(protocol)
    waves.add("nine", 9, periods=[8])
    pq.write_table(waves.table(), waves.folder / "made.parquet")
    match = r"column person_id, period: a person has more than one row for a period \(1 rows\)"
    with pytest.raises(DataRefused, match=match):
        waves.panel(protocol)


def test_rows_in_another_order_give_the_same_bytes(waves, protocol):
    for number in range(30):
        waves.add(f"more {number}", 8 + number % 4)
    names = ("first", "second")
    for name in names:
        waves.cohort(protocol, name)
        waves.panel(protocol, name)
        random.Random(1).shuffle(waves.records)
    one, two = (
        {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
        for folder in (waves.folder / name for name in names)
    )
    assert one == two
    assert len(one) == 4


def test_another_design_is_refused(waves):
    other = evaluations.load("bariatric_surgery")
    with pytest.raises(RequestError, match="bariatric_surgery is not a linked panel"):
        waves.cohort(other)


def test_the_health_and_retirement_study_keeps_its_656_people(tmp_path, protocol, reference_data):
    waves = Waves(tmp_path, protocol)
    delivered = pc.read_csv(reference_data / "hrs_hospitalisation.csv.gz")
    columns = linked_panel_columns(protocol.evaluation.design, protocol.evaluation.outcomes)
    table = pa.table({name: delivered[owner].cast(waves.schema[name].type) for name, owner in columns.items()})
    waves.records = table.to_pylist()
    cohort, attrition = waves.cohort(protocol)
    # Hospitalised first in waves 8, 9 and 10: 252, 176 and 163 people; in wave 11, the comparison: 65.
    months = [row["treatment_month"] for row in cohort.values()]
    assert {month: months.count(month) for month in set(months)} == {8: 252, 9: 176, 10: 163, None: 65}
    assert [row["excluded"] for row in attrition.to_pylist()] == [0] * 5
    (shard,) = waves.panel(protocol).shards("earnings", ["male"])
    assert shard.outcome.shape == (656, 4)
    assert not np.isnan(shard.outcome).any()
    people = {name: position for position, name in enumerate(sorted(cohort))}
    for row in waves.records:
        if row["period"] <= 10:
            assert shard.outcome[people[row["person_id"]], row["period"] - 7] == row["earnings"]


def test_the_cohort_leaves_with_its_schema(waves, protocol):
    waves.cohort(protocol)
    table = pq.read_table(waves.folder / "made" / "cohort")
    assert table.schema.equals(linked_cohort_schema(protocol.evaluation.design).arrow)
