"""The registered protocol in readable words: one line for each thing that an evaluation declares."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.comparisons import comparison, untreated
from pipeline.release.publication.pages.index_events import index_event
from pipeline.release.publication.pages.words import estimator, listed, named, number, span
from pipeline.vocabulary.context import PublishedWaits
from pipeline.vocabulary.designs import (
    Design,
    LinkedPanel,
    NotYetTreated,
    StaggeredAdoption,
    Threshold,
    Waiting,
)
from pipeline.vocabulary.months import first_day, parse_month
from pipeline.vocabulary.protocol import Evaluation
from pipeline.vocabulary.robustness import RobustnessRun
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
    yield "Context", _context(evaluation.context)
    yield "Disclosure profile", evaluation.disclosure_profile


def _context(context: PublishedWaits | None) -> str:
    if context is None:
        return ""
    return f"Published waits from referral to treatment, where delivered: {listed(context.specialties)}"


@singledispatch
def _design(design: object) -> Iterator[tuple[str, str]]:
    raise TypeError(f"no words for a {type(design).__name__}")


@_design.register
def _staggered_adoption(design: StaggeredAdoption) -> Iterator[tuple[str, str]]:
    against = "not yet treated" if isinstance(design.comparison, NotYetTreated) else "never treated"
    yield "Design", f"People treated in different months, compared before and after with people {against}"
    yield "Index event", index_event(design.index_event)
    yield "Comparison people", comparison(design.comparison)
    if design.cluster is not None:
        yield "Errors", f"Clustered on the {design.cluster}: people are treated by {design.cluster}s, not one by one"
    if design.untreated is not None:
        yield "Untreated people", untreated(design.untreated)
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


@_design.register
def _threshold(design: Threshold) -> Iterator[tuple[str, str]]:
    low, high = design.values
    bounds = (f"{outcome} by {bound:g}" for outcome, bound in design.curvature.items())
    yield (
        "Design",
        (
            f"People with {design.running} at {design.cutoff} or above compared with people below it: the jump in the "
            f"outcome's change from the reference over the jump in take-up, at {design.cutoff} (regression "
            "discontinuity, fuzzy)"
        ),
    )
    yield "Index event", index_event(design.index_event)
    yield "Comparison people", f"People with {design.running} below {design.cutoff}, held to the same eligibility"
    yield "People compared", f"Of {low} to {high}; for local randomisation {design.lottery[0]} to {design.lottery[1]}"
    yield (
        "Bounds declared",
        (
            f"Per squared unit, {listed(tuple(bounds))} in published units, and take-up by "
            f"{design.take_up_curvature:g}; frequencies within a share of {design.frequency_bend:g} of their "
            f"neighbours' mean, their logarithm bending by {design.log_frequency_curvature:g}"
        ),
    )
    yield "Must not jump", listed(tuple(f"{named(name)} (bound {bound:g})" for name, bound in design.smooth.items()))


@_design.register
def _waiting(design: Waiting) -> Iterator[tuple[str, str]]:
    shortest, longest = design.curve
    queue = {"others_mean_wait": "the mean wait of the others", "others": "the number of others"}[design.queue]
    within = f", {named(design.specialty)}" if design.specialty else ""
    yield (
        "Design",
        (
            f"Two-stage least squares: the wait of each person by {queue} whom the same provider was sent in the same "
            f"month, with effects of provider and month{within} and {listed(tuple(map(named, design.adjusted_for)))}; "
            f"effects are of {design.longer_by:g} months more of waiting"
        ),
    )
    yield "Index event", index_event(design.index_event)
    yield "Comparison people", f"{comparison(design.comparison)} They are compared with on the path of waiting alone"
    yield "Longest wait", f"{design.longest} months; who waits longer is left out"
    yield "Least F", f"{design.least_f:g} of the first stage, errors by {design.cluster.replace('_', ' and ')}"
    yield "Standards", "; ".join(f"{standard.name} ({standard.days} days)" for standard in design.standards)
    yield "Must not be related to the queue", listed(tuple(map(named, design.unrelated)))
    yield (
        "Path of waiting",
        (
            f"{named(design.path.estimator)}; event times {_window(design.path.window)}; reference: "
            f"{_reference(design.path.window).lower()}"
        ),
    )
    yield (
        "Dose-response",
        (
            f"Waits of {shortest:g} to {longest:g} months, among people alike in "
            f"{listed(tuple(map(named, design.dose_response.covariates)))} and month of joining{within}"
        ),
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


def _group_time(design: Design) -> str:
    """What the estimators of group-time effects are told besides; nothing where there are none."""
    if isinstance(design, Threshold | Waiting):
        return ""
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
