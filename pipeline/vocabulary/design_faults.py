"""What an evaluation gets wrong for the kind of design that it declares: one function, one kind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import TYPE_CHECKING

from pipeline.vocabulary.declared import Declared, suggested
from pipeline.vocabulary.designs import Design, LinkedPanel, NotYetTreated, StaggeredAdoption, Threshold, Waiting
from pipeline.vocabulary.index_events import OperationOnceDiagnosed, PracticeWave
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.schemas.sources import SOURCES

if TYPE_CHECKING:
    from pipeline.vocabulary.protocol import Evaluation

_NEEDED = ("eligibility", "treated_between", "observed_between", "prices")
"""What an evaluation must say to have its cohort and panel made from records."""


_TELL_WHO_WAITS = (OperationOnceDiagnosed, PracticeWave)
"""Index events of which it is known who may have them yet."""


@singledispatch
def design_faults(design: Declared, evaluation: Evaluation) -> Iterator[str]:
    """What is wrong between a design and the rest of its evaluation."""
    raise NotImplementedError(f"{type(design).__name__} of {evaluation.title}")


@singledispatch
def characteristics(design: Declared) -> tuple[str, ...]:  # noqa: ARG001 - those of every cohort made from records
    """What the design's panel says of people in words."""
    from pipeline.vocabulary.schemas.people import COHORT

    numbers = {"birth_month", "age_at_index"}
    return tuple(c.name for c in COHORT.columns if c.role == "characteristic" and c.name not in numbers)


def estimator_faults(design: Design) -> Iterator[str]:
    """A headline, or estimators by subgroup, that are not among the estimators."""
    strangers = [name for name in design.by_subgroup if name not in design.estimators]
    yield from (f"{name}, to estimate by subgroup, is not among the estimators" for name in strangers)
    if design.headline not in design.estimators:
        yield f"the headline estimator {design.headline} is not among the estimators"
    elif design.headline not in design.by_subgroup:
        yield "the headline estimator must also estimate by subgroup"


@design_faults.register(StaggeredAdoption)
def _staggered_adoption(design: StaggeredAdoption, evaluation: Evaluation) -> Iterator[str]:
    yield from _record_faults(design, evaluation)
    waiting, told = isinstance(design.comparison, NotYetTreated), isinstance(design.index_event, _TELL_WHO_WAITS)
    if waiting and not told:
        yield "people not treated yet can be found for an operation once diagnosed, or a practice's wave, only"
    if design.cluster is not None and design.cluster not in getattr(design.index_event, "clusters", ()):
        yield f"errors cannot be clustered on {design.cluster}: the index event does not tell it"
    yield from _untreated_faults(design)


@design_faults.register(Threshold)
def _threshold(design: Threshold, evaluation: Evaluation) -> Iterator[str]:
    yield from _record_faults(design, evaluation)
    unbound = [outcome.name for outcome in evaluation.outcomes if outcome.name not in design.curvature]
    yield from (f"outcome {name} needs a bound on its curvature" for name in unbound)
    if evaluation.subgroups:
        yield "a threshold has no effects by subgroup"


@design_faults.register(Waiting)
def _waiting(design: Waiting, evaluation: Evaluation) -> Iterator[str]:
    yield from _record_faults(design, evaluation)
    if evaluation.subgroups:
        yield "a design of waiting has no effects by subgroup"
    known = characteristics(design)
    if design.specialty is not None and design.specialty not in known:
        yield f"the panel has no specialty {design.specialty} ({suggested(design.specialty, known)})"
    joined, observed = evaluation.treated_between, evaluation.observed_between
    if joined is None or observed is None:
        return
    if parse_month(joined[1]) + design.window.after - 1 > parse_month(observed[1]):
        yield "those who join last are not observed to the end of the window"
    if parse_month(joined[0]) - design.window.before - 1 < parse_month(observed[0]):
        yield "those who join first are not observed from the beginning of the window"


@design_faults.register(LinkedPanel)
def _linked_panel(design: LinkedPanel, evaluation: Evaluation) -> Iterator[str]:
    if evaluation.sources != (design.source,):
        yield f"a linked panel has one source, its own: {design.source}"
    yield from (f"outcome {o.name} needs the owner's column" for o in evaluation.outcomes if not o.column)


@characteristics.register
def _of_owner(design: LinkedPanel) -> tuple[str, ...]:
    return design.characteristics


def _untreated_faults(design: StaggeredAdoption) -> Iterator[str]:
    """Untreated people share the treated people's condition, and are compared one by one in what both have."""
    if design.untreated is None:
        return
    if not isinstance(design.comparison, NotYetTreated):
        yield "people of the general population do not share the condition: compare untreated people who do"
    if design.cluster is not None:
        yield f"untreated people are compared one by one: their errors cannot be clustered on {design.cluster}"
    yield from (f"untreated: {fault}" for fault in design.untreated.faults(characteristics(design)))


def _record_faults(design: StaggeredAdoption | Threshold | Waiting, evaluation: Evaluation) -> Iterator[str]:
    """What a cohort and a panel that are made from records need."""
    kind = design.kind.replace("_", " ")
    yield from (f"{name} is needed for a {kind}" for name in _NEEDED if getattr(evaluation, name) is None)
    unknown = [source for source in evaluation.sources if source not in SOURCES]
    yield from (f"there is no source {source} ({suggested(source, tuple(SOURCES))})" for source in unknown)
    found_in = [source for source in design.told_by if source not in evaluation.sources]
    yield from (f"the index event needs source {source}" for source in found_in)
    lacking = [outcome for outcome in evaluation.outcomes if outcome.source not in evaluation.sources]
    yield from (f"outcome {outcome.name} needs source {outcome.source}" for outcome in lacking)
