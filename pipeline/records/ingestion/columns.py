"""Which of a file's columns is which, by the owner's names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.vocabulary.errors import DeliveryRefused, Fault
from pipeline.vocabulary.schemas.schema import Schema

_NUMBER = re.compile(r"(\d+)")


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
    """The columns that a name in ``configs/columns.toml`` stands for.

    ``A_01..A_20`` is twenty, ``Gt 00 To 01..Gt 03 To 04`` four (every number that differs goes up by one), ``A..B + C``
    those of ``A..B`` and then ``C``; any other name is one.
    """
    return tuple(name for part in named.split(" + ") for name in _series(part))


def _series(named: str) -> tuple[str, ...]:
    ends = [_NUMBER.split(end) for end in named.split("..")]
    if len(ends) != 2 or ends[0][::2] != ends[1][::2]:  # noqa: PLR2004 - a first and a last
        return (named,)
    steps = [int(last) - int(first) for first, last in zip(ends[0][1::2], ends[1][1::2], strict=True)]
    if len({step for step in steps if step}) != 1:
        return (named,)
    return tuple("".join(_moved(ends[0], steps, by)) for by in range(max(steps) + 1))


def _moved(first: Sequence[str], steps: Sequence[int], by: int) -> Iterator[str]:
    """The parts of a name, text and numbers in turn, ``by`` places after the first; numbers keep their width."""
    yield first[0]
    for number, text, step in zip(first[1::2], first[2::2], steps, strict=True):
        yield f"{int(number) + by:0{len(number)}d}" if step else number
        yield text


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
            older += [f"{_shortly(whole)} as {_shortly(newest)}"] if whole is not newest else []
        elif column.required:
            missing += [name for name, held in newest.items() if held is None]
        else:
            absent.append(column.name)
    used = {name for names in found.values() for name in names}
    unknown = tuple(name for name in header if name not in used)
    return Match(found=found, missing=tuple(missing), absent=tuple(absent), unknown=unknown, older=tuple(older))


def _shortly(names: Iterable[str]) -> str:
    """One name, or the first and the last of several."""
    first, *others = names
    return f"{first} to {others[-1]}" if others else first


def _look_up(named: str, header: Sequence[str]) -> dict[str, str | None]:
    """Each of the owner's names with the file's own name for it, or ``None``."""
    return {name: _find(name, header) for name in owners_names(named)}


def _find(name: str, header: Sequence[str]) -> str | None:
    """The column called ``name``: exactly, else the only one that differs in case; ``None`` if there is not one."""
    exact = [held for held in header if held == name]
    alike = exact or [held for held in header if held.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None
