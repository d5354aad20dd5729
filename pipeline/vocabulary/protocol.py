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
from pipeline.vocabulary.context import PublishedWaits
from pipeline.vocabulary.declared import Declared, suggested
from pipeline.vocabulary.design_faults import characteristics, design_faults, estimator_faults
from pipeline.vocabulary.designs import Design
from pipeline.vocabulary.months import MonthLabel, parse_month
from pipeline.vocabulary.outcomes import Outcome, named_outcome
from pipeline.vocabulary.robustness import run_faults
from pipeline.vocabulary.runs import Studied


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
    context
        What is shown beside the estimates where a delivery has it.
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
    context: PublishedWaits | None = None
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
        yield from estimator_faults(design)
        yield from self._characteristic_faults()
        yield from design_faults(design, self)
        if design.window.reference[1] > -design.anticipation:
            yield "the reference must end before anticipation may begin"
        if self.causal_model is not None:
            yield from self.causal_model.unmeasured((*characteristics(design), *design.kept))
        yield from run_faults(design.robustness, self._studied())

    def _characteristic_faults(self) -> Iterator[str]:
        """Covariates and subgroups that nobody has."""
        known = characteristics(self.design)
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
            observed=design.periods or months,
            dated=design.dated,
        )


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
