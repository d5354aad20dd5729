"""Real files in their owners' own format, ingested as they are, with the counts their README gives."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import evaluations
from pipeline.engine.database import database
from pipeline.engine.settings import read_settings
from pipeline.records.ingestion import Ingestion, ingest, read_delivery
from pipeline.vocabulary.designs import LinkedPanel
from pipeline.vocabulary.schemas.panels import linked_panel_columns, linked_panel_schema
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import HES_APC

Made = Callable[..., tuple[Ingestion, pa.Table]]


@pytest.fixture
def ingested(tmp_path: Path, reference_data: Path) -> Made:
    """Ingest one file of the reference data as a delivery of its own."""

    def made(file: str, schema: Schema, columns: dict[str, str]) -> tuple[Ingestion, pa.Table]:
        place = tmp_path / "delivery" / schema.name
        place.mkdir(parents=True)
        shutil.copy(reference_data / file, place / file)
        note = {"delivery": "real", "cut_off": "2026-10-31", "sources": {}}
        (tmp_path / "delivery" / "delivery.json").write_text(json.dumps(note), encoding="utf-8")
        settings = read_settings()
        delivery = read_delivery(tmp_path / "delivery", required=[schema.name])
        with database(settings.engine, spill=tmp_path / "spill") as connection:
            share = settings.validation.clear_identifiers
            result = ingest(
                connection, delivery, schema, columns=columns, clear_identifiers=share, target=tmp_path / "made"
            )
        return result, pq.ParquetDataset(tmp_path / "made" / "typed").read()

    return made


def test_the_artificial_hes_extract_is_ingested_whole(ingested):
    result, episodes = ingested("nhs_artificial_hes_apc_0102.csv", HES_APC, dict(read_settings().columns["hes_apc"]))
    assert (result.rows_delivered, result.rows_typed, result.rows_rejected) == (2075, 2075, 0)
    assert pc.count_distinct(episodes["epikey"]).as_py() == 2075
    assert pc.sum(pc.equal(episodes["epistat"], 1)).as_py() == 16
    assert result.absent_columns == {"nhs_artificial_hes_apc_0102.csv": ("operation_dates",)}
    (unknown,) = result.unknown_columns.values()
    assert "MYDOB" in unknown


def test_its_codes_are_clean_and_its_sentinels_null(ingested):
    result, episodes = ingested("nhs_artificial_hes_apc_0102.csv", HES_APC, dict(read_settings().columns["hes_apc"]))
    for name in ("diagnoses", "operations"):
        codes = pc.drop_null(pc.list_flatten(episodes[name]))
        assert pc.all(pc.match_substring_regex(codes, r"^[0-9A-Z]{1,4}$")).as_py()
        assert len(codes) > 2000
    assert result.sentinels_nulled["elecdate"] == 42
    assert pc.min(episodes["epistart"]).as_py().year > 1850
    assert pc.max(episodes["startage"]).as_py() == 120  # 120 or more, as the dictionary caps it


def test_the_health_and_retirement_study_is_ingested_whole(ingested):
    evaluation = evaluations.load("hospitalisation_and_earnings").evaluation
    assert isinstance(evaluation.design, LinkedPanel)
    schema = linked_panel_schema(evaluation.design, evaluation.outcomes)
    columns = linked_panel_columns(evaluation.design, evaluation.outcomes)
    result, rows = ingested("hrs_hospitalisation.csv.gz", schema, columns)
    assert (result.rows_delivered, result.rows_typed) == (3280, 3280)
    assert pc.count_distinct(rows["person_id"]).as_py() == 656
    assert sorted(pc.unique(rows["period"]).to_pylist()) == [7, 8, 9, 10, 11]
    assert set(pc.unique(rows["male"]).to_pylist()) == {"0", "1"}
