"""Rows of the estimates table, in published units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.vocabulary.effects import EventStudy
from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import AFTER_TREATMENT

Number = float | int | list[float | None] | None
"""What a number column of the table of estimates holds."""

_NUMBERS = {
    "estimate": "att",
    "std_error": "std_error",
    "ci_lower": "ci_lower",
    "ci_upper": "ci_upper",
    "band_lower": "band_lower",
    "band_upper": "band_upper",
}


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the rows of one result are about."""

    protocol: Protocol
    estimator: str
    outcome: Outcome

    @property
    def price_base(self) -> str:
        """The year of the prices, or nothing where the outcome is not deflated."""
        prices = self.protocol.evaluation.prices
        return str(prices.base_year) if self.outcome.prices and prices is not None else ""


def nothing(bins: int) -> dict[str, Number]:
    """The numbers of an effect that has none, among so many bins."""
    return dict.fromkeys((*_NUMBERS, "n_treated", "n_comparison")) | {"residual_df": 0, "covariance": [None] * bins}


def labels(context: Context, *, role: str, months: tuple[int, int]) -> dict[str, object]:
    """What a row of a result for everybody says besides its numbers: of which bin, in which unit, in which role."""
    return {
        "evaluation": context.protocol.name,
        "design": context.protocol.evaluation.design.kind,
        "estimator": context.estimator,
        "role": role,
        "outcome": context.outcome.name,
        "unit": context.outcome.unit,
        "price_base": context.price_base,
        "subgroup": "all",
        "subgroup_value": "",
        "period": period(context.protocol, *months),
        "months_from": months[0],
        "months_to": months[1],
        "obs_status": "",
        "evidence": _evidence("all"),
    }


def rows(study: EventStudy, context: Context, *, role: str) -> list[dict[str, object]]:
    """One row a level and bin; what is not identified is null."""
    scale = context.outcome.scale
    frame = study.event_study()
    covariance = study.covariance * scale**2
    found = []
    for place, row in enumerate(frame.to_dict("records")):
        found.append(
            {
                **labels(context, role=role, months=(row["months_from"], row["months_to"])),
                "subgroup": study.subgroup,
                "subgroup_value": row["subgroup_value"],
                **{name: _known(row[column] * scale) for name, column in _NUMBERS.items()},
                "n_treated": row["n_treated"],
                "n_comparison": row["n_comparison"],
                "evidence": _evidence(study.subgroup),
                "residual_df": study.residual_df,
                "covariance": [_known(value) for value in covariance[place]],
            }
        )
    return found


def period(protocol: Protocol, first: int, last: int) -> str:
    """A bin in words: ``months 55 to 60``, ``month 1``; for a linked panel ``wave +1`` is the index wave."""
    design = protocol.evaluation.design
    word, signed = design.period_unit, "d" if design.dated else "+d"
    if first == last:
        return f"{word} {first:{signed}}"
    return f"{word}s {first:{signed}} to {last:{signed}}"


def _evidence(subgroup: str) -> str:
    """What is to be said of a row's credibility beside its number, before anybody has assessed it."""
    return "descriptive, split after treatment; not assessed" if subgroup in AFTER_TREATMENT else "not assessed"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
