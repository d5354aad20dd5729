"""A source's typed rows held against its suite: what fails is quarantined, counted and reported."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine.database import parquet
from pipeline.engine.store import write_note, write_table
from pipeline.records.validation.quarantine import rejections, write_quarantine
from pipeline.records.validation.refusal import refusals
from pipeline.records.validation.result import RuleResult, Validation
from pipeline.records.validation.rows import Batches, judge_rows, judge_whole
from pipeline.records.validation.rules import Rule
from pipeline.records.validation.suites import suite
from pipeline.vocabulary.schemas.schema import Schema


def validate(  # noqa: PLR0913 - what is judged, by which limits, and where it goes: each named by the caller
    connection: duckdb.DuckDBPyConnection,
    *,
    schema: Schema,
    typed: Path,
    rejected: Path,
    ingestion: Mapping[str, Any],
    rows_per_batch: int,
    tolerance: float,
    target: Path,
    cut_off: date | None = None,
) -> Validation:
    """What holds and what fails in one source of a delivery.

    Writes ``target/quarantine/`` (``source, source_file, row, key, rules``, one row a quarantined row) and
    ``target/validation.json``. Dirty data do not raise here; :func:`accept` refuses them.

    Parameters
    ----------
    typed, rejected
        Ingestion's folders of Parquet: rows with the schema's columns, ``source_file`` and ``row``; and rows that it
        rejected, with ``source_file``, ``row``, the key and ``rules``.
    ingestion
        Its counts: ``rows_delivered``, ``exact_duplicates``, ``superseded``, ``unknown_columns`` and ``older_names``.
    tolerance
        The largest share of delivered rows that may be quarantined.
    cut_off
        The last day that the delivery covers; nothing may be dated after it.

    Raises
    ------
    ValidationRefused
        If the rules could not be evaluated at all.
    """
    quarantine = target / "quarantine"
    quarantine.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        failing = Path(scratch) / "failing.parquet"
        batches = Batches(schema=schema, typed=_with_a_file(typed, schema, Path(scratch)), rows=rows_per_batch)
        results = _held(connection, suite(schema, cut_off=cut_off), batches=batches, failing=failing)
        quarantined = write_quarantine(connection, schema, failing=failing, rejected=rejected, folder=quarantine)
        typed_rows = sum(pq.read_metadata(file).num_rows for file in batches.typed.glob("*.parquet"))
        accepted = typed_rows - pq.read_metadata(failing).num_rows
    delivered = int(ingestion.get("rows_delivered", accepted + quarantined))
    found = Validation(
        source=schema.name,
        rows_delivered=delivered,
        rows_typed=typed_rows,
        rows_accepted=accepted,
        rows_quarantined=quarantined,
        share=quarantined / max(delivered, 1),
        exact_duplicates=int(ingestion.get("exact_duplicates", 0)),
        superseded=int(ingestion.get("superseded", 0)),
        unknown_columns=_names(ingestion.get("unknown_columns", ())),
        older_names=_names(ingestion.get("older_names", ())),
        tolerance=tolerance,
        rules=results,
        rejections=rejections(connection, rejected),
    )
    validation = replace(found, faults=refusals(connection, found, quarantine=quarantine))
    write_note(validation.note(), target, "validation")
    return validation


def _held(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], *, batches: Batches, failing: Path
) -> tuple[RuleResult, ...]:
    """Every rule's result: on rows first, then on the source as it stands without the rows that failed."""
    by_row = [rule for rule in rules if rule.scope == "row"]
    by_source = [rule for rule in rules if rule.scope == "source"]
    judged = judge_rows(connection, by_row, batches=batches, failing=failing)
    kept = f"SELECT t.* FROM {parquet(batches.typed)} t ANTI JOIN {parquet([failing])} f USING (source_file, row)"
    wrong = judge_whole(connection, by_source, source=batches.schema.name, typed=kept)
    counts = {**judged.failing, **wrong}
    return tuple(RuleResult.of(rule, checked=judged.checked, failing=counts[rule.name]) for rule in rules)


def _with_a_file(typed: Path, schema: Schema, scratch: Path) -> Path:
    """The folder of typed rows; one with an empty table where ingestion could type none."""
    if any(typed.glob("*.parquet")):
        return typed
    place = [pa.field("source_file", pa.string()), pa.field("row", pa.int64())]
    write_table(pa.schema([*schema.arrow, *place]).empty_table(), scratch / "typed")
    return scratch / "typed"


def _names(unknown: Mapping[str, Iterable[str]] | Iterable[str]) -> tuple[str, ...]:
    """Column names once each, in alphabetical order, from a list or from lists by file."""
    lists = unknown.values() if isinstance(unknown, Mapping) else [unknown]
    return tuple(sorted({name for names in lists for name in names}))
