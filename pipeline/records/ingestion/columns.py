"""Which of a file's columns is which, by the owner's names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.vocabulary.errors import DeliveryRefused, Fault
from pipeline.vocabulary.schemas.schema import Schema

_SERIES = re.compile(r"(?P<stem>.*?)(?P<first>\d+)\.\.(?P=stem)(?P<last>\d+)")


@dataclass(frozen=True, kw_only=True)
class Match:
    """A file's header read with the owner's names.

    Attributes
    ----------
    found
        Causeway's name to the file's own column names, one but for list columns.
    missing
        The owner's names of required columns that are not there, or there more than once.
    absent
        Causeway's names of columns that may be absent and are.
    unknown
        The file's columns that nothing asks for.
    older
        Columns that stand under an older name, each as ``OLD as NEW``.
    """

    found: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]
    absent: tuple[str, ...]
    unknown: tuple[str, ...]
    older: tuple[str, ...] = ()


def versions(named: str) -> tuple[str, ...]:
    """The names of a column in the owner's versions, newest first: ``NEW | OLD`` in ``configs/columns.toml``."""
    return tuple(name.strip() for name in named.split("|"))


def owners_names(named: str) -> tuple[str, ...]:
    """The columns that a name in ``configs/columns.toml`` stands for: ``A_01..A_20`` is twenty, any other name one."""
    series = _SERIES.fullmatch(named)
    if series is None:
        return (named,)
    width = len(series["first"])
    numbers = range(int(series["first"]), int(series["last"]) + 1)
    return tuple(f"{series['stem']}{number:0{width}d}" for number in numbers)


def match_columns(header: Sequence[str], *, schema: Schema, columns: Mapping[str, str]) -> Match:
    """What ``header`` holds of ``schema``.

    Raises
    ------
    DeliveryRefused
        If ``columns`` has no owner's name for a column of the schema.
    """
    unnamed = [name for name in schema.names if name not in columns]
    if unnamed:
        remedy = "Add it to configs/columns.toml."
        raise DeliveryRefused(
            [Fault(what="no owner's name is configured", source=schema.name, column=c, remedy=remedy) for c in unnamed]
        )
    found: dict[str, tuple[str, ...]] = {}
    missing: list[str] = []
    absent: list[str] = []
    older: list[str] = []
    for column in schema.columns:
        newest, *earlier = (_look_up(name, header) for name in versions(columns[column.name]))
        whole = next((held for held in (newest, *earlier) if None not in held.values()), None)
        if whole is not None:
            found[column.name] = tuple(name for name in whole.values() if name is not None)
            older += [f"{', '.join(whole)} as {', '.join(newest)}"] if whole is not newest else []
        elif column.required:
            missing += [name for name, held in newest.items() if held is None]
        else:
            absent.append(column.name)
    used = {name for names in found.values() for name in names}
    unknown = tuple(name for name in header if name not in used)
    return Match(found=found, missing=tuple(missing), absent=tuple(absent), unknown=unknown, older=tuple(older))


def _look_up(named: str, header: Sequence[str]) -> dict[str, str | None]:
    """Each of the owner's names with the file's own name for it, or ``None``."""
    return {name: _find(name, header) for name in owners_names(named)}


def _find(name: str, header: Sequence[str]) -> str | None:
    """The column called ``name``: exactly, else the only one that differs in case; ``None`` if there is not one."""
    exact = [held for held in header if held == name]
    alike = exact or [held for held in header if held.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None
