"""Every way a delivery can be broken is refused with one message, and leaves no partial table."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path, PurePath

import pandas as pd
import pytest

from assets.runs import run
from pipeline.vocabulary.errors import DataRefused

DATA_REFUSED = 3


def _paye_parquet(folder: Path) -> Path:
    return min((folder / "paye_rti").glob("*.parquet"))


def _paye_csv(folder: Path) -> Path:
    return min((folder / "paye_rti").glob("*.csv"))


def missing_source(folder: Path) -> None:
    shutil.rmtree(folder / "deaths")


def missing_column(folder: Path) -> None:
    file = _paye_parquet(folder)
    pd.read_parquet(file).drop(columns="pay").to_parquet(file)


def truncated_parquet(folder: Path) -> None:
    file = _paye_parquet(folder)
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content[: len(content) // 2])


def broken_quote(folder: Path) -> None:
    file = _paye_csv(folder)
    lines = file.read_text().splitlines(keepends=True)
    lines[2] = '"' + lines[2]
    file.unlink()
    file.write_text("".join(lines))


def wrong_delimiter(folder: Path) -> None:
    file = _paye_csv(folder)
    content = file.read_text().replace(",", "|")
    file.unlink()
    file.write_text(content)


def latin_1(folder: Path) -> None:
    file = _paye_csv(folder)
    lines = file.read_text().splitlines()
    lines[1] = lines[1] + "é"
    file.unlink()
    file.write_bytes("\n".join(lines).encode("latin-1"))


def wrong_type(folder: Path) -> None:
    file = _paye_parquet(folder)
    pd.read_parquet(file).assign(pay="a lot").to_parquet(file)


def null_ids(folder: Path) -> None:
    for file in (folder / "paye_rti").glob("*.parquet"):
        frame = pd.read_parquet(file)
        frame.loc[frame.index % 10 < 3, "valid_nino"] = None
        frame.to_parquet(file)


def one_id_of_many_people(folder: Path) -> None:
    file = min((folder / "links" / "person").glob("*.parquet"))
    frame = pd.read_parquet(file)
    frame.assign(health_id=frame["health_id"].iloc[0]).to_parquet(file)


def clear_nhs_numbers(folder: Path) -> None:
    for file in (folder / "links" / "person").glob("*.parquet"):
        frame = pd.read_parquet(file)
        frame.assign(health_id=[_nhs_number(900_000_000 + row) for row in frame.index]).to_parquet(file)


def empty_source(folder: Path) -> None:
    for file in (folder / "deaths").iterdir():
        with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as opened:
            header = opened.readline()
        file.unlink()
        file.with_name("deaths.csv").write_text(header)


def _nhs_number(stem: int) -> str:
    """The first valid NHS number (modulus 11) at or after a nine-digit stem."""
    while True:
        digits = f"{stem:09d}"
        check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return digits + str(check % 11)
        stem += 1


BROKEN: dict[Callable[[Path], None], str] = {
    missing_source: r"source deaths.*missing",
    missing_column: r"source paye_rti, file \S+\.parquet, column pay\b",
    truncated_parquet: r"source paye_rti, file \S+\.parquet",
    broken_quote: r"source paye_rti, file \S+\.csv",
    wrong_delimiter: r"source paye_rti, file \S+\.csv, column \S+",
    latin_1: r"source paye_rti, file \S+\.csv",
    wrong_type: r"source paye_rti, file \S+\.parquet, column pay\b.*\([\d,]+ of [\d,]+ rows\)",
    null_ids: r"source paye_rti.*column valid_nino.*\([\d,]+ rows",
    one_id_of_many_people: r"source links/person.*column health_id.*\([\d,]+ ids",
    clear_nhs_numbers: r"source links/person.*column health_id.*\([\d,]+",
    empty_source: r"source deaths.*0 rows",
}


def _copy(delivery: Path, folder: Path) -> Path:
    """The delivery under another id, its files linked, its digests left out."""
    shutil.copytree(delivery, folder)
    note = json.loads((folder / "delivery.json").read_text())
    (folder / "delivery.json").write_text(json.dumps(note | {"delivery": folder.name, "sources": {}}))
    return folder


@pytest.mark.parametrize("break_it", BROKEN, ids=lambda function: function.__name__)
def test_a_broken_delivery_is_refused_and_leaves_no_partial_table(
    break_it: Callable[[Path], None], finished, tmp_path: Path
):
    folder = _copy(finished.delivery, tmp_path / break_it.__name__)
    break_it(folder)
    before = _results(finished.store)
    with pytest.raises(DataRefused, match=BROKEN[break_it]) as refusal:
        run(folder, store=finished.store, chosen=(), debug=False)
    assert refusal.value.exit_code == DATA_REFUSED
    assert list((finished.store / ".building").glob("result-*")) == []
    made = {PurePath(name).parts[0] for name in _results(finished.store) - before}
    assert made <= {"delivery", "ingested", "validation", "report", "links"}, "a later stage has a result"


def test_a_known_delivery_id_with_other_files_is_refused(finished, tmp_path: Path):
    folder = tmp_path / "again"
    shutil.copytree(finished.delivery, folder)
    file = _paye_parquet(folder)
    pd.read_parquet(file).iloc[1:].to_parquet(file)
    note = json.loads((folder / "delivery.json").read_text())
    (folder / "delivery.json").write_text(json.dumps(note | {"sources": {}}))
    with pytest.raises(DataRefused, match=r"source paye_rti, file delivery.json.*\(1 files differ\)"):
        run(folder, store=finished.store, chosen=(), debug=False)


def _results(store: Path) -> set[str]:
    return {str(PurePath(made).parent.relative_to(store)) for made in store.rglob("made.json")}
