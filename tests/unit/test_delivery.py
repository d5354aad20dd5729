"""A delivery's files, digests and faults, before any file is opened."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from pipeline.records.ingestion import delivery_complete, read_delivery
from pipeline.vocabulary.errors import DeliveryRefused, RequestError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "november"
    for name in ("deaths/part-0.csv", "links/nino/b.csv.gz", "links/nino/a.parquet"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(name.encode())
    note(made)
    return made


def note(folder: Path, **changes: object) -> None:
    written = {"delivery": "2026-11", "cut_off": "2026-10-31", "sources": {}} | changes
    (folder / "delivery.json").write_text(json.dumps(written), encoding="utf-8")


def listing(name: str, sha256: str | None) -> dict[str, object]:
    return {"deaths": {"version": "1", "files": {name: sha256}}}


SHA = hashlib.sha256(b"deaths/part-0.csv").hexdigest()


def test_a_delivery_is_its_id_its_cut_off_and_its_files_with_digests(folder):
    delivery = read_delivery(folder, required=["deaths", "links/nino"])
    assert (delivery.id, delivery.cut_off) == ("2026-11", date(2026, 10, 31))
    assert delivery.sources == ("deaths", "links/nino")
    assert [file.name for file in delivery.of("links/nino")] == ["a.parquet", "b.csv.gz"]
    assert delivery.digests["deaths/part-0.csv"] == SHA
    assert delivery.of("deaths")[0].size == len("deaths/part-0.csv")


def test_what_file_systems_and_spark_leave_behind_is_no_data(folder):
    for name in (".DS_Store", "_SUCCESS", ".part-0.csv.crc"):
        (folder / "deaths" / name).write_text("", encoding="utf-8")
    assert len(read_delivery(folder, required=["deaths"]).of("deaths")) == 1


def test_a_folder_that_is_not_there_is_a_wrong_request(tmp_path):
    with pytest.raises(RequestError, match="folder is not there") as refused:
        read_delivery(tmp_path / "nowhere", required=[])
    assert refused.value.exit_code == 2


def test_every_fault_of_a_delivery_is_told_at_once(folder):
    note(folder, cut_off="31/10/2026", delivery="../november", sources=listing("part-0.csv", "0" * 64))
    (folder / "deaths" / "notes.docx").write_text("", encoding="utf-8")
    with pytest.raises(DeliveryRefused, match="cut-off date") as refused:
        read_delivery(folder, required=["census"])
    message = str(refused.value)
    assert len(refused.value.faults) == 5
    assert "not a safe name" in message
    assert "source deaths, file notes.docx: unknown file type" in message
    assert "source census" in message
    assert "digest is not the one" in message
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not JSON"), ("[]", "one JSON object"), ("{}", "id is missing"), ('"\xe9"', "not JSON in UTF-8")],
)
def test_a_note_that_cannot_be_read_refuses_the_delivery(folder, text, said):
    (folder / "delivery.json").write_text(text, encoding="latin-1")
    with pytest.raises(DeliveryRefused, match=said):
        read_delivery(folder, required=[])


def test_a_missing_note_refuses_the_delivery(folder):
    (folder / "delivery.json").unlink()
    with pytest.raises(DeliveryRefused, match=r"file delivery.json: the file is missing"):
        read_delivery(folder, required=[])


def test_a_source_whose_folder_is_empty_is_missing(folder):
    (folder / "census").mkdir()
    with pytest.raises(DeliveryRefused, match=r"source census, .*has no data files \(0 files\)"):
        read_delivery(folder, required=["census"])


def test_a_listed_file_that_is_not_there_is_named(folder):
    note(folder, sources=listing("part-1.csv", None))
    with pytest.raises(DeliveryRefused, match=r"source deaths, file part-1.csv: .*missing"):
        read_delivery(folder, required=[])


@pytest.mark.parametrize("name", ["../census/a.csv", "a\\b.csv"])
def test_a_listed_file_must_lie_in_its_source(folder, name):
    note(folder, sources=listing(name, None))
    with pytest.raises(DeliveryRefused, match="malformed"):
        read_delivery(folder, required=[])


def test_a_delivery_is_complete_when_its_note_and_every_listed_file_are_there(folder):
    note(folder, sources=listing("part-0.csv", SHA))
    assert delivery_complete(folder)
    note(folder, sources=listing("part-0.csv", SHA.upper()))
    assert read_delivery(folder, required=[]).id == "2026-11"


@pytest.mark.parametrize(("name", "sha"), [("part-9.csv", None), ("part-0.csv", "0" * 64)])
def test_a_delivery_under_way_is_not_complete(folder, name, sha):
    note(folder, sources=listing(name, sha))
    assert not delivery_complete(folder)


def test_a_delivery_without_its_note_is_not_complete(folder):
    (folder / "delivery.json").unlink()
    assert not delivery_complete(folder)
