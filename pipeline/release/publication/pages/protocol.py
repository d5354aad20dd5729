"""The registered protocol in readable words: one line for each thing that an evaluation declares."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import singledispatch

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.words import estimator, listed, named, number, span
from pipeline.vocabulary.designs import GeneralPopulation, LinkedPanel, NotYetTreated, StaggeredAdoption
from pipeline.vocabulary.index_events import Diagnosis, FirstTherapySession, OperationOnceDiagnosed, Procedure
from pipeline.vocabulary.months import first_day, parse_month
from pipeline.vocabulary.protocol import Evaluation
from pipeline.vocabulary.robustness import RobustnessRun
from pipeline.vocabulary.untreated import UntreatedComparison
from pipeline.vocabulary.windows import Window

_SEXES = {None: "Aged", "female": "Women aged", "male": "Men aged"}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One declared thing: what it is, and what was declared."""

    term: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Codes:
    """A code list: its name, who published it, which edition, its codes in a sentence."""

    name: str
    source: str
    version: str
    codes: str


def items(evaluation: Evaluation) -> tuple[Item, ...]:
    """Every declared field in words, in the order that a target-trial protocol is read."""
    return tuple(Item(term=term, words=words) for term, words in _lines(evaluation) if words)


def codelists(release: Release) -> tuple[Codes, ...]:
    """Each code list with where it comes from, its version and its codes."""
    return tuple(
        Codes(
            name=name,
            source=listing["source"],
            version=listing["version"],
            codes=f"{len(listing['codes'])} codes: " + ", ".join(listing["codes"]),
        )
        for name, listing in sorted(release.protocol["codelists"].items())
    )


def registered(release: Release) -> str:
    """The declaration itself, as its digest was taken."""
    return json.dumps(release.protocol["evaluation"], indent=2, ensure_ascii=False, sort_keys=True)


def _lines(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    design = evaluation.design
    yield "Question", evaluation.question
    yield "Population", evaluation.population
    yield "Intervention", evaluation.intervention
    yield from _design(design)
    yield from _eligibility(evaluation)
    yield "Event times studied", _window(design.window)
    yield "Reference", _reference(design.window)
    yield "Outcomes", "; ".join(f"{o.title} ({o.name}), in {o.unit}" for o in evaluation.outcomes)
    yield "Prices", _prices(evaluation)
    yield "Subgroups", listed(tuple(named(name) for name in evaluation.subgroups))
    yield "Age bands", _age_bands(evaluation.age_bands)
    yield "Estimators", "; ".join(estimator(name) for name in design.answering)
    yield "Headline estimator", design.headline
    yield "Group-time effects", _group_time(design)
    yield "Estimators by subgroup", listed(tuple(named(name) for name in design.subgroup_estimators or ()))
    yield from (_run(run, design.period_unit) for run in design.robustness)
    yield "Sources", listed(evaluation.sources)
    yield "Disclosure profile", evaluation.disclosure_profile


@singledispatch
def _design(design: object) -> Iterator[tuple[str, str]]:
    raise TypeError(f"no words for a {type(design).__name__}")


@_design.register
def _staggered_adoption(design: StaggeredAdoption) -> Iterator[tuple[str, str]]:
    against = "not yet treated" if isinstance(design.comparison, NotYetTreated) else "never treated"
    yield "Design", f"People treated in different months, compared before and after with people {against}"
    yield "Index event", _index_event(design.index_event)
    yield "Comparison people", _comparison(design.comparison)
    if design.untreated is not None:
        yield "Untreated people", _untreated(design.untreated)
    spline = design.age_spline
    if spline is not None:
        low, high = (f"{100 * edge:.0f}th" for edge in spline.boundary)
        yield (
            "Adjustment for age",
            (
                f"Natural cubic spline of age in months with {spline.df} degrees of freedom, boundary knots at the "
                f"{low} and {high} percentiles"
            ),
        )


def _untreated(untreated: UntreatedComparison) -> str:
    known = listed(tuple(named(name) for name in ("past outcomes", "age", "index year", *untreated.characteristics)))
    return (
        f"Compared once more, person by person, with {untreated.whom}, doubly robust on {known}; treated people who "
        f"would be treated in more than {1 - untreated.trim:.0%} of cases were both arms equally large are left out"
    )


@singledispatch
def _comparison(comparison: object) -> str:
    raise TypeError(f"no words for a {type(comparison).__name__}")


@_comparison.register
def _general_population(comparison: GeneralPopulation) -> str:
    strata = listed(tuple(named(name) for name in comparison.strata))
    return (
        f"{comparison.n:,} people of the general population who never had the index event, sampled to the treated "
        f"people's distribution of {strata}, each given an index month drawn from those of the "
        f"treated people and held to the same eligibility there (sampling seed {comparison.seed})."
    )


@_comparison.register
def _not_yet_treated(comparison: NotYetTreated) -> str:
    return (
        "Everybody diagnosed alike who did not have the index event in the months of index events or before, whether "
        "or not they had it later; each is given an index month drawn from those of the treated people, must have been "
        "diagnosed before it and meet the same eligibility there, and is observed until the month before a later index "
        f"event of their own (sampling seed {comparison.seed})."
    )


@singledispatch
def _index_event(event: object) -> str:
    raise TypeError(f"no words for a {type(event).__name__}")


@_index_event.register
def _procedure(event: Procedure) -> str:
    secondary = (
        f", or as a secondary one where the primary one is in {event.or_secondary_when_primary_in}"
        if event.or_secondary_when_primary_in
        else ""
    )
    return (
        f"The first operation in code list {event.codelist} found in {event.source}, with a diagnosis in "
        f"{event.with_diagnosis} as the primary one of the same episode{secondary}. "
        f"First means none since {_day(event.first_since)}."
    )


@_index_event.register
def _first_therapy_session(event: FirstTherapySession) -> str:
    return (
        f"The first therapy session of the first completed course in {event.source}: a referral discharged with "
        f"{event.completed_contacts} treatment contacts or more. First means none completed since "
        f"{_day(event.first_since)}. Employment status is the latest in {event.employment} on or before the referral."
    )


@_index_event.register
def _diagnosis(event: Diagnosis) -> str:
    return (
        f"The first episode in {event.source} with a diagnosis in code list {event.codelist}, in any position. "
        f"First means none since {_day(event.first_since)}."
    )


@_index_event.register
def _operation_once_diagnosed(event: OperationOnceDiagnosed) -> str:
    return (
        f"The first operation in code list {event.codelist} found in {event.source} in an episode with a diagnosis in "
        f"{event.diagnosis}, in any position, of somebody with such a diagnosis in an episode that began before. "
        f"First means none since {_day(event.first_since)}."
    )


@_design.register
def _linked_panel(design: LinkedPanel) -> Iterator[tuple[str, str]]:
    unit, (first, last) = design.period_unit, design.periods
    yield (
        "Design",
        (
            f"People treated in different {unit}s of a panel that its owner linked, compared before and after with "
            "people not treated yet"
        ),
    )
    yield (
        "Panel",
        (
            f"{design.source}, {unit}s {first} to {last}; person in column {design.person}, {unit} in column "
            f"{design.period}, {unit} of the index event in column {design.treatment_period}"
        ),
    )
    yield "Comparison people", f"People first treated after {unit} {last}, or never"
    yield "Characteristics", listed(tuple(named(name) for name in design.characteristics))


def _eligibility(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    rule = evaluation.eligibility
    if rule is not None:
        alive = ", alive then" if rule.alive_at_index else ""
        yield (
            "Eligibility",
            (
                f"{_SEXES[rule.sex]} {rule.ages[0]} to {rule.ages[1]} on the day of the index event and at the end of "
                f"its month{alive}, resident in {rule.resident}, linked to {listed(rule.linked)}"
            ),
        )
    if evaluation.treated_between is not None:
        yield "Index events", _months(evaluation.treated_between)
    if evaluation.observed_between is not None:
        yield "Outcomes observed", _months(evaluation.observed_between)


def _group_time(design: StaggeredAdoption | LinkedPanel) -> str:
    """What the estimators of group-time effects are told besides."""
    compared = {"never_treated": "never treated", "not_yet_treated": "never or not yet treated"}
    covariates = listed(tuple(named(name) for name in design.covariates)) or "no covariates"
    before = f"{design.anticipation} {design.period_unit}s" if design.anticipation else "none"
    return (
        f"Compared with people {compared[design.compared_with]}, adjusted for {covariates}; "
        f"anticipation before the index allowed for: {before}"
    )


def _run(run: RobustnessRun, unit: str) -> tuple[str, str]:
    title, words = run.title(unit), run.words(unit)
    return f"Robustness: {title[:1].lower()}{title[1:]}", f"{words[:1].upper()}{words[1:]} ({run.name(unit)})"


def _window(window: Window) -> str:
    bins = {
        "ons": "in the bins that ONS published: half-years before the index month, single months 1 to 6, then "
        "half-years",
        "single": "each event time by itself",
    }
    return f"{number(-window.before, 0)} to {window.after} (the index event is at 1), {bins[window.bins]}"


def _reference(window: Window) -> str:
    first, last = window.reference
    return f"Event time {span(first, last, unit='').strip()}" if first == last else f"Event times {_range(first, last)}"


def _range(first: int, last: int) -> str:
    return f"{number(first, 0)} to {number(last, 0)}"


def _prices(evaluation: Evaluation) -> str:
    prices = evaluation.prices
    if prices is None:
        return ""
    pay = (
        f"Pay is top-coded at quantile {prices.winsorise_above} of the person-months studied and then deflated by CPIH "
        f"to {prices.base_year} prices"
    )
    with_amounts = any(outcome.prices and outcome.source == "dwp_benefits" for outcome in evaluation.outcomes)
    return f"{pay}; amounts of benefits are deflated alike and not top-coded" if with_amounts else pay


def _age_bands(edges: tuple[int, ...]) -> str:
    return listed(tuple(f"{low} to {high - 1}" for low, high in itertools.pairwise(edges)))


def _months(between: tuple[str, str]) -> str:
    first, last = (first_day(parse_month(label)).strftime("%B %Y") for label in between)
    return f"{first} to {last}"


def _day(day: date) -> str:
    return f"{day.day} {day.strftime('%B %Y')}"
