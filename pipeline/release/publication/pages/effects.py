"""The published estimates of one evaluation, as charts, sentences and tables read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.words import as_heading, named
from pipeline.vocabulary.declared import request_error
from pipeline.vocabulary.designs import Waiting
from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.protocol import Evaluation
from pipeline.vocabulary.windows import Bin


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Both ends of an interval, in the outcome's published unit."""

    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A published estimate with its pointwise interval and its part of the simultaneous band."""

    value: float
    std_error: float | None
    interval: Interval
    band: Interval | None


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One row of the estimates.

    Attributes
    ----------
    first, last
        Event times it covers, inclusive; the index month is 1.
    estimate
        ``None`` where withheld or not estimable: then there is nothing to draw.
    n_treated, n_comparison
        Rounded people; ``None`` where withheld.
    suppressed
        Withheld by disclosure control.
    """

    subgroup: str
    level: str
    first: int
    last: int
    estimate: Estimate | None
    n_treated: int | None
    n_comparison: int | None
    suppressed: bool


@dataclass(frozen=True, kw_only=True)
class Series:
    """Effects for everybody by another estimator, or by the headline estimator in a declared run.

    Attributes
    ----------
    name
        As in the estimates' column ``estimator``.
    title
        The same in a few words.
    effects
        In order of event time, without the reference.
    placebo
        Whether every effect should be zero.
    reference
        The reference bins of a run; without any, they are the headline's.
    """

    name: str
    title: str
    effects: tuple[Effect, ...]
    placebo: bool = False
    reference: tuple[Bin, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OutcomeEffects:
    """Everything published about one outcome of one evaluation.

    Attributes
    ----------
    headline
        The headline estimator's effects for everybody, in order of event time, without the reference.
    reference
        The reference bins, where the effect is zero by definition.
    subgroups
        The last bin's effect of each level of each declared characteristic, in the declared order.
    interacted
        The same from the models that also interact the covariates (role ``robustness``).
    estimator
        The headline estimator.
    others, runs
        Everybody's effects by the other estimators, and in the declared robustness runs, in the declared order.
    path, path_reference
        Of people on a waiting list: what they lose month by month while they wait.
    standards
        What meeting each standard does for those who waited longer, by each estimator.
    """

    outcome: Outcome
    price_base: str
    period_unit: str
    headline: tuple[Effect, ...]
    reference: tuple[Bin, ...]
    subgroups: tuple[Effect, ...]
    interacted: tuple[Effect, ...]
    estimator: str = ""
    others: tuple[Series, ...] = ()
    runs: tuple[Series, ...] = ()
    path: tuple[Effect, ...] = ()
    path_reference: tuple[Bin, ...] = ()
    standards: tuple[Series, ...] = ()


def declaration(release: Release) -> Evaluation:
    """The declaration that a release was made under.

    Raises
    ------
    RequestError
        If it was written by another version of the declaration's form.
    """
    try:
        return Evaluation.model_validate(release.protocol["evaluation"])
    except ValidationError as error:
        raise request_error(error, where=f"the protocol of release {release.evaluation}") from None


def period_unit(evaluation: Evaluation) -> str:
    """What an event time counts, in the singular."""
    return evaluation.design.period_unit


def outcome_effects(release: Release) -> tuple[OutcomeEffects, ...]:
    """The published effects of each declared outcome, in the declared order."""
    evaluation = declaration(release)
    rows = release.estimates.to_pylist()
    return tuple(_of_outcome(evaluation, outcome, rows) for outcome in evaluation.outcomes)


def _of_outcome(evaluation: Evaluation, outcome: Outcome, rows: list[dict[str, Any]]) -> OutcomeEffects:
    measured = [row for row in rows if row["outcome"] == outcome.name]
    design = evaluation.design
    mine = [row for row in measured if row["estimator"] == design.headline]
    binned = design.window.binned
    headline = (_effect(row) for row in mine if row["role"] == "headline" and row["subgroup"] == "all")
    found = OutcomeEffects(
        outcome=outcome,
        price_base=next((row["price_base"] for row in mine), ""),
        period_unit=period_unit(evaluation),
        headline=tuple(sorted(headline, key=lambda effect: effect.first)),
        reference=tuple(b for b in binned if b.reference),
        subgroups=tuple(_levels(evaluation, mine, role="subgroup")),
        interacted=tuple(_levels(evaluation, mine, role="robustness")),
        estimator=design.headline,
        others=tuple(_series(measured, name, as_heading(name)) for name in design.answering if name != design.headline),
        runs=tuple(_runs(evaluation, measured)),
    )
    return _waiting(found, design, measured) if isinstance(design, Waiting) else found


def _waiting(found: OutcomeEffects, design: Waiting, rows: list[dict[str, Any]]) -> OutcomeEffects:
    """The other estimators of a wait, each of which stands beside the headline as a run does; the path; standards."""
    beside = (*design.estimators, f"{design.headline}:least_squares", f"{design.headline}:anderson_rubin")
    met = [
        _series(rows, f"{name}:{standard.label}", f"Within {standard.name}: {named(name)}")
        for standard in design.standards
        for name in design.estimators
    ]
    return replace(
        found,
        others=(),
        runs=tuple(_series(rows, name, as_heading(name)) for name in beside if name != design.headline),
        path=_series(rows, "path", "").effects,
        path_reference=tuple(part for part in design.path.window.binned if part.reference),
        standards=tuple(one for one in met if one.effects),
    )


def _runs(evaluation: Evaluation, rows: list[dict[str, Any]]) -> Iterator[Series]:
    """The declared robustness runs."""
    design = evaluation.design
    for run in design.robustness:
        name = f"{design.headline}:{run.name(design.period_unit)}"
        series = _series(rows, name, run.title(design.period_unit), placebo=run.placebo)
        window = run.window(design.window, anticipation=design.anticipation)
        yield replace(series, reference=tuple(part for part in window.binned if part.reference))


def _series(rows: list[dict[str, Any]], name: str, title: str, *, placebo: bool = False) -> Series:
    mine = (_effect(row) for row in rows if row["estimator"] == name and row["subgroup"] == "all")
    effects = tuple(sorted(mine, key=lambda effect: effect.first))
    return Series(name=name, title=title, effects=effects, placebo=placebo)


def _levels(evaluation: Evaluation, rows: list[dict[str, Any]], *, role: str) -> Iterator[Effect]:
    """The last bin of each level of each declared characteristic."""
    last = evaluation.design.window.binned[-1]
    for subgroup in evaluation.subgroups:
        levels = (row for row in rows if row["role"] == role and row["subgroup"] == subgroup)
        in_last_bin = (row for row in levels if row["months_from"] == last.first)
        yield from (_effect(row) for row in sorted(in_last_bin, key=lambda row: str(row["subgroup_value"])))


def _effect(row: dict[str, Any]) -> Effect:
    return Effect(
        subgroup=row["subgroup"],
        level=row["subgroup_value"],
        first=row["months_from"],
        last=row["months_to"],
        estimate=_estimate(row),
        n_treated=row["n_treated"],
        n_comparison=row["n_comparison"],
        suppressed=row["obs_status"] == "c",
    )


def _estimate(row: dict[str, Any]) -> Estimate | None:
    """A number without its interval is not shown."""
    interval = _interval(row["ci_lower"], row["ci_upper"])
    if row["estimate"] is None or interval is None:
        return None
    band = _interval(row["band_lower"], row["band_upper"])
    return Estimate(value=row["estimate"], std_error=row["std_error"], interval=interval, band=band)


def _interval(lower: float | None, upper: float | None) -> Interval | None:
    return None if lower is None or upper is None else Interval(lower=lower, upper=upper)
