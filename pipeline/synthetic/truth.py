"""The true effects, averaged over the people and the months that each evaluation will include."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.benefits import DISABILITY_ONLY, INCAPACITY_ONLY, expected_claims, monthly_amount
from pipeline.synthetic.calendar import MONTHS
from pipeline.synthetic.population import Population
from pipeline.synthetic.studied import Studied
from pipeline.synthetic.work import expected_work
from pipeline.vocabulary.windows import Window

_COLUMNS = ("evaluation", "outcome", "subgroup", "subgroup_value", "months_from", "months_to", "effect")
_DECIMALS = 6


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
    rows = []
    for study in studied:
        months = _months(study, population)
        for subgroup, (levels, codes) in study.levels.items():
            for code, level in enumerate(levels):
                within = (codes == code)[months.person]
                cells = _effects(months, within, window=study.window)
                rows += [(study.evaluation, outcome, subgroup, level, *cell) for outcome, cell in cells]
    columns = zip(*sorted(rows), strict=True)
    return pa.table({name: list(column) for name, column in zip(_COLUMNS, columns, strict=True)})


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
    therapy = {"in_therapy": study.treatments.get("in_therapy", True)}
    given, without = (
        expected_claims(drawn.claimants, treated, rows=study.who, knobs=drawn.knobs, **how).astype(np.float64)
        for treated, how in ((study.given or drawn.treatment, {}), (study.counterfactual or drawn.treatment, therapy))
    )
    kind = drawn.claimants.kind[study.who]
    change = given - without
    return {
        "benefits": 100 * change,
        "incapacity_benefits": 100 * change * (kind != DISABILITY_ONLY)[:, None],
        "disability_benefits": 100 * change * (kind != INCAPACITY_ONLY)[:, None],
        "benefit_amount": change * monthly_amount(kind),
    }


def _effects(months: Months, within: NDArray[np.bool_], *, window: Window) -> list[tuple[str, tuple[int, int, float]]]:
    """Each outcome's effect in each bin that has person-months, the reference left out."""
    number, size = months.bin[within], len(window.binned)
    found = []
    for outcome, change in months.differences.items():
        weight = months.weights[outcome][within]
        total = np.bincount(number, weight * change[within], minlength=size)
        mass = np.bincount(number, weight, minlength=size)
        found += [
            (outcome, (bounds.first, bounds.last, round(float(total[b] / mass[b]), _DECIMALS) + 0.0))
            for b, bounds in enumerate(window.binned)
            if not bounds.reference and mass[b] > 0
        ]
    return found
