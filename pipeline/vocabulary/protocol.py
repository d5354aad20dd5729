"""What an evaluation declares: one object, checked in full on construction, every fault reported at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pipeline.vocabulary.causal_model import CausalModel
from pipeline.vocabulary.codelists import Codelist
from pipeline.vocabulary.declared import Declared, suggested
from pipeline.vocabulary.designs import Design, LinkedPanel, NotYetTreated, StaggeredAdoption
from pipeline.vocabulary.index_events import OperationOnceDiagnosed
from pipeline.vocabulary.months import MonthLabel, parse_month
from pipeline.vocabulary.outcomes import Outcome, named_outcome
from pipeline.vocabulary.robustness import run_faults
from pipeline.vocabulary.runs import Studied
from pipeline.vocabulary.schemas.sources import SOURCES


class Prices(Declared):
    """How pay becomes comparable: top-coded at a quantile of the analysis sample, then deflated by CPIH."""

    base_year: int
    winsorise_above: float = Field(gt=0.5, lt=1)


class Eligibility(Declared):
    """Who may enter the study, on the day of the index event and at the end of its month."""

    ages: tuple[int, int]
    sex: Literal["female", "male"] | None = None
    resident: Literal["England"] = "England"
    alive_at_index: Literal[True] = True
    linked: tuple[str, ...] = ("hes_apc", "paye_rti")


class Evaluation(Declared):
    """A whole evaluation, as registered before results are seen.

    Attributes
    ----------
    intervention
        What happens in the index month, in words that can follow "after" ("a first bariatric operation").
    treated_between, observed_between
        First and last month (``YYYY-MM``, inclusive) of index events, and of outcomes.
    age_bands
        Edges of the reported age bands: ``(25, 35, 45, 55, 65)`` makes 25-34, …, 55-64.
    subgroups
        Characteristics by which effects are also reported.
    disclosure_profile
        The rules for every number that leaves, from ``configs/disclosure.toml``.
    causal_model
        What is held to cause what, and what is assumed not to.
    """

    title: str
    question: str
    population: str
    intervention: str = "the index event"
    design: Design
    outcomes: tuple[Annotated[Outcome, BeforeValidator(named_outcome)], ...] = Field(min_length=1)
    eligibility: Eligibility | None = None
    treated_between: tuple[MonthLabel, MonthLabel] | None = None
    observed_between: tuple[MonthLabel, MonthLabel] | None = None
    prices: Prices | None = None
    age_bands: tuple[int, ...] = ()
    subgroups: tuple[str, ...] = ()
    sources: tuple[str, ...]
    disclosure_profile: str = "ons_10_5"
    causal_model: CausalModel | None = None
    limitations: tuple[str, ...] = ()

    def whole_faults(self) -> Iterator[str]:
        """Everything that its parts, each right by itself, get wrong together."""
        for name in ("treated_between", "observed_between"):
            span = getattr(self, name)
            if span is not None and parse_month(span[0]) > parse_month(span[1]):
                yield f"{name} ends before it starts"
        design = self.design
        yield from _estimator_faults(design)
        yield from self._characteristic_faults()
        if isinstance(design, StaggeredAdoption):
            yield from self._staggered_faults(design)
        elif isinstance(design, LinkedPanel):
            yield from self._linked_faults(design)
        if design.window.reference[1] > -design.anticipation:
            yield "the reference must end before anticipation may begin"
        if self.causal_model is not None:
            yield from self.causal_model.unmeasured(_characteristics(design))
        yield from run_faults(design.robustness, self._studied())

    def _staggered_faults(self, design: StaggeredAdoption) -> Iterator[str]:
        needed = ("eligibility", "treated_between", "observed_between", "prices")
        yield from (f"{name} is needed for a staggered adoption" for name in needed if getattr(self, name) is None)
        unknown = [source for source in self.sources if source not in SOURCES]
        yield from (f"there is no source {source} ({suggested(source, tuple(SOURCES))})" for source in unknown)
        found_in = [source for source in design.index_event.sources if source not in self.sources]
        yield from (f"the index event needs source {source}" for source in found_in)
        yield from _comparison_faults(design)
        yield from _untreated_faults(design)
        lacking = [outcome for outcome in self.outcomes if outcome.source not in self.sources]
        yield from (f"outcome {outcome.name} needs source {outcome.source}" for outcome in lacking)

    def _linked_faults(self, design: LinkedPanel) -> Iterator[str]:
        if self.sources != (design.source,):
            yield f"a linked panel has one source, its own: {design.source}"
        yield from (f"outcome {o.name} needs the owner's column" for o in self.outcomes if not o.column)

    def _characteristic_faults(self) -> Iterator[str]:
        """Covariates and subgroups that nobody has."""
        known = _characteristics(self.design)
        for word, names in (("covariate", self.design.covariates), ("subgroup", self.subgroups)):
            strangers = (name for name in names if name not in known)
            yield from (f"the panel has no {word} {name} ({suggested(name, known)})" for name in strangers)

    def _studied(self) -> Studied:
        design, between = self.design, self.observed_between
        months = (parse_month(between[0]), parse_month(between[1])) if between else None
        return Studied(
            window=design.window,
            anticipation=design.anticipation,
            unit=design.period_unit,
            observed=design.periods if isinstance(design, LinkedPanel) else months,
            dated=isinstance(design, StaggeredAdoption),
        )


def _estimator_faults(design: StaggeredAdoption | LinkedPanel) -> Iterator[str]:
    strangers = [name for name in design.by_subgroup if name not in design.estimators]
    yield from (f"{name}, to estimate by subgroup, is not among the estimators" for name in strangers)
    if design.headline not in design.estimators:
        yield f"the headline estimator {design.headline} is not among the estimators"
    elif design.headline not in design.by_subgroup:
        yield "the headline estimator must also estimate by subgroup"


def _comparison_faults(design: StaggeredAdoption) -> Iterator[str]:
    """People not treated yet are those diagnosed: the index event must say of what."""
    waiting, told = isinstance(design.comparison, NotYetTreated), isinstance(design.index_event, OperationOnceDiagnosed)
    if waiting and not told:
        yield "people not treated yet can be found for an operation once diagnosed only"


def _untreated_faults(design: StaggeredAdoption) -> Iterator[str]:
    """Untreated people share the treated people's condition, and are compared in what both have."""
    if design.untreated is None:
        return
    if not isinstance(design.comparison, NotYetTreated):
        yield "people of the general population do not share the condition: compare untreated people who do"
    yield from (f"untreated: {fault}" for fault in design.untreated.faults(_characteristics(design)))


def _characteristics(design: StaggeredAdoption | LinkedPanel) -> tuple[str, ...]:
    """What the design's panel says of people in words."""
    if isinstance(design, LinkedPanel):
        return design.characteristics
    from pipeline.vocabulary.schemas.people import COHORT

    numbers = {"birth_month", "age_at_index"}
    return tuple(c.name for c in COHORT.columns if c.role == "characteristic" and c.name not in numbers)


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A named evaluation with its code lists: what is registered, and whose digest every result carries."""

    name: str
    evaluation: Evaluation
    codelists: dict[str, Codelist]

    @property
    def digest(self) -> str:
        """SHA-256 of the declaration and its code lists: any change makes another protocol."""
        lists = {name: (c.source, c.version, c.groups) for name, c in sorted(self.codelists.items())}
        declared = {"name": self.name, "evaluation": self.evaluation.model_dump(mode="json"), "codelists": lists}
        return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()
