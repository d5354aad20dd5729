"""The flow diagram: who was there, who left for what reason, who remains, in each arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.words import count

_ARMS = {"treated": "Treated people", "comparison": "Comparison people"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One box: why people left (or who was there at first), how many did, how many remain."""

    reason: str
    excluded: str
    remaining: str


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One arm from everybody delivered to those analysed."""

    arm: str
    start: Step
    exclusions: tuple[Step, ...]
    analysed: str


def flows(release: Release) -> tuple[Flow, ...]:
    """The flow of each arm, in the order treated, comparison."""
    rows = release.attrition.to_pylist()
    arms = {arm: [row for row in rows if row["arm"] == arm] for arm in _ARMS}
    return tuple(_flow(arm, steps) for arm, steps in arms.items() if steps)


def _flow(arm: str, rows: list[dict[str, Any]]) -> Flow:
    start, *exclusions = (_step(row) for row in sorted(rows, key=lambda row: int(row["step"])))
    last = exclusions[-1] if exclusions else start
    return Flow(arm=_ARMS[arm], start=start, exclusions=tuple(exclusions), analysed=last.remaining)


def _step(row: dict[str, Any]) -> Step:
    suppressed = row["obs_status"] == "c"
    reason = row["reason"]
    return Step(
        reason=reason[:1].upper() + reason[1:],
        excluded=count(row["excluded"], suppressed=suppressed),
        remaining=count(row["remaining"], suppressed=suppressed),
    )
