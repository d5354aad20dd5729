"""Whether a CSV file is whole: what DuckDB's reader lets pass or quotes in its messages is found here instead.

DuckDB drops the rows after a quote that is never closed, without a word; so the rows it read are counted against the
lines of the file.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

_BLOCK = 1 << 20
_FIELD = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
_QUOTED_NAMES = re.compile(r'"[^"]*"(?:[;|\t]"[^"]*")+\s*')
_WHOLE_FIELDS = re.compile(rf"(?:{_FIELD},)*")
_WHOLE_LINE = re.compile(rf"{_FIELD}(?:,{_FIELD})*\r?\n?")

NOT_UTF8 = "text is not UTF-8"
BROKEN_QUOTE = "a quote is not closed"
OTHER_WIDTH = "a line has another number of values than the header"
OTHER_DELIMITER = "the header's names are not separated by commas"
DAMAGED = "the compressed file is damaged or cut short"


class Unreadable(Exception):
    """Why the file cannot be read, as one of this module's phrases."""


def header(path: Path) -> tuple[str, ...]:
    """The column names of the first line.

    Raises
    ------
    Unreadable
        If the first line is not CSV in UTF-8.
    """
    line = ""
    try:
        line = next(_lines(path), b"").decode("utf-8-sig")
        return tuple(next(csv.reader([line], strict=True), []))
    except UnicodeDecodeError:
        raise Unreadable(NOT_UTF8) from None
    except csv.Error:
        raise Unreadable(OTHER_DELIMITER if _QUOTED_NAMES.fullmatch(line) else BROKEN_QUOTE) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise Unreadable(DAMAGED) from None


def count_lines(path: Path) -> int:
    """How many lines the file has, the header and a last line without an end included.

    Raises
    ------
    Unreadable
        If it is not UTF-8, or compressed and damaged.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    ends, last = 0, b"\n"
    try:
        with _opened(path) as stream:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
                ends += block.count(b"\n")
                last = block[-1:]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Unreadable(NOT_UTF8) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise Unreadable(DAMAGED) from None
    return ends + (last != b"\n")


def count_records(path: Path) -> int | None:
    """How many rows a strict reader finds below the header; ``None`` if it does not accept the file.

    For files whose values hold line breaks; slow.
    """
    with _opened(path) as stream:
        rows = csv.reader(codecs.iterdecode(stream, "utf-8"), strict=True)
        try:
            return sum(1 for row in rows if row) - 1
        except csv.Error:
            return None


def broken_lines(path: Path, columns: Sequence[str]) -> Counter[tuple[str, str]]:
    """How many lines have which fault in which column."""
    faults: Counter[tuple[str, str]] = Counter()
    for number, line in enumerate(_lines(path)):
        if number and line.strip():
            faults.update(_faults(line, columns))
    return faults


def _faults(line: bytes, columns: Sequence[str]) -> set[tuple[str, str]]:
    """Each fault of a line with the column it is in."""
    try:
        written = line.decode("utf-8")
    except UnicodeDecodeError as error:
        before = line[: error.start].decode("utf-8")
        return {(NOT_UTF8, _column(_position(before), columns))}
    if _WHOLE_LINE.fullmatch(written) is None:
        return {(BROKEN_QUOTE, _column(_position(written), columns))}
    width = len(next(csv.reader([written])))
    if width != len(columns):
        return {(OTHER_WIDTH, _column(min(width, len(columns) - 1), columns))}
    return set()


def _position(written: str) -> int:
    """How many whole fields the text starts with."""
    match = _WHOLE_FIELDS.match(written)
    whole = match.group() if match else ""
    return len(next(csv.reader([whole]))) - 1 if whole else 0


def _column(position: int, columns: Sequence[str]) -> str:
    return columns[min(position, len(columns) - 1)]


def _lines(path: Path) -> Iterator[bytes]:
    with _opened(path) as stream:
        yield from stream


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, decompressed."""
    with path.open("rb") as stored:
        if path.name.lower().endswith(".gz"):
            with gzip.GzipFile(fileobj=stored) as plain:
                yield cast("IO[bytes]", plain)
        else:
            yield stored
