"""Code lists: which clinical codes mean a condition or a procedure, with where the list comes from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from pipeline.vocabulary.errors import Fault, RequestError


@dataclass(frozen=True, kw_only=True)
class Codelist:
    """A named list of codes.

    Attributes
    ----------
    name
        The name that an evaluation uses: the file's name without ``.csv``.
    source, version
        Who published it and which edition, as the file's own columns say.
    groups
        ``(code, group)`` in file order; the group is the published name of the procedure or condition.
    """

    name: str
    source: str
    version: str
    groups: tuple[tuple[str, str], ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes alone, in file order."""
        return tuple(code for code, _ in self.groups)


_COLUMNS = ("code", "group", "source", "version")


def read_codelist(path: Path) -> Codelist:
    """The code list in a CSV file with the columns ``code, group, source, version``.

    Raises
    ------
    RequestError
        If the file is missing, lacks a column, is empty, repeats a code, or gives more than one source or version.
    """
    if not path.is_file():
        remedy = "Add the CSV file to evaluations/codelists."
        raise RequestError(Fault(what=f"code list {path.stem} is not there", file=path.name, remedy=remedy))
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            what = f"a code list has the columns {', '.join(_COLUMNS)}; missing: {', '.join(missing)}"
            raise RequestError(Fault(what=what, file=path.name))
        rows = list(reader)
    codes = [row["code"] for row in rows]
    origins = {(row["source"], row["version"]) for row in rows}
    if not all(codes) or not rows or len(set(codes)) != len(codes) or len(origins) != 1:
        what = "a code list needs at least one code, each once, with one source and version"
        raise RequestError(Fault(what=what, file=path.name))
    ((source, version),) = origins
    groups = tuple((row["code"], row["group"]) for row in rows)
    return Codelist(name=path.stem, source=source, version=version, groups=groups)
