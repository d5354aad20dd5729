"""Who was excluded, for what reason, at which step: the counts that a flow diagram is drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Arm = Literal["treated", "comparison"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One exclusion in one arm: how many left and how many remain, in people."""

    arm: Arm
    reason: str
    excluded: int
    remaining: int


def attrition_table(steps: Iterable[Step]) -> pd.DataFrame:
    """The steps in order as a table with the columns ``arm, step, reason, excluded, remaining``.

    ``step`` counts from 0 within an arm: step 0 is who was there before any exclusion.
    """
    frame = pd.DataFrame([vars(step) for step in steps], columns=["arm", "reason", "excluded", "remaining"])
    frame.insert(1, "step", frame.groupby("arm", sort=False).cumcount())
    return frame.astype({"step": "int32", "excluded": "int64", "remaining": "int64"})
