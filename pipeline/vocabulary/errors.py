"""What can go wrong, as one tree.

::

    CausewayError
    ├── RequestError            exit code 2   the request or the configuration is wrong
    ├── DataRefused             exit code 3   the data cannot be used as delivered
    │   ├── DeliveryRefused                   a file, a column or a digest
    │   ├── ValidationRefused                 more rejected rows than the configured tolerance
    │   ├── LinkageRefused                    one identifier, several people
    │   ├── SchemaError                       a stage would return a table that breaks its schema
    │   └── NotEstimable                      the panel cannot answer the question
    ├── DisclosureError         exit code 4   a number may not leave
    └── ApprovalError           exit code 5   a release lacks what its profile demands

A message says what is wrong, where, how many and what to do, for every fault at once.
It carries names, counts and rules; never the value of a record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong: what, where, how many, what to do.

    Attributes
    ----------
    what
        The fault in words, for example ``"required column is missing"``.
    source, file, column
        Where it is; empty where that does not apply.
    count
        How many rows, files or ids are concerned; ``None`` where counting makes no sense.
    unit
        What ``count`` counts (``"rows"``, ``"files"``, ``"ids"``).
    remedy
        What the reader should do.
    """

    what: str
    source: str = ""
    file: str = ""
    column: str = ""
    count: int | None = None
    unit: str = "rows"
    remedy: str = ""

    def __str__(self) -> str:
        places = (("source", self.source), ("file", self.file), ("column", self.column))
        where = ", ".join(f"{word} {name}" for word, name in places if name)
        what = f"{where}: {self.what}" if where else self.what
        many = "" if self.count is None else f" ({self.count:,} {self.unit})"
        return f"{what}{many}." + (f" {self.remedy}" if self.remedy else "")


class CausewayError(Exception):
    """A refusal with a reason. ``exit_code`` is what the command line returns for it."""

    exit_code = 1

    def __init__(self, faults: str | Fault | Iterable[Fault]) -> None:
        if isinstance(faults, str):
            faults = Fault(what=faults.rstrip("."))
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__(" ".join(str(fault) for fault in self.faults))


class RequestError(CausewayError):
    """The request or the configuration is wrong."""

    exit_code = 2


class DataRefused(CausewayError):
    """The data cannot be used as delivered."""

    exit_code = 3


class DeliveryRefused(DataRefused):
    """A file, a column or a digest of the delivery is not what the contract says."""


class ValidationRefused(DataRefused):
    """A source has more rejected rows than its configured tolerance."""


class LinkageRefused(DataRefused):
    """A link table joins one identifier to several people."""


class SchemaError(DataRefused):
    """A stage would return a table that breaks its schema."""


class NotEstimable(DataRefused):
    """The panel cannot answer the question: nobody treated, nobody to compare with, no reference."""


class DisclosureError(CausewayError):
    """A number may not leave the secure environment."""

    exit_code = 4


class ApprovalError(CausewayError):
    """A release lacks what its profile demands."""

    exit_code = 5
