"""What Dagster loads."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

import evaluations
from assets.automation import delivery_sensor
from assets.definitions import defs

OF_HOSPITAL = [
    "bariatric_surgery_job",
    "elective_waiting_job",
    "endometriosis_diagnosis_job",
    "endometriosis_diagnosis_without_adenomyosis_job",
    "endometriosis_surgery_job",
]
"""The evaluations whose index events are in hospital episodes alone."""

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")
LOADING_LIMIT = 5.0
"""Seconds that the code location may take to load, as the design says; of the processor, for other tests run beside."""


def _graph() -> str:
    graph = defs.resolve_asset_graph()
    lines = []
    for key in sorted(graph.get_all_asset_keys(), key=lambda key: key.to_user_string()):
        node = graph.get(key)
        parents = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        lines.append(f"{node.group_name}: {key.to_user_string()} <- {parents}".rstrip(" <-"))
    return "\n".join(lines) + "\n"


def test_the_asset_graph_is_the_one_that_was_reviewed():
    assert _graph() == SNAPSHOT.read_text(), "look at the change; if it is meant, write the graph into asset_graph.txt"


def test_the_definitions_can_be_run():
    dg.Definitions.validate_loadable(defs)


def test_every_evaluation_has_a_group_a_job_and_a_monthly_schedule():
    repository = defs.get_repository_def()
    groups = {
        node.group_name for node in map(defs.resolve_asset_graph().get, defs.resolve_asset_graph().get_all_asset_keys())
    }
    for name in evaluations.names():
        assert name in groups
        assert repository.has_job(f"{name}_job")
        assert repository.get_schedule_def(f"{name}_monthly").cron_schedule == "0 6 1 * *"


def test_every_rule_of_a_source_is_a_check_of_its_asset():
    from pipeline.records.validation import check_names
    from pipeline.vocabulary.schemas.sources import PAYE_RTI

    checks = defs.resolve_asset_graph().get_check_keys_for_assets({dg.AssetKey("paye_rti")})
    assert {check.name for check in checks} == set(check_names(PAYE_RTI))
    assert len(checks) > 5


def test_the_code_location_loads_within_its_limit():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import assets.definitions"], check=True, cwd=Path(__file__).parents[2])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < LOADING_LIMIT


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    monkeypatch.setenv("CAUSEWAY_INBOX", str(folder))
    return folder


def _requests() -> list[dg.RunRequest]:
    found = delivery_sensor(dg.build_sensor_context())
    return [request for request in found if isinstance(request, dg.RunRequest)]


def test_a_complete_delivery_starts_a_run_of_each_evaluation_it_is_for(delivery: Path, inbox: Path):
    shutil.copytree(delivery, inbox / "november")
    requests = _requests()
    bariatric, *others = OF_HOSPITAL
    prevention = [f"diabetes_prevention{part}_job" for part in ("", "_practice_waves", "_threshold")]
    therapy = ("talking_therapies_job", "therapy_waiting_job")
    assert [request.job_name for request in requests] == [bariatric, *prevention, *others, *therapy]
    for request in requests:
        assert request.run_config["resources"]["causeway"]["config"]["delivery"] == str(inbox / "november")


def test_a_delivery_is_not_for_an_evaluation_whose_index_events_it_does_not_hold(delivery: Path, inbox: Path):
    _without(delivery, inbox / "november", "iapt", "ndpp/tests", "ndpp", "dwp_benefits")
    assert [request.job_name for request in _requests()] == OF_HOSPITAL


def _without(delivery: Path, folder: Path, *sources: str) -> None:
    """A copy of a delivery that lacks some sources, and says so."""
    shutil.copytree(delivery, folder)
    note = json.loads((folder / "delivery.json").read_text())
    for source in sources:
        shutil.rmtree(folder / source)
    kept = {name: about for name, about in note["sources"].items() if name.split("/")[0] not in sources}
    (folder / "delivery.json").write_text(json.dumps(note | {"sources": kept}))


def test_a_delivery_that_is_still_being_copied_starts_nothing(delivery: Path, inbox: Path):
    shutil.copytree(delivery, inbox / "november")
    note = inbox / "november" / "delivery.json"
    source, listed = next(iter(json.loads(note.read_text())["sources"].items()))
    (note.parent / source / next(iter(listed["files"]))).unlink()
    assert _requests() == []


def test_a_re_cut_delivery_has_another_run_key(delivery: Path, inbox: Path):
    shutil.copytree(delivery, inbox / "november")
    first, *_ = _requests()
    note = inbox / "november" / "delivery.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | {"delivery": "recut"}))
    second, *_ = _requests()
    assert first.run_key != second.run_key
