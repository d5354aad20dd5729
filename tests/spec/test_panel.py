"""What the panel of pay means: which months of whom, from which payments, at which prices."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from itertools import accumulate
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import evaluations
from pipeline.engine.database import database, quoted
from pipeline.engine.panels import StoredPanel
from pipeline.engine.settings import Engine
from pipeline.population.panel import panel
from pipeline.vocabulary.errors import DataRefused, NotEstimable, RequestError
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import COHORT, NINO_PERSON
from pipeline.vocabulary.schemas.sources import PAYE_RTI, PRICES_CPIH

FIRST, LAST = month_number(2014, 4), month_number(2022, 12)
T = LAST - FIRST + 1
MAY = month_number(2016, 5)
TO_THE_PENNY = 0.005
"""Pay is stored as float32: exact to the penny below £100,000 a month."""
FLOAT32 = 1e-6
"""Relative rounding of a float32."""


class Payroll:
    """A cohort, payments and prices, and the panel that they make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people: list[dict[str, object]] = []
        self.ninos: list[dict[str, object]] = []
        self.payments: list[dict[str, object]] = []
        self.prices = [{"month": m, "cpih_index": 100.0} for m in range(FIRST, month_number(2023, 12) + 1)]
        self.engine = Engine(
            threads=2, memory_limit="1GB", people_per_shard=1000, panel_memory_gb=0.1, rows_per_batch=1000
        )

    def add(self, person_id: str, **given: object) -> None:
        """Add a woman treated in May 2016 with one National Insurance number, observed in every month."""
        row = dict.fromkeys(COHORT.names) | {
            "person_id": person_id,
            "arm": "treated",
            "treatment_month": MAY,
            "index_month": MAY,
            "first_month": FIRST,
            "last_month": LAST,
            "age_at_index": 40,
            "age_band": "35-44",
            "five_year_band": "40-44",
            "sex": "female",
            "birth_month": month_number(1976, 2),
            "ethnic_group": "White",
            "imd_quintile": 3,
            "region": "London",
        }
        self.people.append(row | given)
        self.ninos.append({"valid_nino": f"nino of {person_id}", "person_id": person_id})

    def pay(self, person_id: str, month: int, pence: int, **given: object) -> None:
        row = dict.fromkeys(PAYE_RTI.names)
        self.payments.append(row | {"valid_nino": f"nino of {person_id}", "month": month, "pay_pence": pence} | given)

    def make(self, protocol: Protocol, name: str = "made", *, paye: str | None = None) -> StoredPanel:
        """The panel, left in ``folder/name``; from the payments, or from what the SQL ``paye`` makes of them."""
        inputs, target = self.folder / f"{name}-inputs", self.folder / name
        inputs.mkdir()
        tables = {
            "cohort": (COHORT, self.people),
            "nino": (NINO_PERSON, self.ninos),
            "paye": (PAYE_RTI, self.payments),
            "cpih": (PRICES_CPIH, self.prices),
        }
        scans = {}
        for table, (schema, rows) in tables.items():
            pq.write_table(pa.Table.from_pylist(rows, schema=schema.arrow), inputs / f"{table}.parquet")
            scans[table] = f"read_parquet({quoted(inputs / f'{table}.parquet')})"
        with database(self.engine, spill=self.folder / "spill") as connection:
            panel(
                connection,
                protocol,
                cohort=scans["cohort"],
                paye=paye.format(scans["paye"]) if paye else scans["paye"],
                nino_person=scans["nino"],
                cpih=scans["cpih"],
                target=target,
                engine=self.engine,
            )
        return StoredPanel(target)

    def rows(self, name: str = "made") -> dict[str, dict[str, object]]:
        """Every person's row, by id."""
        files = sorted((self.folder / name / "panel").glob("shard-*.parquet"))
        return {row["person_id"]: row for file in files for row in pq.read_table(file).to_pylist()}


@pytest.fixture
def payroll(tmp_path: Path) -> Payroll:
    made = Payroll(tmp_path)
    made.add("ann")
    return made


@pytest.fixture
def protocol() -> Protocol:
    """The bariatric evaluation, top-coding so high that a handful of people are left alone."""
    return priced(winsorise_above=1 - 1e-12)


def priced(**changes: object) -> Protocol:
    """The outcomes of pay alone, at other prices."""
    loaded = evaluations.load("bariatric_surgery")
    prices = loaded.evaluation.prices.model_copy(update=changes)
    of_pay = tuple(outcome for outcome in loaded.evaluation.outcomes if outcome.source == "paye_rti")
    return replace(loaded, evaluation=loaded.evaluation.model_copy(update={"prices": prices, "outcomes": of_pay}))


def pay_of(payroll: Payroll, person_id: str, month: int, outcome: str = "pay") -> float | None:
    return payroll.rows()[person_id][outcome][month - FIRST]


def test_a_person_is_one_row_with_a_list_of_months_per_outcome(payroll, protocol):
    payroll.make(protocol)
    row = payroll.rows()["ann"]
    assert {name: len(row[name]) for name in ("pay", "pay_in_work", "employed")} == dict.fromkeys(
        ("pay", "pay_in_work", "employed"), T
    )
    assert (row["treatment_month"], row["index_month"], row["birth_month"]) == (MAY, MAY, month_number(1976, 2))
    assert (row["imd_quintile"], row["rural_urban"]) == ("3", None)
    (file,) = (payroll.folder / "made" / "panel").iterdir()
    assert pq.read_schema(file).field("pay").type == pa.list_(pa.float32(), T)


def test_a_month_without_a_payment_is_no_pay_and_not_employed(payroll, protocol):
    payroll.make(protocol)
    row = payroll.rows()["ann"]
    assert set(row["pay"]) == {0.0}
    assert set(row["employed"]) == {0.0}
    assert set(row["pay_in_work"]) == {None}


def test_payments_of_several_schemes_and_ninos_are_summed(payroll, protocol):
    payroll.ninos.append({"valid_nino": "second nino of ann", "person_id": "ann"})
    payroll.pay("ann", MAY, 100_000, rti_scheme_sk="one", payment_date=date(2016, 5, 6))
    payroll.pay("ann", MAY, 50_050, rti_scheme_sk="two")
    payroll.pay("ann", MAY, 7, valid_nino="second nino of ann")
    payroll.make(protocol)
    assert pay_of(payroll, "ann", MAY) == pytest.approx(1500.57, abs=TO_THE_PENNY)
    assert pay_of(payroll, "ann", MAY, "pay_in_work") == pay_of(payroll, "ann", MAY)
    assert pay_of(payroll, "ann", MAY, "employed") == 1.0


def test_a_correction_reduces_its_month(payroll, protocol):
    payroll.pay("ann", MAY, 100_000)
    payroll.pay("ann", MAY, -40_000)
    payroll.make(protocol)
    assert pay_of(payroll, "ann", MAY) == pytest.approx(600, abs=TO_THE_PENNY)


@pytest.mark.parametrize("correction", [-100_000, -100_001])
def test_a_total_of_zero_or_less_is_no_pay(payroll, protocol, correction):
    payroll.pay("ann", MAY, 100_000)
    payroll.pay("ann", MAY, correction)
    payroll.make(protocol)
    assert pay_of(payroll, "ann", MAY) == 0.0
    assert pay_of(payroll, "ann", MAY, "employed") == 0.0
    assert pay_of(payroll, "ann", MAY, "pay_in_work") is None


def test_a_month_outside_a_person_s_observed_months_is_null(payroll, protocol):
    payroll.add("died", last_month=MAY + 1, first_month=MAY - 1)
    for month in range(MAY - 3, MAY + 4):
        payroll.pay("died", month, 100_000)
    payroll.make(protocol)
    row = payroll.rows()["died"]
    for outcome in ("pay", "pay_in_work", "employed"):
        seen = [FIRST + t for t, value in enumerate(row[outcome]) if value is not None]
        assert seen == [MAY - 1, MAY, MAY + 1]


def test_pay_before_the_first_or_after_the_last_month_is_in_nobody_s_month(payroll, protocol):
    # A month before the first would fall into the last cell of the person before.
    payroll.add("bob")
    for person_id in ("ann", "bob"):
        payroll.pay(person_id, FIRST - 1, 100_000)
        payroll.pay(person_id, LAST + 1, 100_000)
    payroll.make(protocol)
    assert {value for row in payroll.rows().values() for value in row["pay"]} == {0.0}


def test_people_outside_the_cohort_are_not_in_the_panel(payroll, protocol):
    payroll.ninos.append({"valid_nino": "nino of eve", "person_id": "eve"})
    payroll.pay("eve", MAY, 100_000)
    payroll.pay("nobody", MAY, 100_000)
    payroll.make(protocol)
    assert set(payroll.rows()) == {"ann"}
    assert set(payroll.rows()["ann"]["pay"]) == {0.0}


def test_pay_is_at_the_mean_prices_of_the_base_year(payroll, protocol):
    base = [110.0 + month for month in range(12)]
    for price in payroll.prices:
        if price["month"] == MAY:
            price["cpih_index"] = 80.0
        if price["month"] >= month_number(2023, 1):
            price["cpih_index"] = base[price["month"] - month_number(2023, 1)]
    payroll.pay("ann", MAY, 100_000)
    payroll.make(protocol)
    assert pay_of(payroll, "ann", MAY) == pytest.approx(1000 * (sum(base) / 12) / 80, rel=FLOAT32)


def test_pay_is_top_coded_before_prices_over_all_observed_months_zeros_included(payroll):
    payroll.add("rich", first_month=MAY, last_month=MAY + 19)
    payroll.add("late", first_month=LAST, last_month=LAST)
    pence = [0, 0, 0, *(100_000 + 1_000 * step for step in range(17))]
    for step, amount in enumerate(pence):
        payroll.pay("rich", MAY + step, amount)
    payroll.pay("rich", MAY + 40, 99_999_999)
    for price in payroll.prices:
        if price["month"] < month_number(2023, 1):
            price["cpih_index"] = 50.0
    payroll.make(priced(winsorise_above=0.95))
    # Ann is observed in T months and Late in one, all zero; what Rich was paid later is nobody's observed month.
    cap = np.quantile([0] * (T + 1) + pence, 0.95) / 100
    paid = payroll.rows()["rich"]["pay"][MAY - FIRST : MAY - FIRST + 20]
    assert paid == pytest.approx([2 * min(amount / 100, cap) for amount in pence], rel=FLOAT32)
    assert max(pence) / 100 > cap


def test_the_note_counts_top_coded_months_and_does_not_tell_the_top_code(payroll):
    for month in range(FIRST, LAST + 1):
        payroll.pay("ann", month, 123_456 + month - FIRST)
    payroll.make(priced(winsorise_above=0.9))
    note = (payroll.folder / "made" / "panel.json").read_text()
    cap = np.quantile(np.arange(T) + 123_456, 0.9)
    assert f'"person_months_top_coded": {int((np.arange(T) + 123_456 > cap).sum())},' in note
    assert f'"person_months": {T},' in note
    assert "1235" not in note
    assert "1234" not in note


def test_a_panel_is_the_same_in_slices_as_at_once(payroll, protocol):
    populate(payroll, n=60)
    payroll.engine = payroll.engine.model_copy(update={"people_per_shard": 7})
    payroll.make(protocol, "at once")
    # Room for one shard of people at a time: monthly totals wait on disk until the top-code is known.
    payroll.engine = payroll.engine.model_copy(update={"panel_memory_gb": 1e-6})
    payroll.make(protocol, "in slices")
    assert contents(payroll.folder / "at once") == contents(payroll.folder / "in slices")
    assert payroll.rows("at once").keys() == {row["person_id"] for row in payroll.people}


def test_rows_in_another_order_give_the_same_bytes(payroll, protocol):
    populate(payroll, n=40)
    payroll.make(protocol, "first")
    shuffle = random.Random(1)
    for rows in (payroll.people, payroll.ninos, payroll.payments, payroll.prices):
        shuffle.shuffle(rows)
    payroll.make(protocol, "second")
    assert contents(payroll.folder / "first") == contents(payroll.folder / "second")


def test_shards_hold_people_in_order_of_their_ids_each_once(payroll, protocol):
    populate(payroll, n=60)
    payroll.engine = payroll.engine.model_copy(update={"people_per_shard": 10})
    stored = payroll.make(protocol)
    files = sorted((payroll.folder / "made" / "panel").iterdir())
    ids = [pq.read_table(file)["person_id"].to_pylist() for file in files]
    assert 1 < len(files) <= 7
    assert all(found == sorted(found) for found in ids)
    assert sorted(one for found in ids for one in found) == sorted(row["person_id"] for row in payroll.people)
    assert stored.n_people == 61


def populate(payroll: Payroll, *, n: int) -> None:
    """Add people with payments drawn by a fixed seed."""
    drawn = random.Random(7)
    for number in range(n):
        name = f"person {number:03d}"
        payroll.add(name, first_month=FIRST + drawn.randrange(20), sex=drawn.choice(["female", "male"]))
        months = accumulate(drawn.randrange(3) for _ in range(40))
        for month in months:
            payroll.pay(name, FIRST + month, drawn.randrange(-20_000, 400_000))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def test_nothing_but_the_panel_stays_in_the_folder(payroll, protocol):
    payroll.engine = payroll.engine.model_copy(update={"panel_memory_gb": 1e-6})
    payroll.make(protocol)
    assert {path.name for path in (payroll.folder / "made").iterdir()} == {"panel", "panel.json"}


def test_a_base_year_that_is_not_whole_is_refused(payroll, protocol):
    payroll.prices = [price for price in payroll.prices if price["month"] < month_number(2023, 11)]
    match = r"source prices/cpih, column cpih_index: a month of the base year 2023 has no price index \(2 months\)"
    with pytest.raises(DataRefused, match=match):
        payroll.make(protocol)


def test_a_month_of_the_panel_without_prices_is_refused(payroll, protocol):
    payroll.prices = [price for price in payroll.prices if price["month"] not in {MAY, MAY + 1, MAY + 2}]
    with pytest.raises(DataRefused, match=r"a month of the panel has no price index \(3 months\)"):
        payroll.make(protocol)


def test_a_month_with_two_price_indices_is_refused(payroll, protocol):
    payroll.prices.append({"month": MAY, "cpih_index": 99.0})
    with pytest.raises(DataRefused, match=r"a month has more than one price index \(1 months\)"):
        payroll.make(protocol)


def test_an_outcome_that_pay_cannot_give_is_refused(payroll, protocol):
    outcome = Outcome(name="happiness", title="happiness", unit="points")
    asked = replace(protocol, evaluation=protocol.evaluation.model_copy(update={"outcomes": (outcome,)}))
    with pytest.raises(
        RequestError, match=r"'happiness' cannot be made from pay or benefits\. There are: benefit_amount, benefits,"
    ):
        payroll.make(asked)


def test_a_cohort_of_nobody_is_refused(tmp_path, protocol):
    with pytest.raises(NotEstimable, match="source cohort: the cohort has nobody in it"):
        Payroll(tmp_path).make(protocol)


def test_another_design_is_refused(payroll):
    with pytest.raises(RequestError, match="no months or prices to make a panel of pay"):
        payroll.make(evaluations.load("hospitalisation_and_earnings"))


def test_estimators_read_what_was_written(payroll, protocol):
    payroll.add("bob", sex="male", treatment_month=None, region=None, first_month=MAY)
    payroll.pay("bob", MAY, 100_000)
    stored = payroll.make(protocol)
    (shard,) = stored.shards("pay", ["sex", "region"])
    assert (stored.first_month, stored.n_months, stored.n_people) == (FIRST, T, 2)
    assert stored.levels["sex"] == ("female", "male")
    assert stored.levels["rural_urban"] == ()
    assert shard.outcome.dtype == np.float32
    assert shard.outcome.shape == (2, T)
    assert np.isnan(shard.outcome).sum(axis=1).tolist() == [0, MAY - FIRST]
    assert shard.outcome[1, MAY - FIRST] == np.float32(1000)
    np.testing.assert_array_equal(shard.treatment_month, [MAY, np.nan])
    np.testing.assert_array_equal(shard.birth_month, [month_number(1976, 2)] * 2)
    assert shard.levels["sex"].tolist() == [0, 1]
    assert shard.levels["region"].tolist() == [0, -1]
    assert shard.levels["sex"].dtype == np.int32


def test_a_stored_panel_is_walked_through_twice_in_the_same_order(payroll, protocol):
    populate(payroll, n=30)
    payroll.engine = payroll.engine.model_copy(update={"people_per_shard": 10})
    stored = payroll.make(protocol)
    for one, two in zip(stored.shards("employed"), stored.shards("employed"), strict=True):
        np.testing.assert_array_equal(one.outcome, two.outcome)


def test_a_stored_panel_says_what_it_has(payroll, protocol):
    stored = payroll.make(protocol)
    with pytest.raises(RequestError, match=r"no outcome 'benefits'\. It has pay, pay_in_work, employed"):
        stored.shards("benefits")
    with pytest.raises(RequestError, match=r"no characteristic or covariate 'height'\. It has age_band, disability"):
        stored.shards("pay", ["height"])


def test_a_folder_without_a_panel_is_refused(tmp_path):
    with pytest.raises(DataRefused, match=r"file panel\.json: there is no panel here"):
        StoredPanel(tmp_path)


def test_a_truncated_shard_is_refused(payroll, protocol):
    stored = payroll.make(protocol)
    (file,) = (payroll.folder / "made" / "panel").iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataRefused, match=r"file shard-00000\.parquet: a shard of the panel cannot be read"):
        next(stored.shards("pay"))


def test_a_payment_that_cannot_be_read_is_refused_without_its_value(payroll, protocol):
    payroll.pay("ann", MAY, 100_000, rti_scheme_sk="MARKED")
    paye = "(SELECT valid_nino, month, CAST(rti_scheme_sk AS BIGINT) AS pay_pence FROM {})"
    with pytest.raises(DataRefused, match="source paye_rti: the panel stopped on the query engine's") as refusal:
        payroll.make(protocol, paye=paye)
    assert "MARKED" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert list((payroll.folder / "made").iterdir()) == []


def test_a_payment_without_an_amount_is_refused(payroll, protocol):
    payroll.pay("ann", MAY, 100_000)
    paye = "(SELECT valid_nino, month, CAST(NULL AS BIGINT) AS pay_pence FROM {})"
    with pytest.raises(DataRefused, match="the panel stopped on the query engine's ArrowInvalid"):
        payroll.make(protocol, paye=paye)
