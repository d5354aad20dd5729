"""How one source is read beyond its types: the file of this name in ``sources/`` says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

from pipeline.records.ingestion import conversion
from pipeline.records.ingestion.conversion import Conversion
from pipeline.vocabulary.schemas.schema import Column


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is particular to a source.

    Attributes
    ----------
    conversions
        For columns whose type does not say it all.
    aligned
        List column to the list column whose length it takes.
    redelivered
        Key of a record that owners deliver again when it changes; empty if they do not.
    latest
        SQL that orders deliveries of one record, over the typed columns: the largest is the one that counts.
    current
        SQL over the typed columns that says whether a row is to count: one that its owner has replaced, or that is
        a total of other rows, counts as superseded.
    """

    conversions: Mapping[str, Conversion] = field(default_factory=dict)
    aligned: Mapping[str, str] = field(default_factory=dict)
    redelivered: tuple[str, ...] = ()
    latest: tuple[str, ...] = ()
    current: str = "true"

    def conversion(self, column: Column) -> Conversion:
        """How a column of this source is converted."""
        return self.conversions.get(column.name) or conversion.default(column.type)


def reading(source: str) -> Reading:
    """How ``source`` is read: ``sources/links_person.py`` for ``links/person``, by its types alone if there is none."""
    module = f"pipeline.records.ingestion.sources.{source.replace('/', '_').lower()}"
    if find_spec(module) is None:
        return Reading()
    found = import_module(module).READING
    assert isinstance(found, Reading)
    return found
