"""What a check of the comparison with untreated people says, before it is a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["pass", "review", "fail", "not evaluated"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A check's status, its figure and what it was held against, in one sentence for the reader."""

    check: str
    status: Status
    figure: float | None
    threshold: float | None
    sentence: str


def graded(figure: float, *, most: float, fail: float) -> Status:
    """Passes up to ``most``, fails above ``fail``, and is for review between them."""
    if figure <= most:
        return "pass"
    return "review" if figure <= fail else "fail"


def not_evaluated(check: str, sentence: str, *, threshold: float | None = None) -> Verdict:
    """No verdict, and why."""
    said = f"Not evaluated: {sentence}"
    return Verdict(check=check, status="not evaluated", figure=None, threshold=threshold, sentence=said)
