"""What an evaluation declares: one object, checked in full on construction, every fault reported at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from pipeline.vocabulary.codelists import Codelist
from pipeline.vocabulary.declared import Declared
from pipeline.vocabulary.designs import Design, LinkedPanel, Threshold
from pipeline.vocabulary.months import MonthLabel, parse_month
from pipeline.vocabulary.outcomes import OUTCOMES, Outcome
from pipeline.vocabulary.robustness import run_faults
from pipeline.vocabulary.runs import Studied


class Prices(Declared):
    """How pay becomes comparable: top-coded at a quantile of the analysis sample, then deflated by CPIH."""

    base_year: int
    winsorise_above: float = Field(gt=0.5, lt=1)


class Eligibility(Declared):
    """Who may enter the study, on the day of the index event and at the end of its month."""

    ages: tuple[int, int]
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
    """

    title: str
    question: str
    population: str
    intervention: str = "the index event"
    design: Design
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    eligibility: Eligibility | None = None
    treated_between: tuple[MonthLabel, MonthLabel] | None = None
    observed_between: tuple[MonthLabel, MonthLabel] | None = None
    prices: Prices | None = None
    age_bands: tuple[int, ...] = ()
    subgroups: tuple[str, ...] = ()
    sources: tuple[str, ...]
    disclosure_profile: str = "ons_10_5"
    limitations: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _outcomes_by_name(cls, declared: dict[str, object]) -> dict[str, object]:
        names = declared.get("outcomes", ())
        if not isinstance(names, tuple | list):
            return declared
        unknown = [name for name in names if isinstance(name, str) and name not in OUTCOMES]
        if unknown:
            raise ValueError(f"unknown outcomes {', '.join(unknown)}; known: {', '.join(OUTCOMES)}")
        return declared | {"outcomes": tuple(OUTCOMES[n] if isinstance(n, str) else n for n in names)}

    @model_validator(mode="after")
    def _whole(self) -> Evaluation:
        faults = []
        if self.design.headline not in self.design.estimators:
            faults.append("the headline estimator is not among the estimators")
        if not isinstance(self.design, LinkedPanel):
            kind = self.design.kind.replace("_", " ")
            needed = ("eligibility", "treated_between", "observed_between", "prices")
            faults += [f"{name} is needed for a {kind}" for name in needed if getattr(self, name) is None]
            faults += [
                f"outcome {o.name} needs source {o.source}" for o in self.outcomes if o.source not in self.sources
            ]
        else:
            faults += [f"outcome {o.name} needs the owner's column" for o in self.outcomes if not o.column]
        for name in ("treated_between", "observed_between"):
            span = getattr(self, name)
            if span is not None and parse_month(span[0]) > parse_month(span[1]):
                faults.append(f"{name} ends before it starts")
        faults += self._study_faults()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _study_faults(self) -> list[str]:
        """Covariates that nobody has, a reference that may be affected already, robustness runs at fault."""
        design = self.design
        known = _characteristics(design)
        faults = [f"the panel has no covariate {name}" for name in design.covariates if name not in known]
        strangers = [name for name in design.by_subgroup if name not in design.estimators]
        faults += [f"{name}, to estimate by subgroup, is not among the estimators" for name in strangers]
        if design.headline in design.estimators and design.headline not in design.by_subgroup:
            faults.append("the headline estimator must also estimate by subgroup")
        if isinstance(design, Threshold):
            unbound = [outcome.name for outcome in self.outcomes if outcome.name not in design.curvature]
            faults += [f"outcome {name} needs a bound on its curvature" for name in unbound]
            if self.subgroups:
                faults.append("a threshold has no effects by subgroup")
        if design.window.reference[1] > -design.anticipation:
            faults.append("the reference must end before anticipation may begin")
        return [*faults, *run_faults(design.robustness, self._studied())]

    def _studied(self) -> Studied:
        design, between = self.design, self.observed_between
        months = (parse_month(between[0]), parse_month(between[1])) if between else None
        return Studied(
            window=design.window,
            anticipation=design.anticipation,
            unit=design.period_unit,
            observed=design.periods if isinstance(design, LinkedPanel) else months,
            dated=not isinstance(design, LinkedPanel),
        )


def _characteristics(design: Design) -> tuple[str, ...]:
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
