"""A marked value is planted in every text column, every failure path is driven, and the mark is looked for everywhere
that speaks: messages, standard output and error, Dagster's event log and metadata, notes in the store, the release."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from assets import evaluation
from assets.definitions import all_assets, resources
from assets.resources import Causeway
from assets.runs import publish, run
from pipeline.vocabulary.errors import CausewayError

MARK = "ZQXMARK17"


def _marked_copy(delivery: Path, folder: Path) -> Path:
    """The delivery with the mark in one row of each text column of each Parquet file but ids of the first rows."""
    shutil.copytree(delivery, folder)
    for file in folder.rglob("*.parquet"):
        frame = pd.read_parquet(file)
        texts = [name for name in frame.columns if pd.api.types.is_string_dtype(frame[name])]
        for row, name in enumerate(texts):
            if row < len(frame):
                frame.loc[frame.index[row], name] = MARK
        frame.to_parquet(file)
    _rename(folder)
    return folder


def _rename(folder: Path) -> None:
    note = json.loads((folder / "delivery.json").read_text())
    (folder / "delivery.json").write_text(json.dumps(note | {"delivery": folder.name, "sources": {}}))


def _everywhere(column: str, source: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        for file in (folder / source).glob("*.parquet"):
            pd.read_parquet(file).assign(**{column: MARK}).to_parquet(file)

    return spoil


def _broken_line(folder: Path) -> None:
    file = min((folder / "paye_rti").glob("*.csv"))
    file.write_text(file.read_text() + f'"{MARK},{MARK}\n{MARK}\n')


SPOILT = {
    "pay of the wrong type": _everywhere("pay", "paye_rti"),
    "month of the wrong type": _everywhere("month", "paye_rti"),
    "one id of many people": _everywhere("health_id", "links/person"),
    "one NINo of many people": _everywhere("frameworks_nino", "links/nino"),
    "every census id the same": _everywhere("census_id", "census"),
    "unknown sex": _everywhere("sex", "census"),
    "dates that are none": _everywhere("EPISTART", "hes_apc"),
    "a broken CSV line": _broken_line,
}


def _run(folder: Path, store: Path) -> tuple[dg.ExecuteInProcessResult, str]:
    """The run and everything that Dagster kept of it, as text."""
    handed = resources(Causeway(delivery=str(folder), store=str(store)))
    selection = dg.AssetSelection.groups("bariatric_surgery").upstream()
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            all_assets(), selection=selection, resources=handed, instance=instance, raise_on_error=False
        )
        return result, "\n".join(str(entry) for entry in instance.all_logs(result.run_id))


def _speaking(store: Path, *said: str) -> list[str]:
    """Where the mark is found. A panel's note is part of its table: it names the levels that the shards number."""
    notes = {str(note): note.read_text() for note in store.rglob("*.json") if note.name != "panel.json"}
    spoken = notes | {f"text {number}": text for number, text in enumerate(said)}
    return [place for place, text in spoken.items() if MARK in text]


def test_dirt_that_is_tolerated_is_never_quoted(delivery: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    folder = _marked_copy(delivery, tmp_path / "tolerated")
    result, log = _run(folder, tmp_path / "store")
    assert result.success
    release = publish(folder, store=tmp_path / "store", out=tmp_path / "out", profile="demo", debug=False)
    assert not _speaking(tmp_path / "store", log, *capfd.readouterr())
    files = [file for file in release.rglob("*") if file.is_file()]
    assert not any(MARK.encode() in file.read_bytes() for file in files)
    assert len(files) > 15


@pytest.mark.parametrize("kind", SPOILT)
def test_dirt_that_is_refused_is_never_quoted(kind: str, finished, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    folder = tmp_path / "spoilt"
    shutil.copytree(finished.delivery, folder)
    SPOILT[kind](folder)
    _rename(folder)
    result, log = _run(folder, tmp_path / "store")
    assert not result.success
    assert not _speaking(tmp_path / "store", log, *capfd.readouterr())
    assert "step_failure" in log.lower()


def test_an_unforeseen_error_keeps_its_text_to_itself(
    finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    def fails(*_: object) -> None:
        raise ValueError(MARK)

    monkeypatch.setattr(evaluation.stages, "panel", fails)
    with pytest.raises(CausewayError, match="bariatric_surgery/panel stopped on an unforeseen ValueError") as refusal:
        run(finished.delivery, store=finished.store, chosen=(), debug=False)
    _, log = _run(finished.delivery, finished.store)
    assert not any(MARK in text for text in (str(refusal.value), log, *capfd.readouterr()))
