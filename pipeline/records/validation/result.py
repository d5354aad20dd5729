"""What validation found out about a source: counts, names of rules and sentences, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pipeline.records.validation.rules import Rule, Scope, Severity
from pipeline.vocabulary.errors import Fault

Status = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """One rule held against a source.

    Attributes
    ----------
    checked
        Rows that were looked at; 1 for a rule on the source as a whole.
    failing
        Rows that fail, or what ``unit`` counts for a rule on the source as a whole.
    share
        ``failing / checked`` for rows; 1 or 0 for the source as a whole.
    status
        ``"pass"``: nothing fails; ``"warn"``: something does, and it is reported only; ``"fail"``: it is critical.
    """

    name: str
    columns: tuple[str, ...]
    sentence: str
    remedy: str
    severity: Severity
    scope: Scope
    unit: str
    checked: int
    failing: int
    share: float
    status: Status

    @classmethod
    def of(cls, rule: Rule, *, checked: int, failing: int) -> RuleResult:
        """The result of a rule that ``failing`` rows (or what its unit counts) of ``checked`` rows break."""
        whole = rule.scope == "source"
        return cls(
            name=rule.name,
            columns=rule.columns,
            sentence=rule.sentence,
            remedy=rule.remedy,
            severity=rule.severity,
            scope=rule.scope,
            unit=rule.unit,
            checked=1 if whole else checked,
            failing=failing,
            share=float(failing > 0) if whole else failing / max(checked, 1),
            status="pass" if not failing else "fail" if rule.severity == "critical" else "warn",
        )


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """How many rows ingestion rejected by one of its rules; one row may break several."""

    rule: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What validation found out about a source of a delivery.

    Attributes
    ----------
    rows_delivered
        All rows of all files: ``rows_accepted + rows_quarantined + exact_duplicates + superseded``.
    rows_typed
        Rows that ingestion could type, which is what the rules looked at.
    rows_quarantined
        Rows rejected by ingestion or failing a critical rule, each counted once.
    share
        ``rows_quarantined / rows_delivered``, held against ``tolerance``.
    superseded
        Earlier versions of rows that were delivered again.
    unknown_columns
        Columns outside the contract, which were kept out.
    older_names
        Columns read under an older name, as ``OLD as NEW``.
    faults
        Why the source is refused; empty where it is not.
    """

    source: str
    rows_delivered: int
    rows_typed: int
    rows_accepted: int
    rows_quarantined: int
    share: float
    exact_duplicates: int
    superseded: int
    unknown_columns: tuple[str, ...]
    tolerance: float
    rules: tuple[RuleResult, ...]
    rejections: tuple[Rejection, ...]
    faults: tuple[Fault, ...] = ()
    older_names: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the source may not be used."""
        return bool(self.faults)

    def note(self) -> dict[str, Any]:
        """The content of ``validation.json``; :meth:`read` takes it back."""
        return asdict(self) | {"refused": self.refused, "messages": [str(fault) for fault in self.faults]}

    @classmethod
    def read(cls, note: Mapping[str, Any]) -> Validation:
        """The validation that wrote a note."""
        counts = {name: note[name] for name in cls.__dataclass_fields__}
        rules = tuple(RuleResult(**(rule | {"columns": tuple(rule["columns"])})) for rule in note["rules"])
        rejections = tuple(Rejection(**rejection) for rejection in note["rejections"])
        faults = tuple(Fault(**fault) for fault in note["faults"])
        names = {name: tuple(note[name]) for name in ("unknown_columns", "older_names")}
        return cls(**(counts | names | {"rules": rules, "rejections": rejections, "faults": faults}))
