"""A table is its schema: column, type, unit, key, allowed values and disclosure role, declared once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from pipeline.vocabulary.errors import Fault, SchemaError

Role = Literal["identifier", "characteristic", "outcome", "count", "statistic", "label", "published"]
"""What a column means for disclosure. ``published``: a figure that its owner has published, under the owner's rules."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its Arrow type, whether null is allowed, what it may hold and what it means for disclosure.

    A column that is not ``required`` may be absent from a delivered file; it is then null.
    """

    name: str
    type: pa.DataType
    role: Role = "label"
    unit: str = ""
    nullable: bool = True
    required: bool = True
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A named table: its grain in words, its columns in order, its key."""

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def of_rows(self, rows: Iterable[Mapping[str, object]]) -> pa.Table:
        """Rows as a table that conforms; a row that lacks a column has null there.

        Raises
        ------
        SchemaError
            As :meth:`conform`.
        """
        loose = pa.schema([(column.name, column.type) for column in self.columns])
        return self.conform(pa.Table.from_pylist(list(rows), schema=loose))

    def conform(self, table: pa.Table) -> pa.Table:
        """The table with this schema's columns, order and types: a stage's last line.

        Raises
        ------
        SchemaError
            If a column is missing, cannot take its type, holds nulls or values that are not allowed, or the key
            repeats. Says which columns and how many rows, never a value.
        """
        missing = [name for name in self.names if name not in table.column_names]
        if missing:
            raise SchemaError([Fault(what="column is missing", source=self.name, column=name) for name in missing])
        try:
            cast = table.select(list(self.names)).cast(pa.schema([pa.field(c.name, c.type) for c in self.columns]))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise SchemaError(Fault(what="a column does not have its declared type", source=self.name)) from None
        faults = [*self._null_faults(cast), *self._value_faults(cast), *self._key_faults(cast)]
        if faults:
            raise SchemaError(faults)
        return cast.cast(self.arrow)

    def _null_faults(self, table: pa.Table) -> list[Fault]:
        required = [column.name for column in self.columns if not column.nullable]
        return [
            Fault(what="value is missing", source=self.name, column=name, count=table[name].null_count)
            for name in required
            if table[name].null_count
        ]

    def _value_faults(self, table: pa.Table) -> list[Fault]:
        import pyarrow.compute as pc

        faults = []
        for column in self.columns:
            if not column.allowed:
                continue
            values = table[column.name]
            allowed = pc.is_in(values, value_set=pa.array(column.allowed, column.type))
            outside = pc.sum(pc.and_(pc.invert(allowed), pc.is_valid(values))).as_py() or 0
            if outside:
                faults.append(
                    Fault(what="value is not one of those allowed", source=self.name, column=column.name, count=outside)
                )
        return faults

    def _key_faults(self, table: pa.Table) -> list[Fault]:
        if not self.key or not table.num_rows:
            return []
        distinct = table.group_by(list(self.key)).aggregate([]).num_rows
        repeated = table.num_rows - distinct
        if not repeated:
            return []
        return [Fault(what="key repeats", source=self.name, column=", ".join(self.key), count=repeated)]
