"""What an output checker opens: held against what SACRO-Viewer asks of a record."""

from __future__ import annotations

import csv
import hashlib
import json

import pytest

from doors import Door
from pipeline.release.disclosure.checker import write_for_checker


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    door = Door()
    few = {"role": "subgroup", "subgroup": "sex", "subgroup_value": "male", "n_treated": 7}
    flow = door.flow((0, 1003), (6, 997))
    released = door.opens_for(estimates=door.estimates({}, few), attrition=flow)
    target = tmp_path_factory.mktemp("checker")
    write_for_checker(released, target)
    return target


@pytest.fixture(scope="module")
def results(folder):
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def test_the_viewer_takes_it(folder, results):
    """Its own checks: a version of 0.4 or later, files with names for every result, and their checksums."""
    assert tuple(map(int, results["version"].split(".")[:2])) >= (0, 4)
    assert set(results["results"]) >= {"estimates", "attrition", "balance", "linkage_quality", "diagnostics"}
    for record in results["results"].values():
        for file in record["files"]:
            content = (folder / file["name"]).read_bytes()
            said = (folder / "checksums" / f"{file['name']}.txt").read_text(encoding="utf-8")
            assert said == hashlib.sha256(content).hexdigest()


def test_every_field_that_the_viewer_shows_is_there(results):
    shown = {"uid", "status", "type", "properties", "files", "outcome", "command", "summary", "timestamp", "comments",
             "exception"}  # fmt: skip
    for record in results["results"].values():
        assert shown == record.keys()
        assert record["status"] in ("pass", "fail", "review")
        assert record["summary"].split("; ")[0] == record["status"]


@pytest.mark.parametrize("name", ["estimates", "attrition"])
def test_the_cells_it_marks_are_the_empty_ones(folder, results, name):
    """Rows and columns count from nought, without the header and the first column."""
    (file,) = results["results"][name]["files"]
    with (folder / file["name"]).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    marked = file["sdc"]["cells"]["suppressed"]
    assert len(marked) == {"estimates": 8, "attrition": 1}[name]
    assert {rows[x][y + 1] for x, y in marked} == {""}
    assert file["sdc"]["summary"]["suppressed"]


def test_the_summary_says_which_rule_withheld_how_much(results):
    assert "contributors: 8 of 16 cells" in results["results"]["estimates"]["summary"]
