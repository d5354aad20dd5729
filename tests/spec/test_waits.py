"""Published waits beside the estimates: what England and its areas are, what passes the door, what a reader sees."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from evaluations import load as load_evaluation
from pipeline.engine.settings import DisclosureProfile
from pipeline.population.area_waits import waits_in_england
from pipeline.release.disclosure import disclose
from pipeline.release.disclosure.inputs import RULED, refuse_unruled
from pipeline.release.publication import Facts
from pipeline.release.publication.files import write_pages, write_tables
from pipeline.release.publication.pages.waits import england_table, waits
from pipeline.vocabulary.context import PublishedWaits
from pipeline.vocabulary.errors import DisclosureError
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.schemas.people import ATTRITION, LINKAGE_QUALITY
from pipeline.vocabulary.schemas.results import BALANCE, DIAGNOSTICS, ESTIMATES, PUBLISHED_BALANCE
from pipeline.vocabulary.schemas.rtt import AREA_WAITS, ENGLAND, PUBLISHED_WAITS, RTT
from pipeline.vocabulary.schemas.schema import Schema

RULES = DisclosureProfile(threshold=10, suppress_zero=False, round_to=5, minimum_residual_df=10)
FACTS = Facts(
    delivery="2026-11", delivery_digest="", commit="", lock_digest="", settings_digest="", seed=1, versions={},
    profile="demo", organisation="Causeway", contact="The team", revisions_policy="Never.", next_release="None",
)  # fmt: skip
NOW, BEFORE = "2022-12", "2021-12"


def delivered(tmp_path, *rows):
    """The accepted rows of ``rtt``: each a month, a board, a commissioner and a count in the 11th of 53 weeks."""
    folder = tmp_path / "accepted"
    folder.mkdir()
    fields = {field.name: field.type for field in RTT.arrow}
    table = [
        {
            "month": parse_month(month), "commissioner_parent": board, "commissioner_parent_name": name,
            "commissioner": commissioner, "provider": f"R{place}", "part": part, "specialty": "C_502",
            "specialty_name": "Gynaecology", "weeks": [None] * 10 + [people] + [None] * 42, "total_all": people,
        }
        for place, (month, board, name, commissioner, part, people) in enumerate(rows)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(table, schema=pa.schema(list(fields.items()))), folder / "part.parquet")
    return folder


def area(month=NOW, code=ENGLAND, *, specialty="C_502", people=1003, median=11.4, share=0.7, **changed):
    return {
        "month": parse_month(month), "area": code, "area_name": "England" if code == ENGLAND else f"Board {code}",
        "specialty": specialty, "specialty_name": f"Service {specialty}", "n_waits": people, "n_within_18_weeks": 7,
        "n_in_open_band": 3, "median_weeks": median, "percentile_92_weeks": None, "within_18_weeks": share,
    } | changed  # fmt: skip


def area_rows(*rows):
    return pa.Table.from_pylist(list(rows), schema=pa.schema([(c.name, c.type) for c in AREA_WAITS.columns]))


def effect(name, declared):
    """One effect, so that there is a release to stand beside."""
    return {
        "evaluation": name, "design": declared.evaluation.design.kind, "estimator": "ons_fixed_effects",
        "role": "headline", "outcome": "pay", "unit": "pounds a month", "price_base": "2023", "subgroup": "all",
        "subgroup_value": "", "period": "months 43 to 48", "months_from": 43, "months_to": 48, "estimate": 84.1,
        "std_error": 1.0, "ci_lower": 82.0, "ci_upper": 86.0, "band_lower": 81.0, "band_upper": 87.0,
        "n_treated": 1000, "n_comparison": 2000, "obs_status": "", "evidence": "not assessed", "residual_df": 5000,
        "covariance": [1.0],
    }  # fmt: skip


def released(given, name="endometriosis_surgery"):
    declared = load_evaluation(name)
    empty = {schema.name: schema.arrow.empty_table() for schema in (LINKAGE_QUALITY, BALANCE, DIAGNOSTICS)}
    flow = [
        {"arm": arm, "step": 0, "reason": "everybody", "excluded": 0, "remaining": 1000}
        for arm in ("treated", "comparison")
    ]
    return disclose(
        evaluation=name,
        protocol={
            "evaluation": declared.evaluation.model_dump(mode="json"), "digest": declared.digest, "codelists": {},
        },
        profile_name="ons_10_5",
        profile=RULES,
        estimates=pa.Table.from_pylist([effect(name, declared)], schema=ESTIMATES.arrow),
        attrition=pa.Table.from_pylist(flow, schema=ATTRITION.arrow),
        waits=given,
        **empty,
    )  # fmt: skip


def test_england_is_everybody_and_a_board_is_its_commissioners(tmp_path):
    folder = delivered(
        tmp_path,
        (NOW, "QOX", "BATH", "92G", "Part_2", 40),
        (NOW, "QOX", "BATH", "92H", "Part_2", 20),
        (NOW, None, None, "13Q", "Part_2", 5),
        (NOW, "QOX", "BATH", "NONC", "Part_2", 99),
        (NOW, "QOX", "BATH", "92G", "Part_2A", 30),
        (BEFORE, "QMJ", None, "93C", "Part_2", 7),
    )
    found = [
        (row["month"], row["area"], row["area_name"], row["n_waits"]) for row in waits_in_england(folder).to_pylist()
    ]
    now, before = parse_month(NOW), parse_month(BEFORE)
    assert found == [
        (before, ENGLAND, "England", 7), (before, "QMJ", "QMJ", 7),
        (now, ENGLAND, "England", 65), (now, "QOX", "BATH", 60),
    ]  # fmt: skip


def test_only_the_specialties_that_the_protocol_declares_leave_and_as_they_were_published():
    given = area_rows(area(people=3), area(specialty="C_100"))
    made = released(given).waits.to_pylist()
    assert [(row["specialty"], row["month"], row["n_waits"]) for row in made] == [("C_502", NOW, 3)]
    assert released(given, "talking_therapies").waits.num_rows == 0


def test_the_log_says_that_they_were_published_already():
    log = released(area_rows(area())).log.to_pylist()
    assert [row["affected"] for row in log if row["table"] == "waits"] == [0]
    assert [row["table"] for row in released(None).log.to_pylist() if row["table"] == "waits"] == []


@pytest.mark.parametrize(
    ("changed", "match"),
    [({"n_waits": -1}, "count is below zero"), ({"median_weeks": float("inf")}, "not a finite number")],
)
def test_waits_that_are_no_counts_or_numbers_are_refused(changed, match):
    with pytest.raises(DisclosureError, match=match):
        released(area_rows(area(**changed)))


def test_a_table_of_peoples_records_cannot_be_declared_published():
    columns = tuple(
        replace(column, role="published" if column.role == "count" else column.role)
        for column in PUBLISHED_BALANCE.columns
    )
    with pytest.raises(DisclosureError, match="no disclosure rule"):
        refuse_unruled("balance", Schema(name="balance", grain="", columns=columns), ruled=RULED["balance"])


def test_counts_of_records_cannot_stand_among_published_waits():
    columns = tuple(
        replace(column, role="count") if column.name == "n_waits" else column for column in PUBLISHED_WAITS.columns
    )
    with pytest.raises(DisclosureError, match="column n_waits"):
        refuse_unruled("waits", Schema(name="waits", grain="", columns=columns), ruled=RULED["waits"])


def test_a_specialty_that_cannot_be_one_is_a_fault_of_the_declaration():
    with pytest.raises(ValidationError, match="pattern"):
        PublishedWaits(specialties=("gynaecology",))


def test_the_latest_month_is_held_against_the_same_a_year_before():
    rows = released(area_rows(area(), area(BEFORE, median=9.0, share=0.8), area("2019-01", median=5.0))).waits
    (row,) = england_table(rows).rows
    assert row == ("Service C_502", "1,003", "11.4", "+2.4", "[x]", "70.0", "−10.0")  # noqa: RUF001 - a true minus
    assert "Change since December 2021, weeks" in england_table(rows).headings


def test_without_that_month_it_is_held_against_the_first_delivered():
    rows = released(area_rows(area(), area("2022-11", median=9.0), area("2019-01", median=5.0))).waits
    assert "Change since January 2019, weeks" in england_table(rows).headings


def test_england_stands_before_its_areas_and_an_area_without_an_earlier_month_has_no_change():
    (one,) = waits(released(area_rows(area(), area(code="QAA"), area(BEFORE))).waits)
    assert [(row[0], row[3]) for row in one.areas.rows] == [("England", "0.0"), ("Board QAA", "[x]")]
    assert one.sentence == (
        "At the end of December 2022 1,003 people in England were waiting, half of them for 11.4 weeks or less. "
        "70.0 per cent had waited 18 weeks or less; the standard is 92 per cent. In December 2021 70.0 per cent had."
    )


def test_one_month_is_a_table_without_a_chart():
    (one,) = waits(released(area_rows(area())).waits)
    assert (one.chart, len(one.areas.rows)) == ((), 1)


def written(tmp_path, releases):
    tmp_path.mkdir(exist_ok=True)
    changed = write_tables(tmp_path, releases, facts=FACTS, title="Causeway", previous=None)
    write_pages(tmp_path, releases, facts=FACTS, changed=changed)
    return tmp_path


def test_two_evaluations_waits_are_in_the_release_once_with_their_owner(tmp_path):
    given = area_rows(area(), area(specialty="C_100"))
    folder = written(tmp_path / "r", [released(given), released(given, "bariatric_surgery")])
    rows = list(csv.DictReader(io.StringIO((folder / "waits.csv").read_text())))
    assert [row["specialty"] for row in rows] == ["C_100", "C_502"]
    described = json.loads((folder / "waits.csv-metadata.json").read_text())
    assert described["dc:license"] == "Open Government Licence v3.0"
    assert described["dc:source"].startswith("NHS England")
    for page in ("index.html", "endometriosis_surgery/index.html"):
        text = (folder / page).read_text()
        assert all(words in text for words in ("How long people wait", "Open Government Licence", "waits.csv"))


def test_a_delivery_without_published_waits_shows_nothing_of_them(tmp_path):
    folder = written(tmp_path / "r", [released(None)])
    assert not list(folder.glob("waits*"))
    for page in folder.rglob("index.html"):
        assert "waits.csv" not in page.read_text()
        assert "How long people wait" not in page.read_text()
