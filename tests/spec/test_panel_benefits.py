"""What benefits mean in a panel: which spells count in which months of whom, and for how much."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evaluations
from pipeline.engine.database import database, quoted
from pipeline.engine.settings import Engine
from pipeline.population.panel import panel
from pipeline.population.panel.spells import Spells, claims
from pipeline.vocabulary.errors import RequestError
from pipeline.vocabulary.months import first_day, month_number
from pipeline.vocabulary.outcomes import OUTCOMES
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import COHORT, NINO_PERSON
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import BENEFITS, DWP_BENEFITS, PAYE_RTI, PRICES_CPIH

FIRST, LAST = month_number(2014, 4), month_number(2022, 12)
MAY = month_number(2016, 5)
NAMES = ("benefits", "incapacity_benefits", "disability_benefits", "benefit_amount")
FLOAT32 = 1e-6
"""Relative rounding of a float32."""


class Claimants:
    """A cohort, its benefit spells and prices, and the panel that they make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people: list[dict[str, object]] = []
        self.ninos: list[dict[str, object]] = []
        self.spells: list[dict[str, object]] = []
        self.prices = [{"month": m, "cpih_index": 100.0} for m in range(FIRST, month_number(2023, 12) + 1)]
        self.per_shard = 1000

    def add(self, person_id: str, **given: object) -> None:
        row = dict.fromkeys(COHORT.names) | {
            "person_id": person_id, "arm": "treated", "treatment_month": MAY, "index_month": MAY, "first_month": FIRST,
            "last_month": LAST, "age_at_index": 40, "age_band": "35-44", "five_year_band": "40-44", "sex": "female",
            "birth_month": month_number(1976, 2), "ethnic_group": "White",
        }  # fmt: skip
        self.people.append(row | given)
        self.ninos.append({"valid_nino": f"nino of {person_id}", "person_id": person_id})

    def claim(self, start: date, end: date | None = None, *, of: str = "ann", **given: object) -> None:
        """Add a spell of a personal independence payment at £60 a week."""
        row = {
            "valid_nino": f"nino of {of}", "benefit": "PIP", "start_date": start, "end_date": end,
            "weekly_pence": 60_00, "health_related": True,
        }  # fmt: skip
        self.spells.append(row | given)

    def make(self, protocol: Protocol, name: str = "made", *, with_benefits: bool = True) -> None:
        inputs = self.folder / f"{name}-inputs"
        inputs.mkdir()
        engine = Engine(
            threads=2, memory_limit="1GB", people_per_shard=self.per_shard, panel_memory_gb=0.1, rows_per_batch=1000
        )
        with database(engine, spill=self.folder / "spill") as connection:
            panel(
                connection,
                protocol,
                cohort=_written(inputs / "cohort", COHORT, self.people),
                paye=_written(inputs / "paye", PAYE_RTI, []),
                nino_person=_written(inputs / "nino", NINO_PERSON, self.ninos),
                cpih=_written(inputs / "cpih", PRICES_CPIH, self.prices),
                benefits=_written(inputs / "spells", DWP_BENEFITS, self.spells) if with_benefits else None,
                target=self.folder / name,
                engine=engine,
            )

    def rows(self, name: str = "made") -> dict[str, dict[str, object]]:
        files = sorted((self.folder / name / "panel").glob("shard-*.parquet"))
        return {row["person_id"]: row for file in files for row in pq.read_table(file).to_pylist()}


def _written(file: Path, schema: Schema, rows: list[dict[str, object]]) -> str:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema.arrow), file)
    return f"read_parquet({quoted(file)})"


@pytest.fixture
def claimants(tmp_path: Path) -> Claimants:
    made = Claimants(tmp_path)
    made.add("ann")
    return made


@pytest.fixture
def protocol() -> Protocol:
    """The bariatric evaluation with benefits for outcomes."""
    loaded = evaluations.load("bariatric_surgery")
    changed = {"outcomes": tuple(OUTCOMES[name] for name in NAMES)}
    return replace(loaded, evaluation=loaded.evaluation.model_copy(update=changed))


def months_on(claimants: Claimants, outcome: str = "benefits", person: str = "ann") -> list[int]:
    """The months in which an outcome is above nought, from May 2016."""
    values = claimants.rows()[person][outcome]
    return [FIRST + t - MAY for t, value in enumerate(values) if value]


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2016, 5, 15), date(2016, 5, 15), [0]),
        (date(2016, 5, 16), date(2016, 6, 14), []),
        (date(2016, 5, 1), date(2016, 5, 14), []),
        (date(2016, 5, 14), date(2016, 7, 15), [0, 1, 2]),
        (date(2016, 5, 16), date(2016, 7, 14), [1]),
        (date(2016, 12, 15), date(2017, 1, 15), [7, 8]),
    ],
)
def test_a_month_counts_when_a_spell_covers_its_15th_day(claimants, protocol, start, end, months):
    claimants.claim(start, end)
    claimants.make(protocol)
    assert months_on(claimants) == months


def test_a_spell_without_an_end_goes_on_and_one_from_long_ago_counts_from_the_first_month(claimants, protocol):
    claimants.add("bob")
    claimants.claim(date(2022, 10, 3))
    claimants.claim(date(1995, 1, 1), date(2014, 6, 20), of="bob")
    claimants.claim(date(1995, 1, 1), date(2014, 4, 14), of="bob", benefit="DLA")
    claimants.claim(date(2023, 1, 1), of="bob", benefit="ESA")
    claimants.make(protocol)
    assert [MAY + month for month in months_on(claimants)] == [LAST - 2, LAST - 1, LAST]
    assert [MAY + month for month in months_on(claimants, person="bob")] == [FIRST, FIRST + 1, FIRST + 2]
    assert months_on(claimants, "incapacity_benefits", "bob") == []


@pytest.mark.parametrize(
    ("benefit", "kinds"),
    [(b, {"benefits", "incapacity_benefits"}) for b in ("UC_LCW", "UC_LCWRA", "ESA", "IB")]
    + [(b, {"benefits", "disability_benefits"}) for b in ("PIP", "DLA")]
    + [(b, set()) for b in ("UC", "JSA", "IS")],
)
def test_each_benefit_is_of_its_kind(claimants, protocol, benefit, kinds):
    claimants.claim(date(2016, 5, 1), date(2016, 5, 31), benefit=benefit, health_related=bool(kinds))
    claimants.make(protocol)
    found = {name for name in NAMES[:3] if months_on(claimants, name) == [0]}
    assert found == kinds
    assert bool(months_on(claimants, "benefit_amount")) == bool(kinds)


def test_a_benefit_that_the_owner_flags_is_health_related_whatever_it_is_called(claimants, protocol):
    claimants.claim(date(2016, 5, 1), date(2016, 5, 31), benefit="IS")
    claimants.make(protocol)
    assert months_on(claimants) == [0]
    assert months_on(claimants, "incapacity_benefits") == months_on(claimants, "disability_benefits") == []


def test_a_months_amount_is_fifty_two_weeks_over_twelve_months_at_the_prices_of_the_base_year(claimants, protocol):
    for price in claimants.prices:
        if price["month"] == MAY:
            price["cpih_index"] = 80.0
    claimants.claim(date(2016, 5, 1), date(2016, 6, 30), weekly_pence=97_50)
    claimants.make(protocol)
    amounts = claimants.rows()["ann"]["benefit_amount"]
    assert amounts[MAY - FIRST : MAY - FIRST + 3] == pytest.approx(
        [97.5 * 52 / 12 * 100 / 80, 97.5 * 52 / 12, 0], rel=FLOAT32
    )


def test_overlapping_spells_of_a_benefit_count_once_and_two_benefits_add(claimants, protocol):
    claimants.ninos.append({"valid_nino": "second nino of ann", "person_id": "ann"})
    claimants.claim(date(2016, 5, 1), date(2016, 7, 31))
    claimants.claim(date(2016, 5, 1), date(2016, 6, 30), valid_nino="second nino of ann", weekly_pence=80_00)
    claimants.claim(date(2016, 7, 1), date(2016, 7, 31), benefit="ESA", weekly_pence=100_00)
    claimants.make(protocol)
    row = claimants.rows()["ann"]
    held = slice(MAY - FIRST, MAY - FIRST + 3)
    assert row["benefits"][held] == row["disability_benefits"][held] == [1.0, 1.0, 1.0]
    weekly = [amount * 12 / 52 for amount in row["benefit_amount"][held]]
    assert weekly == pytest.approx([70, 70, 160], rel=FLOAT32)


def test_an_amount_that_is_not_known_adds_nothing_and_the_benefit_counts(claimants, protocol):
    claimants.claim(date(2016, 5, 1), date(2016, 5, 31), weekly_pence=None)
    claimants.claim(date(2016, 5, 2), date(2016, 5, 31))
    claimants.claim(date(2016, 6, 1), date(2016, 6, 30), weekly_pence=None)
    claimants.make(protocol)
    amounts = claimants.rows()["ann"]["benefit_amount"][MAY - FIRST : MAY - FIRST + 2]
    assert months_on(claimants) == [0, 1]
    assert amounts == pytest.approx([60 * 52 / 12, 0], rel=FLOAT32)


def test_nobody_receives_anything_after_their_death_or_outside_their_months(claimants, protocol):
    claimants.add("died", first_month=MAY - 1, last_month=MAY + 1)
    claimants.claim(date(2015, 1, 1), of="died")
    claimants.make(protocol)
    for name in NAMES:
        seen = [FIRST + t for t, value in enumerate(claimants.rows()["died"][name]) if value is not None]
        assert seen == [MAY - 1, MAY, MAY + 1]


def test_spells_of_people_outside_the_cohort_are_nobodys(claimants, protocol):
    claimants.claim(date(2016, 5, 1), of="eve")
    claimants.ninos.append({"valid_nino": "nino of eve", "person_id": "eve"})
    claimants.make(protocol)
    assert months_on(claimants) == []


def test_spells_in_another_order_and_shards_of_another_size_give_the_same_panel(claimants, protocol):
    drawn = random.Random(5)
    for number in range(40):
        claimants.add(f"person {number:02d}")
        for _ in range(drawn.randrange(6)):
            start = date(2013, 1, 1) + timedelta(days=drawn.randrange(4000))
            end = drawn.choice([None, start + timedelta(days=drawn.randrange(500))])
            given = {"benefit": drawn.choice(BENEFITS), "weekly_pence": drawn.randrange(20_000)}
            claimants.claim(start, end, of=f"person {number:02d}", **given)
    claimants.make(protocol, "first")
    drawn.shuffle(claimants.spells)
    claimants.per_shard = 7
    claimants.make(protocol, "second")
    assert claimants.rows("first") == claimants.rows("second")


def test_an_outcome_from_benefits_without_spells_is_refused(claimants, protocol):
    with pytest.raises(RequestError, match=r"an outcome is made from benefit spells\. Deliver dwp_benefits"):
        claimants.make(protocol, with_benefits=False)


days = st.integers(0, 400)


@given(spans=st.lists(st.tuples(st.integers(0, 1), days, days, st.sampled_from([1, 5, 0, 8])), max_size=12))
def test_the_matrix_is_what_going_through_the_days_would_give(spans):
    """Each month's 15th asked of each spell, one by one."""
    n_months, start = 14, date(2015, 12, 20)
    first = month_number(2016, 1)
    spells = [(who, start + timedelta(a), start + timedelta(a + b), kind) for who, a, b, kind in spans]
    clipped = []
    for who, begins, ends, kind in spells:
        month = [m for m in range(n_months) if begins <= first_day(first + m).replace(day=15) <= ends]
        clipped += [(who, month[0], month[-1], kind)] if month else []
    person, low, high, kind = (np.array([row[n] for row in clipped], dtype=np.int64) for n in range(4))
    pence = 1000.0 * (kind + 1)
    made = claims(
        Spells(person=person, first=low, last=high, benefit=kind, health_related=kind == 1, weekly_pence=pence),
        n_people=2,
        n_months=n_months,
    )
    for who in (0, 1):
        for m in range(n_months):
            fifteenth = first_day(first + m).replace(day=15)
            on = {k for w, begins, ends, k in spells if w == who and begins <= fifteenth <= ends}
            assert made.incapacity[who, m] == (1 in on)
            assert made.disability[who, m] == (5 in on)
            assert made.health_related[who, m] == bool(on & {1, 5})
            assert made.weekly_pence[who, m] == sum(1000 * (k + 1) for k in on & {1, 5})
