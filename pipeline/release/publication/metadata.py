"""CSVW: what each column of a CSV file is, for machines (W3C Metadata Vocabulary for Tabular Data)."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from pipeline.release.publication.columns import COLUMNS
from pipeline.release.publication.facts import Facts
from pipeline.release.publication.tables import PublishedTable
from pipeline.vocabulary.schemas.schema import Column

APOSTROPHE = (
    "Text that a spreadsheet would compute (=, +, -, @ or a tab first) is written with an apostrophe before it."
)


def csvw_text(table: PublishedTable, *, facts: Facts) -> str:
    """The CSVW metadata of a table's CSV file as JSON: titles, descriptions, data types, nulls, primary key."""
    schema, owner = table.schema, table.owner
    content = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": f"{table.name}.csv",
        "dialect": {"encoding": "utf-8", "header": True, "delimiter": ",", "lineTerminators": ["\n"]},
        "dc:title": table.title,
        "dc:description": f"{table.description} {APOSTROPHE}",
        "dc:publisher": facts.organisation,
        "dc:license": owner.licence if owner else facts.licence,
        "dc:source": owner.source if owner else facts.delivery,
        "tableSchema": {"columns": [_column(column) for column in schema.columns], "primaryKey": list(schema.key)},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _column(column: Column) -> dict[str, Any]:
    """One column. Text is never null: empty text is text, and may be part of the key."""
    meaning = COLUMNS[column.name]
    unit = f" Unit: {column.unit}." if column.unit else ""
    nulls: list[str] = [""] if column.nullable else []
    return {
        "name": column.name,
        "titles": [column.name, meaning.title],
        "dc:description": meaning.description + unit,
        "datatype": _datatype(column),
        "required": not column.nullable,
        "null": nulls,
    }


def _datatype(column: Column) -> str | dict[str, str]:
    if pa.types.is_integer(column.type):
        return "integer"
    if pa.types.is_floating(column.type):
        return "number"
    return {"base": "string", "format": "|".join(column.allowed)} if column.allowed else "string"
