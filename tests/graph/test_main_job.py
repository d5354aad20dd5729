"""One evaluation end to end: from a delivery to a published release."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest

import evaluations
from assets.definitions import all_assets, resources
from assets.resources import Causeway
from assets.runs import publish, run
from pipeline.vocabulary.errors import ApprovalError, RequestError

COLUMNS = (
    "evaluation,design,estimator,role,outcome,unit,price_base,subgroup,subgroup_value,period,months_from,months_to,"
    "estimate,std_error,ci_lower,ci_upper,band_lower,band_upper,n_treated,n_comparison,obs_status,evidence"
)
COVERED_AT_LEAST = 0.8
"""A bin's 95% interval misses the truth one time in twenty, and bins of one outcome miss together; the coverage
benchmark holds 93-97% over many deliveries."""


def _csvs(release: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in release.glob("*.csv")}


def test_a_release_holds_what_the_design_says(finished):
    names = {str(file.relative_to(finished.release)) for file in finished.release.rglob("*") if file.is_file()}
    tables = ("estimates", "diagnostics", "attrition", "linkage_quality", "revisions")
    assert names >= {f"{table}.csv" for table in tables} | {f"{table}.csv-metadata.json" for table in tables}
    assert names >= {"manifest.json", "estimates.parquet", "estimates.xlsx", "index.html"}
    assert {"bariatric_surgery/index.html", "talking_therapies/index.html"} <= names
    assert (finished.release / "estimates.csv").read_text().splitlines()[0] == COLUMNS


@pytest.mark.parametrize(
    "evaluation",
    [
        "bariatric_surgery",
        "diabetes_prevention",
        "diabetes_prevention_practice_waves",
        "diabetes_prevention_threshold",
        "talking_therapies",
    ],
)
def test_the_headline_has_every_bin_of_every_outcome(finished, evaluation):
    estimates = pd.read_csv(finished.release / "estimates.csv", keep_default_na=False)
    headline = estimates[(estimates["role"] == "headline") & (estimates["subgroup"] == "all")]
    headline = headline[headline["evaluation"] == evaluation]
    declared = evaluations.load(evaluation).evaluation
    bins = {(b.first, b.last) for b in declared.design.window.binned if not b.reference}
    for outcome in declared.outcomes:
        found = headline[headline["outcome"] == outcome.name]
        assert set(zip(found["months_from"], found["months_to"], strict=True)) == bins


def test_published_counts_are_rounded_and_never_small(finished):
    counts = pd.read_csv(finished.release / "estimates.csv")[["n_treated", "n_comparison"]].to_numpy().ravel()
    counts = counts[~np.isnan(counts)]
    assert (counts % 5 == 0).all()
    assert (counts >= 10).all()


def test_the_truth_is_mostly_within_the_intervals(finished):
    truth = pd.read_csv(f"{finished.delivery}-truth/effects.csv", keep_default_na=False)
    estimates = pd.read_csv(finished.release / "estimates.csv", keep_default_na=False, na_values={"estimate": [""]})
    headline = estimates[estimates["role"] == "headline"].merge(
        truth, on=["evaluation", "outcome", "subgroup", "subgroup_value", "months_from", "months_to"], validate="1:1"
    )
    shown = headline[headline["obs_status"] == ""].astype({"ci_lower": float, "ci_upper": float})
    covered = (shown["ci_lower"] <= shown["effect"]) & (shown["effect"] <= shown["ci_upper"])
    for evaluation in ("bariatric_surgery", "talking_therapies"):
        of_it = covered[shown["evaluation"] == evaluation]
        assert len(of_it) > 60
        assert of_it.mean() > COVERED_AT_LEAST


def test_a_second_run_makes_nothing_again(finished, tmp_path: Path):
    before = {made: made.stat().st_mtime_ns for made in finished.store.rglob("made.json")}
    run(finished.delivery, store=finished.store, chosen=(), debug=False)
    assert {made: made.stat().st_mtime_ns for made in finished.store.rglob("made.json")} == before
    again = publish(finished.delivery, store=finished.store, out=tmp_path, profile="demo", debug=False)
    assert _csvs(again) == _csvs(finished.release)


@pytest.mark.parametrize("stage", ["ingested/hes_apc", "bariatric_surgery/panel"])
def test_a_killed_run_goes_on_to_the_same_bytes(stage: str, finished, tmp_path: Path):
    command = [sys.executable, "-m", "assets", "run", str(finished.delivery), "--store", str(tmp_path / "store")]
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu", "LC_ALL": "C"}
    killed = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    _wait_until_made(tmp_path / "store" / stage, killed)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("made.json")}
    run(finished.delivery, store=tmp_path / "store", chosen=(), debug=False)
    assert {path: path.stat().st_mtime_ns for path in made} == made, "a finished stage was made again"
    assert not list((tmp_path / "store" / ".building").glob("result-*"))
    release = publish(finished.delivery, store=tmp_path / "store", out=tmp_path / "out", profile="demo", debug=False)
    assert _csvs(release) == _csvs(finished.release)


def _wait_until_made(folder: Path, process: subprocess.Popen) -> None:
    """Return as soon as a stage's result is there; the process is then in the next stage."""
    deadline = time.monotonic() + 120
    while not list(folder.glob("*/made.json")):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_asset_alone_asks_for_what_it_is_made_from(finished, tmp_path: Path):
    causeway = Causeway(delivery=str(finished.delivery), store=str(tmp_path / "empty"))
    alone = dg.AssetSelection.assets("bariatric_surgery/estimates")
    with pytest.raises(RequestError, match=r"bariatric_surgery/panel has not been made from this delivery"):
        dg.materialize(all_assets(), selection=alone, resources=resources(causeway))


def test_an_official_release_is_refused_without_approvals(finished, tmp_path: Path):
    with pytest.raises(ApprovalError, match="bariatric_surgery has none of the 2 approvals") as refusal:
        publish(finished.delivery, store=finished.store, out=tmp_path / "out", profile="official", debug=False)
    assert refusal.value.exit_code == 5
    assert not list(tmp_path.glob("out/*/manifest.json"))
