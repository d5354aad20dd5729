"""What a publication holds and how it comes to stand there: releases in, a folder out."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace

import csvw
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluations import load as load_evaluation
from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure import Release, disclose, save
from pipeline.release.publication import Facts, publish, verify
from pipeline.release.publication.files import write_tables
from pipeline.release.publication.text import inert
from pipeline.release.publication.versions import alone, building, put_in_place
from pipeline.vocabulary.errors import ApprovalError, DisclosureError, RequestError
from pipeline.vocabulary.schemas.people import ATTRITION, LINKAGE_QUALITY
from pipeline.vocabulary.schemas.results import BALANCE, DIAGNOSTICS, ESTIMATES, PUBLISHED_ESTIMATES

ONS = DisclosureProfile(threshold=10, suppress_zero=False, round_to=5, minimum_residual_df=10)
NHS = DisclosureProfile(threshold=8, suppress_zero=False, round_to=5, minimum_residual_df=10)
CSV_FILES = (
    "estimates", "diagnostics", "attrition", "linkage_quality", "balance", "decomposition", "support", "revisions",
)  # fmt: skip
FACTS = Facts(
    delivery="2026-11", delivery_digest="5e" * 32, commit="0f" * 20, lock_digest="a1" * 32, settings_digest="c7" * 32,
    seed=20241205, versions={"causeway": "0.1.0"}, profile="demo", organisation="Causeway demonstration",
    contact="The team", revisions_policy="Never changed.", next_release="Not announced",
)  # fmt: skip
EFFECTS = {"pay": ("pounds a month", 84.1), "employed": ("percentage points", 4.3), "earnings": ("US dollars", -400.0)}


def release(
    name="bariatric_surgery", *, outcomes=("pay", "employed"), shift=0.0, unlinked=52, profile="ons_10_5", rules=ONS
) -> Release:
    """A release of few rows, one of them suppressed."""
    declared = load_evaluation(name)
    evaluation = declared.evaluation.model_copy(update={"disclosure_profile": profile})
    rows = [row for outcome in outcomes for row in _estimates(name, declared, outcome, shift)]
    return disclose(
        evaluation=name,
        protocol={"evaluation": evaluation.model_dump(mode="json"), "digest": declared.digest, "codelists": {}},
        profile_name=profile,
        profile=rules,
        estimates=_table(ESTIMATES, rows),
        attrition=_table(ATTRITION, [
            {"arm": arm, "step": step, "reason": reason, "excluded": excluded, "remaining": remaining}
            for arm in ("treated", "comparison")
            for step, reason, excluded, remaining in ((0, "=everybody, of all", 0, 1003), (1, 'not "linked"', 6, 997))
        ]),
        linkage_quality=_table(LINKAGE_QUALITY, [
            {"link": "census to paye_rti", "characteristic": "all", "level": "all", "n_people": 1003,
             "n_linked": 1003 - unlinked},
        ]),
        balance=_table(BALANCE, [
            {"characteristic": "sex", "level": sex, "n_treated": n, "n_comparison": 2 * n, "share_treated": 0.5,
             "share_comparison": 0.5, "smd": 0.0}
            for sex, n in (("female", 700), ("male", 297))
        ]),
        diagnostics=_table(DIAGNOSTICS, [
            {"evaluation": name, "check": "pre_trend", "estimator": "ons_fixed_effects", "outcome": outcome,
             "status": "pass", "figure": 0.00004321, "threshold": 0.05, "sentence": "No difference, p < 0.001."}
            for outcome in outcomes
        ]),
    )  # fmt: skip


def _estimates(name, declared, outcome, shift):
    unit, effect = EFFECTS[outcome]
    groups = (("headline", "all", "", 997), ("subgroup", "sex", "female", 700), ("subgroup", "sex", "male", 297),
              ("subgroup", "region", "North East", 6))  # fmt: skip
    for role, subgroup, value, people in groups:
        middle = effect + shift * (role == "headline")
        yield {
            "evaluation": name, "design": declared.evaluation.design.kind, "estimator": "ons_fixed_effects",
            "role": role, "outcome": outcome, "unit": unit, "price_base": "2023" if outcome == "pay" else "",
            "subgroup": subgroup, "subgroup_value": value, "period": "months 55 to 60", "months_from": 55,
            "months_to": 60, "estimate": middle, "std_error": 1.0, "ci_lower": middle - 2, "ci_upper": middle + 2,
            "band_lower": middle - 3, "band_upper": middle + 3, "n_treated": people, "n_comparison": 2 * people,
            "obs_status": "", "evidence": "not assessed", "residual_df": 5000, "covariance": [1.0],
        }  # fmt: skip


def _table(schema, rows):
    return schema.conform(pa.Table.from_pylist(rows, schema=pa.schema([(c.name, c.type) for c in schema.columns])))


def both():
    return [release(), release("hospitalisation_and_earnings", outcomes=("earnings",))]


def tables_of(folder, releases=None, previous=None):
    folder.mkdir(parents=True)
    write_tables(folder, releases or [release()], facts=FACTS, title="Causeway", previous=previous)
    return folder


def read(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The first version of a publication of two evaluations."""
    return publish(both(), out=tmp_path_factory.mktemp("releases"), facts=FACTS)


def test_a_release_has_every_file_of_the_design(published):
    files = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    tables = {f"{name}{end}" for name in CSV_FILES for end in (".csv", ".csv-metadata.json")}
    pages = {"index.html", "bariatric_surgery/index.html", "hospitalisation_and_earnings/index.html"}
    assert files == tables | pages | {"manifest.json", "estimates.parquet", "estimates.xlsx"}
    assert published.name == "2026-11-v1"


def test_two_publications_of_one_release_are_the_same_bytes(published, tmp_path):
    again = publish(list(reversed(both())), out=tmp_path, facts=FACTS)
    for path in (path for path in published.rglob("*") if path.is_file()):
        assert (again / path.relative_to(published)).read_bytes() == path.read_bytes(), path.name


def test_the_manifest_tells_the_truth(published):
    manifest = json.loads((published / "manifest.json").read_text(encoding="utf-8"))
    for name, said in manifest["files"].items():
        content = (published / name).read_bytes()
        assert said == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    assert len(manifest["files"]) == sum(path.is_file() for path in published.rglob("*")) - 1
    assert manifest["evaluations"]["bariatric_surgery"] == {
        "title": "Bariatric surgery",
        "protocol_digest": load_evaluation("bariatric_surgery").digest,
        "disclosure_profile": "ons_10_5",
    }
    made_with = ("delivery", "delivery_digest", "commit", "lock_digest", "settings_digest", "seed", "versions")
    assert all(manifest[name] == getattr(FACTS, name) for name in made_with)


def test_a_changed_file_is_not_what_the_manifest_says(tmp_path):
    folder = publish([release()], out=tmp_path, facts=FACTS)
    (folder / "estimates.csv").write_text("evaluation\n", encoding="utf-8")
    with pytest.raises(RequestError, match=r"files are not what the manifest says \(1 files\)"):
        verify(folder)


@pytest.mark.parametrize("name", CSV_FILES)
def test_each_csv_is_valid_by_its_metadata(published, name):
    described = csvw.CSVW(str(published / f"{name}.csv-metadata.json"), validate=True)
    assert described.is_valid
    columns = described.t.tableSchema.columns
    header = next(csv.reader(io.StringIO((published / f"{name}.csv").read_text(encoding="utf-8"))))
    assert [column.name for column in columns] == header
    assert all(column.titles and column.datatype and "dc:description" in column.common_props for column in columns)


def test_estimates_have_the_columns_of_the_design_in_order(published):
    header = (published / "estimates.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == (
        "evaluation,design,estimator,role,outcome,unit,price_base,subgroup,subgroup_value,period,months_from,months_to,"
        "estimate,std_error,ci_lower,ci_upper,band_lower,band_upper,n_treated,n_comparison,obs_status,evidence"
    )


def test_pay_has_two_decimals_and_percentage_points_three(tmp_path):
    rows = read(tables_of(tmp_path / "a") / "estimates.csv")
    assert {row["outcome"]: (row["estimate"], row["std_error"]) for row in rows if row["role"] == "headline"} == {
        "pay": ("84.10", "1.00"),
        "employed": ("4.300", "1.000"),
    }


def test_a_suppressed_cell_is_empty_with_status_c(tmp_path):
    rows = read(tables_of(tmp_path / "a") / "estimates.csv")
    (row,) = (row for row in rows if row["subgroup"] == "region" and row["outcome"] == "pay")
    assert row["obs_status"] == "c"
    assert not any(row[name] for name in ("estimate", "std_error", "ci_lower", "ci_upper", "n_treated", "n_comparison"))


def test_reading_the_csv_gives_the_parquet_back(tmp_path):
    folder = tables_of(tmp_path / "a")
    described = csvw.CSVW(str(folder / "estimates.csv-metadata.json"))
    stored = pq.read_table(folder / "estimates.parquet")
    assert stored.schema.equals(PUBLISHED_ESTIMATES.arrow, check_metadata=True)
    assert stored.to_pylist() == [dict(row) for row in described.t.iterdicts()]


def test_the_csv_is_utf_8_with_line_feeds_and_quotes_where_needed(published):
    content = (published / "attrition.csv").read_bytes()
    assert b"\r" not in content
    assert '"not ""linked"""' in content.decode("utf-8")


def test_text_never_starts_a_formula(published):
    reasons = {row["reason"] for row in read(published / "attrition.csv")}
    assert reasons == {"'=everybody, of all", 'not "linked"'}


@pytest.mark.parametrize(
    ("text", "written"),
    [("=1+1", "'=1+1"), ("+cmd", "'+cmd"), ("-2-3", "'-2-3"), ("@sum", "'@sum"), ("\tx", "'\tx"), ("a=b", "a=b"),
     ("-5", "-5"), ("-5 to 0", "-5 to 0"), ("", "")],
)  # fmt: skip
def test_only_what_a_spreadsheet_would_compute_gets_an_apostrophe(text, written):
    assert inert(text) == written


def test_the_spreadsheet_is_accessible(published):
    book = openpyxl.load_workbook(published / "estimates.xlsx")
    assert book.sheetnames == [
        "Cover", "Contents", "Notes", "Estimates", "Checks", "Attrition", "Linkage quality", "Balance",
    ]  # fmt: skip
    for sheet in book.worksheets:
        assert not sheet.merged_cells.ranges
        for table in sheet.tables.values():
            assert all(cell.value not in (None, "") for row in sheet[table.ref] for cell in row)
        assert len(sheet.tables) == (sheet.title != "Cover")
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_the_spreadsheet_shows_symbols_for_what_is_not_shown(published):
    sheet = openpyxl.load_workbook(published / "estimates.xlsx")["Estimates"]
    (table,) = sheet.tables.values()
    header, *rows = [[cell.value for cell in row] for row in sheet[table.ref]]
    names = [name.split("\n")[0] for name in header]
    seen = {
        (row[names.index("Outcome")], row[names.index("Subgroup")]): dict(zip(names, row, strict=True)) for row in rows
    }
    assert seen["pay", "region"]["Estimate"] == seen["pay", "region"]["People treated"] == "[c]"
    assert (seen["employed", "all"]["Estimate"], seen["employed", "all"]["People treated"]) == (4.3, 995)
    assert seen["employed", "all"]["Price base"] == seen["employed", "all"]["Subgroup value"] == "[z]"


def test_the_spreadsheet_has_no_date_of_its_own(published):
    with zipfile.ZipFile(published / "estimates.xlsx") as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1980}


def test_a_first_version_has_no_revisions(published):
    assert read(published / "revisions.csv") == []


def test_every_changed_number_is_a_revision(tmp_path):
    before = tables_of(tmp_path / "v1")
    after = tables_of(tmp_path / "v2", [release(shift=0.5, outcomes=("pay",))], previous=before)
    rows = read(after / "revisions.csv")
    estimates = [row for row in rows if row["file"] == "estimates.csv"]
    changed = {row["column"]: (row["old"], row["new"]) for row in estimates if row["revision"] == "changed"}
    assert changed["estimate"] == ("84.10", "84.60")
    assert set(changed) == {"estimate", "ci_lower", "ci_upper", "band_lower", "band_upper"}
    assert {row["revision"] for row in estimates if "outcome=employed" in row["key"]} == {"removed"}
    assert {row["file"] for row in rows} == {"estimates.csv", "diagnostics.csv"}


def test_a_version_is_added_and_none_is_changed(tmp_path):
    first = publish([release()], out=tmp_path, facts=FACTS)
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    second = publish([release(shift=1.0)], out=tmp_path, facts=FACTS)
    assert (first.name, second.name) == ("2026-11-v1", "2026-11-v2")
    assert {path: path.read_bytes() for path in first.rglob("*") if path.is_file()} == before
    assert {row["revision"] for row in read(second / "revisions.csv")} == {"changed"}


def test_a_version_follows_the_highest_there(tmp_path):
    for name in ("2026-11-v2", "2026-11-v10", "2026-11-vx", "2026-1-v99", "x2026-11-v99"):
        (tmp_path / name).mkdir()
    assert publish([release()], out=tmp_path, facts=FACTS).name == "2026-11-v11"


def test_a_version_that_is_there_is_not_overwritten(tmp_path):
    target = tmp_path / "2026-11-v1"
    target.mkdir()
    with building(tmp_path) as folder, pytest.raises(RequestError, match="is there already"):
        put_in_place(folder, target)
    assert list(tmp_path.iterdir()) == [target]


KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.release.disclosure import load
from pipeline.release.publication import Facts, publish

def die(event, arguments):
    if event == sys.argv[4] and Path(str(arguments[0])).name == sys.argv[5]:
        os.kill(os.getpid(), signal.SIGKILL)

release = load(Path(sys.argv[1]))
sys.addaudithook(die)
publish([release], out=Path(sys.argv[2]), facts=Facts(**eval(sys.argv[3])))
"""
"""Kills itself at the moment when a file is opened, or when the finished folder would be renamed."""


def run(script, *arguments):
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("event", "name"), [("open", "attrition.csv"), ("os.rename", "release")])
def test_a_killed_publication_leaves_no_release_and_the_next_sweeps(tmp_path, event, name):
    save(release(), tmp_path / "stored")
    out = tmp_path / "out"
    killed = run(KILLED, tmp_path / "stored", out, vars(FACTS), event, name)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [path.name for path in out.iterdir()] == [".building"]
    assert (out / ".building" / "release" / "estimates.csv").is_file()
    assert publish([release()], out=out, facts=FACTS).name == "2026-11-v1"
    assert [path.name for path in out.iterdir()] == ["2026-11-v1"]


DISK_FULL = """
import resource, sys
from pathlib import Path
from pipeline.release.disclosure import load
from pipeline.release.publication import Facts, publish
from pipeline.vocabulary.errors import RequestError

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    publish([load(Path(sys.argv[1]))], out=Path(sys.argv[2]), facts=Facts(**eval(sys.argv[3])))
except RequestError as refusal:
    sys.exit(str(refusal))
"""


def test_a_full_disk_is_one_message_and_nothing_half_written(tmp_path):
    save(release(), tmp_path / "stored")
    full = run(DISK_FULL, tmp_path / "stored", tmp_path / "out", vars(FACTS))
    assert full.stderr.startswith("file out: the release cannot be written (File too large)."), full.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_message(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(RequestError, match=r"file out: the release cannot be written \(Not a directory\)"):
        publish([release()], out=tmp_path / "file" / "out", facts=FACTS)


def test_one_process_publishes_at_a_time(tmp_path):
    with alone(tmp_path):
        another = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(BlockingIOError, match="temporarily unavailable"):
            fcntl.flock(another, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(another, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(another)


def test_only_releases_are_published(tmp_path):
    with pytest.raises(RequestError, match="only a Release that disclosure made can be published"):
        publish([release().estimates], out=tmp_path, facts=FACTS)
    with pytest.raises(RequestError, match="there is nothing to publish"):
        publish([], out=tmp_path, facts=FACTS)
    with pytest.raises(RequestError, match="an evaluation is given twice"):
        publish([release(), release()], out=tmp_path, facts=FACTS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("delivery", ["../x", "", "a/b", ".hidden"])
def test_a_delivery_id_that_is_no_folder_name_is_refused(tmp_path, delivery):
    with pytest.raises(RequestError, match="the delivery id cannot name a folder"):
        publish([release()], out=tmp_path, facts=replace(FACTS, delivery=delivery))


def test_an_official_release_needs_approvals(tmp_path):
    with pytest.raises(ApprovalError, match="bariatric_surgery has none of the 2 approvals"):
        publish([release()], out=tmp_path, facts=replace(FACTS, profile="official"))


def test_an_unknown_profile_is_refused(tmp_path):
    with pytest.raises(RequestError, match="unknown publication profile"):
        publish([release()], out=tmp_path, facts=replace(FACTS, profile="secret"))


def test_linkage_shown_by_one_release_and_hidden_by_another_is_refused(tmp_path):
    shows = release(
        "hospitalisation_and_earnings", outcomes=("earnings",), unlinked=9, profile="nhs_hes_7_5", rules=NHS
    )
    with pytest.raises(DisclosureError, match="what one hides, another may give back"):
        publish([release(unlinked=9), shows], out=tmp_path, facts=FACTS)
    assert list(tmp_path.iterdir()) == []
