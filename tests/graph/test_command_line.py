"""What a person reads, and the exit code that a script reads."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def causeway(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assets", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_evaluations_are_listed_with_their_designs():
    said = causeway("evaluations")
    assert said.returncode == 0
    assert "bariatric_surgery" in said.stdout
    assert "hospitalisation_and_earnings" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("run", "no-such-folder", "--store", "s"), 2, "there is no delivery folder"),
        (("publish", "no-such-folder", "--store", "s", "--out", "o"), 2, "there is no delivery folder"),
        (("validate", "no-such-folder"), 2, "there is no delivery folder"),
        (("run",), 2, "Missing argument"),
        (("synth", "{tmp}/new", "--people", 100, "--knob", "dirt=9"), 2, "dirt: Input should be less than or equal"),
        (("synth", "{tmp}/new", "--people", 100, "--knob", "dirt"), 2, "knob dirt has no value"),
        (("synth", "{tmp}/new", "--people", 5), 2, "people"),
        (("deliver", "none.csv", "{tmp}/new", "--source", "census", "--delivery", "d", "--cut-off", "2020-01-01"), 2,
         "there is no such file"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_one_paragraph_and_exit_code_2(
    arguments: tuple[object, ...], code: int, message: str, tmp_path: Path
):
    said = causeway(*(str(argument).replace("{tmp}", str(tmp_path)) for argument in arguments))
    assert said.returncode == code
    assert message in said.stderr
    assert "Traceback" not in said.stderr
    assert not list(tmp_path.iterdir())


def test_debug_shows_the_traceback_wherever_it_stands():
    for arguments in (("--debug", "run", "no-such-folder", "--store", "s"), ("run", "no", "--store", "s", "--debug")):
        assert "Traceback" in causeway(*arguments).stderr


def test_an_unknown_evaluation_is_told_which_there_are(delivery: Path, tmp_path: Path):
    said = causeway("run", delivery, "--store", tmp_path / "store", "--evaluation", "lottery")
    assert said.returncode == 2
    assert "Defined: bariatric_surgery, diabetes_prevention, diabetes_prevention_practice_waves, diab" in said.stderr


def test_validation_reports_to_the_owner_even_when_it_refuses(delivery: Path, tmp_path: Path):
    folder = tmp_path / "delivery"
    shutil.copytree(delivery, folder)
    shutil.rmtree(folder / "deaths")
    note = json.loads((folder / "delivery.json").read_text())
    (folder / "delivery.json").write_text(json.dumps(note | {"sources": {}}))
    said = causeway("validate", folder, "--out", tmp_path / "report")
    assert said.returncode == 3
    page = (tmp_path / "report" / note["delivery"] / "validation.html").read_text()
    assert "required source is missing" in page


def test_validation_of_a_good_delivery_leaves_report_and_quarantine(delivery: Path, tmp_path: Path):
    said = causeway("validate", delivery, "--out", tmp_path)
    assert said.returncode == 0, said.stderr
    names = {file.name for file in tmp_path.rglob("*.*")}
    assert names >= {"validation.html", "paye_rti.parquet", "links_person.parquet"}
