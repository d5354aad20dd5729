"""The stored panel as estimators read it: numeric covariates, and panels made before there were any."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.engine.panels import StoredPanel
from pipeline.vocabulary.errors import DataRefused, RequestError

PAY = [[1.0, 2.0], [3.0, None]]


def stored_panel(folder: Path, *, score: list[float | None], **note: object) -> StoredPanel:
    columns = {
        "treatment_month": pa.array([24_001, None], pa.int32()),
        "sex": ["female", None],
        "score": pa.array(score, pa.float32()),
        "pay": pa.array(PAY, pa.list_(pa.float32(), 2)),
    }
    (folder / "panel").mkdir()
    pq.write_table(pa.table(columns), folder / "panel" / "shard-00000.parquet")
    known = {"first_month": 24_000, "n_months": 2, "n_people": 2, "ages": False, "outcomes": ["pay"]}
    known |= {"levels": {"sex": ["female", "male"]}, "shards": ["shard-00000.parquet"]}
    (folder / "panel.json").write_text(json.dumps(known | note))
    return StoredPanel(folder)


def test_each_name_is_a_characteristic_or_a_covariate(tmp_path):
    panel = stored_panel(tmp_path, score=[0.5, -1.5], covariates=["score"])
    (shard,) = panel.shards("pay", ["score", "sex"])
    assert panel.covariates == ("score",)
    assert list(shard.levels) == ["sex"]
    assert list(shard.covariates) == ["score"]
    assert shard.covariates["score"].dtype == np.float64
    np.testing.assert_array_equal(shard.covariates["score"], [0.5, -1.5])
    np.testing.assert_array_equal(shard.levels["sex"], [0, -1])


def test_what_is_not_named_is_not_read(tmp_path):
    panel = stored_panel(tmp_path, score=[None, 1.0], covariates=["score"])
    (shard,) = panel.shards("pay")
    assert not shard.levels
    assert not shard.covariates


def test_a_panel_whose_note_names_no_covariates_has_none(tmp_path):
    panel = stored_panel(tmp_path, score=[0.5, -1.5])
    assert panel.covariates == ()
    with pytest.raises(RequestError, match=r"no characteristic or covariate 'score'\. It has sex"):
        panel.shards("pay", ["score"])


@pytest.mark.parametrize("missing", [None, float("nan"), float("inf")])
def test_a_covariate_that_people_lack_is_refused(tmp_path, missing):
    panel = stored_panel(tmp_path, score=[missing, 731.5], covariates=["score"])
    with pytest.raises(DataRefused, match=r"column score: covariate is missing \(1 people\)") as refused:
        next(panel.shards("pay", ["score"]))
    assert "731" not in str(refused.value)
