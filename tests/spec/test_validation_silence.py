"""Records never speak: a marked value in any column of a failing row reaches nothing that a person may read."""

from __future__ import annotations

import socket
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.records.validation import accept, check_results, report, validate
from pipeline.records.validation.expectations import judge
from pipeline.records.validation.rules import between, says
from pipeline.vocabulary.errors import ValidationRefused
from pipeline.vocabulary.schemas.sources import SOURCES

WORD = "Zqxmarked"
NUMBER = 87
"""What an int8 can hold; too common to look for, so wider columns are marked with the values below."""

BIG = 736_451_982
DAY = date(1970, 1, 1) + timedelta(days=736_451)
REAL = 7364519.82


def marked(column: pa.DataType) -> object:
    """A value of a column's type that occurs nowhere else."""
    if pa.types.is_list(column):
        return [marked(column.value_type)]
    if pa.types.is_string(column):
        return WORD
    if pa.types.is_date(column):
        return DAY
    if pa.types.is_boolean(column):
        return True
    if pa.types.is_floating(column):
        return REAL
    return BIG if column.bit_width >= 32 else NUMBER


def traces() -> tuple[str, ...]:
    return (WORD, str(BIG), f"{BIG:,}", str(DAY), "736451", "7364519")


def everything_written(folder: Path) -> str:
    """All text under a folder, with every cell of every Parquet file."""
    parts = [str(pq.read_table(path).to_pylist()) for path in folder.rglob("*.parquet")]
    return " ".join(
        [
            *parts,
            *(path.read_text() for path in folder.rglob("*.json")),
            *(p.read_text() for p in folder.rglob("*.html")),
        ]
    )


@pytest.mark.parametrize("schema", SOURCES.values(), ids=SOURCES)
def test_no_value_of_a_failing_row_is_written_said_or_logged(schema, tmp_path, capfd, caplog):
    caplog.set_level(0)
    place = {"source_file": "part-0.parquet", "row": 1}
    fields = pa.schema([*((c.name, c.type) for c in schema.columns), ("source_file", pa.string()), ("row", pa.int64())])
    # The key itself is what a quarantine is for: it stays out of the search by being unmarked.
    row = place | {c.name: marked(c.type) for c in schema.columns if c.name not in schema.key}
    keys = {name: "key" if pa.types.is_string(schema[name].type) else 1 for name in schema.key}
    (tmp_path / "typed").mkdir()
    pq.write_table(pa.Table.from_pylist([row | keys], schema=fields), tmp_path / "typed" / "part-0.parquet")
    out = tmp_path / "out"
    with duckdb.connect() as connection:
        validation = validate(
            connection,
            schema=schema,
            typed=tmp_path / "typed",
            rejected=tmp_path / "rejected",
            ingestion={},
            rows_per_batch=10,
            tolerance=0,
            target=out,
            cut_off=date(2026, 10, 31),
        )
        report([validation], delivery="2026-11", target=out)
        said = [str(check) for check in check_results(validation)]
        if validation.refused:
            with pytest.raises(ValidationRefused, match=schema.name) as refusal:
                accept(
                    connection,
                    schema=schema,
                    typed=tmp_path / "typed",
                    quarantine=out / "quarantine",
                    validation=validation,
                    target=out,
                )
            said.append(repr(refusal.value) + str(refusal.value.__cause__) + str(refusal.value.__context__))
    assert any(rule.failing for rule in validation.rules), (
        "the marked row must break a rule for this test to mean anything"
    )
    captured = capfd.readouterr()
    everything = " ".join([everything_written(out), *said, captured.out, captured.err, caplog.text])
    assert not [trace for trace in traces() if trace in everything]
    assert (captured.out, captured.err) == ("", "")


def test_an_expectation_that_cannot_be_evaluated_refuses_without_a_value():
    import pandas as pd

    rule = between("amount", 0, 10, words=says("An amount is 0 to 10.", "Check amount."))
    (measure,) = rule.measures
    hold = judge("drawn", [rule])
    with pytest.raises(
        ValidationRefused, match=r"source drawn, column amount: rules could not be evaluated: range:amount"
    ) as refusal:
        hold(pd.DataFrame({measure: [WORD, 5]}))
    assert WORD not in repr(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_a_measure_that_the_engine_cannot_compute_refuses_without_a_value(tmp_path):
    from pipeline.records.validation import rows
    from pipeline.records.validation.rules import Rule

    rule = Rule(
        name="range:sex",
        columns=("sex",),
        sentence="",
        remedy="",
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": "sex", "min_value": 0, "max_value": 1},
        measures={"sex": "sex::DOUBLE"},
    )
    schema = SOURCES["census"]
    table = pa.table({"census_id": ["c"], "sex": [WORD], "source_file": ["f"], "row": [1]})
    pq.write_table(table, tmp_path / "part-0.parquet")
    batches = rows.Batches(schema=schema, typed=tmp_path, rows=10)
    with (
        duckdb.connect() as connection,
        pytest.raises(ValidationRefused, match="could not be read or measured") as refusal,
    ):
        rows.judge_rows(connection, [rule], batches=batches, failing=tmp_path / "failing.parquet")
    assert WORD not in repr(refusal.value)
    assert refusal.value.__suppress_context__


def test_validation_opens_no_connection_to_anywhere(monkeypatch):
    import pandas as pd

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    rule = between("amount", 0, 10, words=says("An amount is 0 to 10.", "Check amount."))
    (measure,) = rule.measures
    found = judge("drawn", [rule])(pd.DataFrame({measure: [5.0, 50.0, None]}))
    assert found["range:amount"].tolist() == [1]
