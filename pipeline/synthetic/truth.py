"""The true effects, averaged over the people and the months that each evaluation will include."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.benefits import DISABILITY_ONLY, INCAPACITY_ONLY, expected_claims, monthly_amount
from pipeline.synthetic.calendar import MONTHS
from pipeline.synthetic.population import Population
from pipeline.synthetic.studied import Studied
from pipeline.synthetic.work import expected_work

_COLUMNS = ("evaluation", "outcome", "subgroup", "subgroup_value", "months_from", "months_to", "effect")
_DECIMALS = 6
_PEOPLE_AT_ONCE = 25_000


@dataclass(frozen=True, kw_only=True)
class Months:
    """Person-months of included people: their bin, their person, and the sums that effects are made of.

    Attributes
    ----------
    differences
        For each outcome what the treatment changes in the month, in published units.
    weights
        For each outcome what the month counts for in a mean.
    """

    bin: NDArray[np.int64]
    person: NDArray[np.int64]
    differences: dict[str, NDArray[np.float64]]
    weights: dict[str, NDArray[np.float64]]


def true_effects(studied: Sequence[Studied], population: Population) -> pa.Table:
    """``effects.csv``: expected differences between outcomes with and without the treatment of each evaluation.

    Pay, pay in work and benefits in pounds a month of 2023, employment and receipt in percentage points. Pay in work
    is averaged over person-months weighted by the probability of being in work with the treatment: those who are seen
    in work.
    """
    rows = [row for study in studied for row in _rows(study, population)]
    columns = zip(*sorted(rows), strict=True)
    return pa.table({name: list(column) for name, column in zip(_COLUMNS, columns, strict=True)})


def _rows(study: Studied, drawn: Population) -> Iterator[tuple[str, str, str, str, int, int, float]]:
    """The rows of one evaluation, its people taken some at a time so that memory does not grow with them."""
    sums: dict[tuple[str, str], NDArray[np.float64]] = {}
    for start in range(0, max(len(study.who), 1), _PEOPLE_AT_ONCE):
        some = study.of(slice(start, start + _PEOPLE_AT_ONCE))
        months = _months(some, drawn)
        for subgroup, (levels, codes) in some.levels.items():
            for outcome in months.differences:
                found = _sums(months, codes, outcome=outcome, shape=(len(levels), len(study.window.binned)))
                sums[subgroup, outcome] = sums.get((subgroup, outcome), 0.0) + found
    for (subgroup, outcome), found in sums.items():
        for level, cells in zip(study.levels[subgroup][0], np.moveaxis(found, 1, 0), strict=True):
            for bin_, total, mass in zip(study.window.binned, *cells, strict=True):
                if not bin_.reference and mass > 0:
                    effect = round(float(total / mass), _DECIMALS) + 0.0
                    yield study.evaluation, outcome, subgroup, level, bin_.first, bin_.last, effect


def _sums(months: Months, codes: NDArray[np.integer], *, outcome: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    """``(2, levels, bins)``: differences times weights, and weights, summed over the months of each level and bin.

    People whose level is not among the declared ones are in no sum.
    """
    level = codes[months.person].astype(np.int64)
    known = (level >= 0) & (level < shape[0])
    cell = level[known] * shape[1] + months.bin[known]
    weight = months.weights[outcome][known]
    parts = (weight * months.differences[outcome][known], weight)
    return np.stack([np.bincount(cell, part, minlength=shape[0] * shape[1]).reshape(shape) for part in parts])


def _months(study: Studied, drawn: Population) -> Months:
    """Observed person-months: in the event window and the calendar window, before the month of death."""
    window, who = study.window, study.who
    event_time = MONTHS[None, :] - study.month[:, None] + 1
    observed = (event_time >= -window.before) & (event_time <= window.after)
    observed &= drawn.people.death_month[who, None] > MONTHS[None, :]
    person, _ = np.nonzero(observed)
    position = np.repeat(np.arange(len(window.binned)), [b.last - b.first + 1 for b in window.binned])
    differences, weights = _of_work(study, drawn)
    for name, change in _of_benefits(study, drawn).items():
        differences[name], weights[name] = change, np.ones_like(change)
    differences = {name: study.times * change for name, change in differences.items()}
    return Months(
        bin=position[event_time[observed] + window.before],
        person=person,
        differences={name: values[observed] for name, values in differences.items()},
        weights={name: values[observed] for name, values in weights.items()},
    )


def _of_work(
    study: Studied, drawn: Population
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """``(n, T)`` differences in employment and pay, and the weights of months."""
    given = {"rows": study.who, "knobs": drawn.knobs}
    treated = expected_work(drawn.people, study.given or drawn.treatment, **given)  # type: ignore[arg-type] # the keywords above
    without = expected_work(drawn.people, study.counterfactual or drawn.treatment, **given, **study.treatments)  # type: ignore[arg-type] # and these
    p1, w1 = treated.in_work.astype(np.float64), treated.pay_in_work.astype(np.float64)
    p0, w0 = without.in_work.astype(np.float64), without.pay_in_work.astype(np.float64)
    differences = {"employed": 100 * (p1 - p0), "pay": p1 * w1 - p0 * w0, "pay_in_work": w1 - w0}
    once = np.ones_like(p1)
    return differences, {"employed": once, "pay": once, "pay_in_work": p1}


def _of_benefits(study: Studied, drawn: Population) -> dict[str, NDArray[np.float64]]:
    """``(n, T)`` differences in benefits."""
    given, without = (
        expected_claims(drawn.claimants, treated, rows=study.who, knobs=drawn.knobs, **how).astype(np.float64)
        for treated, how in (
            (study.given or drawn.treatment, {}),
            (study.counterfactual or drawn.treatment, study.treatments),
        )
    )
    kind = drawn.claimants.kind[study.who]
    change = given - without
    return {
        "benefits": 100 * change,
        "incapacity_benefits": 100 * change * (kind != DISABILITY_ONLY)[:, None],
        "disability_benefits": 100 * change * (kind != INCAPACITY_ONLY)[:, None],
        "benefit_amount": change * monthly_amount(kind),
    }
