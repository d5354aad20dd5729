"""What a person reads about the disclosure of a release, from a finished run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pipeline.release.disclosure import ledger

ROOT = Path(__file__).parents[2]


def disclose(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assets", "disclose", *map(str, arguments)]
    wide = os.environ | {"COLUMNS": "200"}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=wide)


def test_each_rule_of_a_release_is_explained_and_the_checkers_folder_named(finished):
    delivery = json.loads((finished.delivery / "delivery.json").read_text())["delivery"]
    said = disclose("bariatric_surgery", "--store", finished.store, "--delivery", delivery)
    assert said.returncode == 0, said.stderr
    for rule in ("contributors", "audit", "samples that differ by few", "rounded counts"):
        assert rule in said.stdout
    folder = Path(said.stdout.rsplit("For SACRO-Viewer: ", 1)[1].replace("\n", ""))
    assert json.loads((folder / "results.json").read_text())["version"] == "0.4.0"


def test_a_delivery_that_was_not_run_is_said(finished):
    said = disclose("bariatric_surgery", "--store", finished.store, "--delivery", "another")
    assert said.returncode == 2
    assert "no release of bariatric_surgery for delivery another" in said.stderr


def test_a_publication_is_in_the_ledger_of_its_store(finished):
    held = ledger.read(finished.store)
    assert set(held["release"]) == {finished.release.name}
    assert {"estimates", "attrition", "balance", "linkage_quality"} == set(held["table"])
