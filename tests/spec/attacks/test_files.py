"""Attacks on files: originals that a format keeps where no page shows them, and text that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doors import FACTS
from pipeline.release.publication import publish

EXACT_PEOPLE, SHOWN_PEOPLE = 97531, 97530
EXACT_PAY, SHOWN_PAY = 84.12345678, 84.12
FEW = 7
FORMULA = '=HYPERLINK("https://example.org","income")'
TRACES = (b"97531", b"97,531", b"84.123", b"84,123")
"""The exact count and the exact figure, as files write numbers."""


@pytest.fixture(scope="module")
def exact(door):
    """Estimates with one count and one figure that must not leave, and a level of seven people."""
    figures = {"estimate": EXACT_PAY, "std_error": EXACT_PAY, "ci_lower": EXACT_PAY, "ci_upper": EXACT_PAY}
    few = {"role": "subgroup", "subgroup": "sex", "subgroup_value": "male", "n_treated": FEW}
    many = few | {"subgroup_value": "female", "n_treated": EXACT_PEOPLE - FEW}
    return door.estimates({"n_treated": EXACT_PEOPLE} | figures, few | figures, many | figures)


@pytest.fixture(scope="module")
def published(door, exact, tmp_path_factory):
    """A publication of these estimates, and of a flow diagram with a reason that is a formula."""
    flow = door.flow((0, EXACT_PEOPLE), (FEW, EXACT_PEOPLE - FEW))
    flow = flow.set_column(flow.column_names.index("reason"), "reason", pa.array(["everybody", FORMULA]))
    released = door.opens_for(estimates=exact, attrition=flow)
    return publish([released], out=tmp_path_factory.mktemp("releases"), facts=FACTS)


def contents(folder):
    """Every byte of every file by name, the parts of spreadsheets unpacked."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        yield path.relative_to(folder).as_posix(), path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as parts:
                yield from ((f"{path.name}/{name}", parts.read(name)) for name in parts.namelist())


def test_parquet_statistics_keep_what_a_column_no_longer_shows(exact, published, tmp_path):
    hidden = exact.append_column("kept", exact["n_treated"])
    pq.write_table(hidden, tmp_path / "careless.parquet")
    column = pq.read_metadata(tmp_path / "careless.parquet").row_group(0).column(hidden.column_names.index("kept"))
    assert column.statistics.max == EXACT_PEOPLE
    written = pq.read_metadata(published / "estimates.parquet")
    groups = [written.row_group(n).column(c) for n in range(written.num_row_groups) for c in range(written.num_columns)]
    ends = {end for column in groups if column.statistics for end in (column.statistics.min, column.statistics.max)}
    assert SHOWN_PEOPLE in ends
    assert SHOWN_PAY in ends
    assert ends.isdisjoint({EXACT_PEOPLE, EXACT_PEOPLE - FEW, EXACT_PAY, FEW})
    assert not [key for key in (pq.read_schema(published / "estimates.parquet").metadata or {}) if key == b"pandas"]


def test_no_file_of_a_release_has_an_original_anywhere(published):
    """CSV, CSVW, xlsx parts, pages with their SVG paths and alternative text, manifest."""
    looked = dict(contents(published))
    assert {"manifest.json", "estimates.csv", "estimates.xlsx", "bariatric_surgery/index.html"} <= looked.keys()
    assert any(name.startswith("estimates.xlsx/xl/worksheets") for name in looked)
    assert b"97530" in looked["estimates.csv"]
    assert b"<svg" in looked["bariatric_surgery/index.html"]
    assert {name for name, content in looked.items() for trace in TRACES if trace in content} == set()


def test_the_ledger_and_its_exact_counts_are_in_no_release(published):
    assert not [path.name for path in published.rglob("*") if "ledger" in path.name or "cells" in path.name]


def test_a_reason_that_is_a_formula_is_text(published):
    raw = io.StringIO()
    csv.writer(raw).writerow([FORMULA])
    assert next(csv.reader(io.StringIO(raw.getvalue())))[0].startswith("=")
    with (published / "attrition.csv").open(encoding="utf-8", newline="") as lines:
        reasons = [row["reason"] for row in csv.DictReader(lines)]
    assert reasons[1] == f"'{FORMULA}"
