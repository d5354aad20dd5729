"""Published waits are read where a delivery has them, and asked of no delivery."""

import json
import shutil

import pytest

from assets.resources import Causeway
from assets.stages import records as stages
from pipeline.vocabulary.errors import DeliveryRefused
from pipeline.vocabulary.schemas.rtt import ENGLAND


@pytest.fixture
def copied(delivery, tmp_path):
    folder = tmp_path / "delivery"
    shutil.copytree(delivery, folder)
    note = json.loads((folder / "delivery.json").read_text())
    (folder / "delivery.json").write_text(json.dumps(note | {"sources": {}}))
    return folder


def _waits(folder, store):
    causeway = Causeway(delivery=str(folder), store=str(store))
    return stages.area_waits(causeway, stages.delivery(causeway)).read("area_waits")


def test_a_delivery_with_published_waits_has_them_by_area(delivery, tmp_path):
    waits = _waits(delivery, tmp_path / "store")
    assert ENGLAND in waits["area"].to_pylist()
    assert len(set(waits["area"].to_pylist())) > 2


def test_a_delivery_without_them_has_no_rows_and_no_error(copied, tmp_path):
    shutil.rmtree(copied / "rtt")
    assert _waits(copied, tmp_path / "store").num_rows == 0


def test_a_file_that_is_not_the_published_one_is_refused(copied, tmp_path):
    for file in (copied / "rtt").iterdir():
        rows = file.read_text().splitlines()
        file.write_text("\n".join([rows[0], *(row.replace("RTT-", "WTR-") for row in rows[1:])]))
    with pytest.raises(DeliveryRefused, match="rtt"):
        _waits(copied, tmp_path / "store")
