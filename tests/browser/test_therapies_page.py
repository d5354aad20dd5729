"""What a page says of a dip before the index, of horizons and of splits after treatment, read from its HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.words import MINUS, span
from read_pages import part_of, words_of

NAIVE = "ons_fixed_effects:reference_12_months_before_index"


@pytest.fixture(scope="module")
def therapies_page(site: Path) -> str:
    return (site / "talking_therapies" / "index.html").read_text(encoding="utf-8")


def _span(first: int, last: int) -> str:
    return span(first, last, unit="month")


def test_a_page_shows_the_declared_and_the_naive_reference_side_by_side(therapies: Release, therapies_page: str):
    section = part_of(therapies_page, "dip")
    (table,) = re.findall(r"<table.*?</table>", section, re.DOTALL)
    words = words_of(section)
    assert f"Declared reference, {_span(-23, -12)}" in words
    assert f"Naive reference, {_span(-11, 0)}" in words
    rows = {
        (row["estimator"], row["months_from"]): row
        for row in therapies.estimates.to_pylist()
        if row["subgroup"] == "all" and row["months_to"] == 84
    }
    declared, naive = (rows[name, 79] for name in ("ons_fixed_effects", NAIVE))
    apart = (naive["estimate"] - declared["estimate"]) / declared["std_error"]
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", table.rsplit("<tr>", 1)[1])
    assert cells[0] == "months 79 to 84"
    assert cells[1].startswith(f"{declared['estimate']:.2f} (")
    assert cells[2].startswith(f"{naive['estimate']:.2f} (")
    assert cells[3] == f"{apart:.2f}".replace("-", MINUS)
    assert f"{abs(apart):.2f} standard errors of the first" in words


def test_each_reference_is_nought_in_its_own_months(therapies_page: str):
    (table,) = re.findall(r"<table.*?</table>", part_of(therapies_page, "dip"), re.DOTALL)
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[2:]]
    nought = {row[0]: (row[1] == "0 (reference)", row[2] == "0 (reference)") for row in rows}
    assert nought[_span(-23, -18)] == nought[_span(-17, -12)] == (True, False)
    assert nought[_span(-11, -6)] == nought[_span(-5, 0)] == (False, True)
    assert sum(map(any, nought.values())) == 4


def test_the_chart_of_the_dip_names_both_references(therapies_page: str):
    charts = re.findall(r"<svg .*?</svg>", part_of(therapies_page, "dip"), re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        assert "Declared reference (headline)" in chart
        assert "Reference of the 12 months before the index" in chart


def test_the_support_says_which_years_identify_each_horizon(therapies_page: str):
    section = part_of(therapies_page, "support")
    words = words_of(section)
    assert "The change from the reference to months 79 to 84 is seen for people treated in 2016 to 2017 only." in words
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in section.split("<tr>")]
    assert ["months 67 to 72", "2016 to 2018", "870", "750"] in rows
    assert ["months 79 to 84", "2016 to 2017", "670", "550"] in rows
    assert ["months 79 to 84", "0", "150", "400", "0"] in rows


def test_what_is_split_after_treatment_is_called_descriptive_where_its_numbers_stand(therapies_page: str):
    section = part_of(therapies_page, "subgroups")
    words = words_of(section)
    assert "Descriptive only: contact with an employment adviser and result after treatment" in words
    assert "they are not effects of what splits them" in words
    (table,) = re.findall(r"<table.*?</table>", section, re.DOTALL)
    labels = re.findall(r'<th scope="row">(.*?)</th>', table)
    assert len([label for label in labels if "(descriptive): " in label]) == 6
