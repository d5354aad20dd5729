"""The ledger: added to and never changed, and what a release is held against before it is published."""

from __future__ import annotations

import pyarrow as pa
import pytest

from doors import FACTS, Door
from pipeline.release.disclosure import ledger
from pipeline.release.disclosure.cells import CELLS
from pipeline.release.publication import publish
from pipeline.vocabulary.errors import DisclosureError

EVALUATION = "bariatric_surgery"


@pytest.fixture(scope="module")
def door():
    return Door()


def cells(door, people):
    tables = {"attrition": door.flow((0, people))}
    frame = door.ledger_of(door.opens_for(**tables), **tables).drop(columns="release")
    return CELLS.conform(pa.Table.from_pandas(frame, preserve_index=False)).replace_schema_metadata(None)


def test_a_store_that_has_published_nothing_has_an_empty_ledger(tmp_path):
    assert ledger.read(tmp_path).empty


def test_what_is_entered_stays_in_order_and_by_release(door, tmp_path):
    for number, people in enumerate((1003, 1010), start=1):
        ledger.append(tmp_path, [cells(door, people)], release=f"2026-11-v{number}")
    held = ledger.read(tmp_path, evaluation=EVALUATION)
    remaining = held[held["side"] == "treated remaining"]
    assert remaining[["release", "exact"]].to_numpy().tolist() == [["2026-11-v1", 1003], ["2026-11-v2", 1010]]
    assert ledger.read(tmp_path, evaluation="another").empty


@pytest.mark.parametrize("spoil", ["removed", "changed"])
def test_a_ledger_that_was_tampered_with_is_refused(door, tmp_path, spoil):
    for people in (1003, 1010, 1020):
        ledger.append(tmp_path, [cells(door, people)], release=f"v{people}")
    first, second, _ = sorted((tmp_path / "ledger").iterdir())
    if spoil == "removed":
        second.unlink()
    else:
        first.write_bytes(second.read_bytes())
    with pytest.raises(DisclosureError, match="ledger of earlier releases is not what was written"):
        ledger.read(tmp_path)


def test_a_release_that_was_not_held_against_what_is_out_since_must_be_run_again(door, tmp_path):
    folder, store = tmp_path / "release", tmp_path / "store"
    mine = cells(door, 1003)
    ledger.save_cells(mine.to_pandas(), folder, store=store, evaluation=EVALUATION)
    assert ledger.refuse_outdated(folder, store=store, evaluation=EVALUATION) == mine
    ledger.append(store, [mine], release="2026-11-v1")
    assert ledger.refuse_outdated(folder, store=store, evaluation=EVALUATION) == mine
    ledger.append(store, [cells(door, 1010)], release="2026-12-v1")
    with pytest.raises(DisclosureError, match=r"not held against everything .* Run it again"):
        ledger.refuse_outdated(folder, store=store, evaluation=EVALUATION)


def test_a_release_is_entered_before_its_files_are_in_place(door, tmp_path):
    there = []
    released = door.opens_for(estimates=door.estimates({}))
    folder = publish(
        [released], out=tmp_path, facts=FACTS, recorded=lambda name: there.append((name, (tmp_path / name).exists()))
    )
    assert there == [(folder.name, False)]


def test_a_release_that_cannot_be_entered_is_not_published(door, tmp_path):
    def full(_):
        raise OSError(28, "No space left on device")

    with pytest.raises(Exception, match="Nothing was published"):
        publish([door.opens_for(estimates=door.estimates({}))], out=tmp_path, facts=FACTS, recorded=full)
    assert not list(tmp_path.glob("2026-11-v*"))
