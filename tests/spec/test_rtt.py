"""Published waiting times: what ingestion makes of the file, what validation asks of it, and waits by area."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.database import database
from pipeline.engine.settings import Engine, read_settings
from pipeline.population.area_waits import area_waits, quantile
from pipeline.records.ingestion import ingest, read_delivery
from pipeline.records.ingestion.columns import owners_names
from pipeline.records.validation import accept, validate
from pipeline.synthetic.waits import PUBLISHED, published_waits
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.rtt import RTT

ENGINE = Engine(threads=1, memory_limit="500MB", people_per_shard=1, panel_memory_gb=1, rows_per_batch=1000)
COLUMNS = read_settings().columns["rtt"]
NEW, OLD = (owners_names(version) for version in COLUMNS["weeks"].split(" | "))
MAY_2021 = month_number(2021, 5)
ROUNDING = 1e-9
"""Two sums of a few counts differ by rounding only."""
DRAWN = 2.0
"""Weeks: four standard errors of the median of 1,000 exponential waits with a mean of 16 weeks."""

Weeks = dict[int, int]


def published(weeks: Weeks, *, bands: tuple[str, ...] = NEW, **changed: str) -> dict[str, str]:
    """A row of the published file: blank but for what is given; ``weeks`` counts people by week waited."""
    row = {
        "Period": "RTT-May-2021",
        "Provider Parent Org Code": "QOX",
        "Provider Parent Name": "BATH, SWINDON AND WILTSHIRE",
        "Provider Org Code": "RD1",
        "Provider Org Name": "ROYAL UNITED HOSPITALS BATH, NHS FOUNDATION TRUST",
        "Commissioner Parent Org Code": "QOX",
        "Commissioner Parent Name": "BATH, SWINDON AND WILTSHIRE",
        "Commissioner Org Code": "92G",
        "Commissioner Org Name": "BATH",
        "RTT Part Type": "Part_2",
        "RTT Part Description": "Incomplete Pathways",
        "Treatment Function Code": "C_110",
        "Treatment Function Name": "Trauma and Orthopaedic Service",
        **dict.fromkeys(bands, ""),
        "Total": "",
        "Patients with unknown clock start date": "",
        "Total All": str(sum(weeks.values())),
    }
    return row | {bands[week]: str(people) for week, people in weeks.items()} | changed


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., tuple[dict[str, int], pa.Table]]:
    """Ingest, validate and accept a file of rows; which rules fail for how many rows, and what is accepted."""

    def made(*rows: dict[str, str]) -> tuple[dict[str, int], pa.Table]:
        place = tmp_path / "delivery" / "rtt"
        place.mkdir(parents=True)
        note = {"delivery": "d", "cut_off": "2026-10-31", "sources": {}}
        (tmp_path / "delivery" / "delivery.json").write_text(json.dumps(note), encoding="utf-8")
        with (place / "rtt.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        delivery = read_delivery(tmp_path / "delivery", required=["rtt"])
        typed, rejected, held = (tmp_path / name for name in ("made/typed", "made/rejected", "held"))
        with database(ENGINE, spill=tmp_path / "spill") as connection:
            ingest(connection, delivery, RTT, columns=COLUMNS, clear_identifiers=0.2, target=tmp_path / "made")
            validation = validate(
                connection,
                schema=RTT,
                typed=typed,
                rejected=rejected,
                ingestion=json.loads((tmp_path / "made" / "ingestion.json").read_text()),
                rows_per_batch=1000,
                tolerance=0.9,
                cut_off=delivery.cut_off,
                target=held,
            )
            accept(
                connection, schema=RTT, typed=typed, quarantine=held / "quarantine", validation=validation, target=held
            )
        failing = {rule.name: rule.failing for rule in validation.rules if rule.failing}
        return failing, pq.read_table(held / "accepted")

    return made


def test_the_published_file_has_121_columns_and_105_bands():
    assert len(published({})) == 121
    assert (len(NEW), NEW[0], NEW[103], NEW[104]) == (
        105, "Gt 00 To 01 Weeks SUM 1", "Gt 103 To 104 Weeks SUM 1", "Gt 104 Weeks SUM 1",
    )  # fmt: skip
    assert (len(OLD), OLD[51], OLD[52]) == (53, "Gt 51 To 52 Weeks SUM 1", "Gt 52 Weeks SUM 1")


@pytest.mark.parametrize(
    ("named", "names"),
    [
        ("A_01..A_03", ("A_01", "A_02", "A_03")),
        ("X_4_09..X_4_10", ("X_4_09", "X_4_10")),
        ("Gt 08 To 09..Gt 10 To 11 + Gt 11", ("Gt 08 To 09", "Gt 09 To 10", "Gt 10 To 11", "Gt 11")),
        ("A_01..B_03", ("A_01..B_03",)),
        ("Gt 00 To 01..Gt 03 To 05", ("Gt 00 To 01..Gt 03 To 05",)),
        ("plain", ("plain",)),
    ],
)
def test_a_series_of_columns_is_named_by_its_first_and_its_last(named: str, names: tuple[str, ...]):
    assert owners_names(named) == names


def test_a_row_is_typed_and_what_is_blank_is_missing(read):
    failing, table = read(published({0: 3, 17: 0, 104: 2}))
    (row,) = table.to_pylist()
    assert failing == {}
    assert (row["month"], row["provider"], row["specialty"]) == (MAY_2021, "RD1", "C_110")
    assert row["weeks"] == [3, *[None] * 16, 0, *[None] * 86, 2]
    assert (row["total"], row["unknown_start"], row["total_all"]) == (None, None, 5)


@pytest.mark.parametrize("written", ["RTT-May-2021", "RTT-MAY-2021", "rtt-may-2021"])
def test_a_period_is_read_in_either_case(written: str, read):
    _, table = read(published({0: 1}, Period=written))
    assert table["month"].to_pylist() == [MAY_2021]


@pytest.mark.parametrize("written", ["May 2021", "RTT-Mai-2021", "RTT-May-21st"])
def test_a_period_that_is_none_rejects_its_row(written: str, read):
    _, table = read(
        published({0: 1}, Period=written), published({0: 1}), published({0: 1}, **{"Provider Org Code": "B"})
    )
    assert table["month"].to_pylist() == [MAY_2021, MAY_2021]


def test_a_file_from_before_april_2021_has_an_open_band_from_52_weeks_on(read):
    _, table = read(published({0: 3, 52: 2}, bands=OLD, Period="RTT-March-2021"))
    (weeks,) = table["weeks"].to_pylist()
    assert (len(weeks), weeks[0], weeks[52]) == (53, 3, 2)


def test_the_total_of_all_specialties_is_left_out(read):
    failing, table = read(published({0: 3}), published({0: 3}, **{"Treatment Function Code": "C_999"}))
    assert failing == {}
    assert table["specialty"].to_pylist() == ["C_110"]


def test_a_row_whose_weeks_do_not_add_up_is_set_aside(read):
    failing, table = read(
        published({0: 3}),
        published({0: 3}, **{"Provider Org Code": "RXX", "Total All": "4"}),
        published({0: 3}, **{"RTT Part Type": "Part_1A", "Total": "3", "Total All": "3"}),
    )
    assert failing == {"sum:weeks,unknown_start,total_all,part": 1}
    assert set(table["provider"].to_pylist()) == {"RD1"}


def test_people_whose_start_is_not_known_are_in_the_total_and_in_no_week(read):
    unknown = {"Total": "3", "Patients with unknown clock start date": "2", "Total All": "5"}
    failing, table = read(published({0: 3}, **{"RTT Part Type": "Part_1B"} | unknown))
    assert (failing, table.num_rows) == ({}, 1)


def test_waits_that_began_have_no_weeks(read):
    failing, table = read(published({}, **{"RTT Part Type": "Part_3", "Total All": "70"}))
    assert (failing, table.num_rows) == ({}, 1)


def test_more_people_with_a_decision_to_admit_than_people_waiting_is_a_warning(read):
    failing, table = read(published({0: 3}), published({0: 4}, **{"RTT Part Type": "Part_2A"}))
    assert failing == {"subset:part,total_all": 1}
    assert table.num_rows == 2


def test_part_2a_is_not_added_to_part_2(read):
    _, table = read(published({0: 10}), published({0: 4}, **{"RTT Part Type": "Part_2A"}))
    for part, people in (("Part_2", 10), ("Part_2A", 4)):
        assert area_waits(table, by="provider", part=part)["n_waits"].to_pylist() == [people]


def test_waits_are_summed_over_an_areas_providers_and_commissioners_outside_england_are_left_out(read):
    _, table = read(
        published({9: 50, 19: 40}),
        published({30: 10}, **{"Provider Org Code": "RXX"}),
        published({80: 99}, **{"Commissioner Org Code": "NONC"}),
    )
    (row,) = area_waits(table, by="provider_parent").to_pylist()
    assert (row["area"], row["specialty"], row["month"]) == ("QOX", "C_110", MAY_2021)
    assert (row["n_waits"], row["n_within_18_weeks"], row["n_in_open_band"]) == (100, 50, 0)
    assert row["within_18_weeks"] == 0.5
    assert row["median_weeks"] == pytest.approx(10, abs=ROUNDING)
    assert row["percentile_92_weeks"] == pytest.approx(30 + 2 / 10, abs=ROUNDING)
    assert area_waits(table, by="provider")["area"].to_pylist() == ["RD1", "RXX"]


def test_a_quantile_in_the_open_band_is_not_known(read):
    _, table = read(published({0: 90, 104: 10}))
    (row,) = area_waits(table, by="provider").to_pylist()
    assert row["median_weeks"] == pytest.approx(50 / 90, abs=ROUNDING)
    assert row["percentile_92_weeks"] is None
    assert row["n_in_open_band"] == 10


def test_an_area_of_which_every_band_is_blank_has_no_row(read):
    _, table = read(published({}), published({1: 1}, **{"Provider Org Code": "RXX"}))
    assert area_waits(table, by="provider")["area"].to_pylist() == ["RXX"]


@pytest.mark.parametrize("month", PUBLISHED)
def test_a_synthetic_file_is_accepted_whole_and_its_median_is_that_of_the_waits_it_was_drawn_from(month: int, read):
    file = published_waits(month, seed=1)
    failing, table = read(*({name: "" if v is None else str(v) for name, v in row.items()} for row in file.to_pylist()))
    assert failing == {}
    assert table.num_rows == file.num_rows * 3 // 4, "three specialties and their total"
    waits = area_waits(table, by="provider").to_pandas()
    assert len(waits) == 15
    shortest, longest = 14 * 0.8 * np.log(2), 19 * 1.25 * np.log(2)
    assert waits["median_weeks"].between(shortest - DRAWN, longest + DRAWN).all()
    assert (waits["percentile_92_weeks"].dropna() > 2 * shortest).all()


@given(st.lists(st.integers(0, 50), min_size=2, max_size=105).filter(lambda counts: sum(counts[:-1])))
def test_the_share_below_a_quantile_is_the_share_that_was_asked_for(counts: list[int]):
    closed = np.array([*counts[:-1], 0], float)
    for share in (0.5, 0.92):
        found = quantile(closed, share)
        below = np.interp(found, range(len(closed) + 1), [0, *closed.cumsum()])
        assert below == pytest.approx(share * closed.sum(), rel=ROUNDING)
