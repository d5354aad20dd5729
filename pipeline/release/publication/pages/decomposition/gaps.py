"""The published decomposition of one evaluation, as its chart, sentences and tables read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.effects import declaration, period_unit
from pipeline.vocabulary.outcomes import Outcome

GAP_PARTS = ("timing_group_weights", "other_months_after", "months_before", "not_told_apart")
COMPARISONS = (
    "treated_versus_never_treated",
    "earlier_versus_later_treated",
    "later_versus_earlier_treated",
    "not_by_pairs",
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One row: ``value`` and weights are ``None`` where withheld, weights also where the row has none."""

    name: str
    treated_in: str
    value: float | None
    above: float | None
    below: float | None
    n_treated: int | None
    n_comparison: int | None
    suppressed: bool


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One bin: both estimates, the parts between them, and what people treated in each year or period add.

    ``std_error`` is that of the fixed-effects estimate; ``None`` where it is not published.
    """

    first: int
    last: int
    fixed_effects: Part
    sun_abraham: Part
    parts: tuple[Part, ...]
    timing: tuple[Part, ...]
    std_error: float | None

    @property
    def size(self) -> float | None:
        """Fixed effects less Sun-Abraham; ``None`` where one is withheld."""
        if self.fixed_effects.value is None or self.sun_abraham.value is None:
            return None
        return self.fixed_effects.value - self.sun_abraham.value

    @property
    def shown(self) -> bool:
        """Whether the gap's parts are published; they are all or none."""
        return self.size is not None and all(part.value is not None for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class OutcomeGaps:
    """Everything published about why two estimators of one outcome differ, in order of event time.

    ``comparisons`` of timing groups, and what these leave over, are what ``static`` is made of.
    """

    outcome: Outcome
    price_base: str
    period_unit: str
    gaps: tuple[Gap, ...]
    static: Part | None
    comparisons: tuple[Part, ...]


def outcome_gaps(release: Release) -> Mapping[str, OutcomeGaps]:
    """The decomposition of each outcome that has one, by the outcome's name."""
    evaluation = declaration(release)
    rows = release.decomposition.to_pylist()
    unit = period_unit(evaluation)
    by_outcome = {one.name: [row for row in rows if row["outcome"] == one.name] for one in evaluation.outcomes}
    return {
        one.name: _of_outcome(one, by_outcome[one.name], unit=unit, errors=_errors(release, one.name))
        for one in evaluation.outcomes
        if by_outcome[one.name]
    }


def _errors(release: Release, outcome: str) -> Mapping[tuple[int, int], float | None]:
    """The standard errors of the fixed-effects estimates for everybody, by bin; the headline's where there are more."""
    rows = [
        row
        for row in release.estimates.to_pylist()
        if (row["estimator"], row["outcome"], row["subgroup"]) == ("ons_fixed_effects", outcome, "all")
    ]
    rows.sort(key=lambda row: str(row["role"]), reverse=True)
    return {(row["months_from"], row["months_to"]): row["std_error"] for row in rows}


def _of_outcome(
    outcome: Outcome, rows: list[dict[str, Any]], *, unit: str, errors: Mapping[tuple[int, int], float | None]
) -> OutcomeGaps:
    bins = sorted({(row["months_from"], row["months_to"]) for row in rows if row["part"] == "fixed_effects"})
    static = [_part(row) for row in rows if row["part"] == "static"]
    return OutcomeGaps(
        outcome=outcome,
        price_base=rows[0]["price_base"],
        period_unit=unit,
        gaps=tuple(_gap(*bin_, rows, std_error=errors.get(bin_)) for bin_ in bins),
        static=static[0] if static else None,
        comparisons=tuple(_part(row) for name in COMPARISONS for row in rows if row["part"] == name),
    )


def _gap(first: int, last: int, rows: list[dict[str, Any]], *, std_error: float | None) -> Gap:
    mine = [_part(row) for row in rows if (row["months_from"], row["months_to"]) == (first, last)]
    named = {part.name: part for part in mine if part.name != "timing_group"}
    timing = (part for part in mine if part.name == "timing_group")
    return Gap(
        first=first,
        last=last,
        fixed_effects=named["fixed_effects"],
        sun_abraham=named["sun_abraham"],
        parts=tuple(named[name] for name in GAP_PARTS if name in named),
        timing=tuple(sorted(timing, key=lambda part: (len(part.treated_in), part.treated_in))),
        std_error=std_error,
    )


def _part(row: dict[str, Any]) -> Part:
    return Part(
        name=row["part"],
        treated_in=row["treated_in"],
        value=row["estimate"],
        above=row["positive_weight"],
        below=row["negative_weight"],
        n_treated=row["n_treated"],
        n_comparison=row["n_comparison"],
        suppressed=row["obs_status"] == "c",
    )
