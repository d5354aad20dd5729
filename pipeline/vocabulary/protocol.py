"""What an evaluation declares: one object, checked in full on construction, every fault reported at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.vocabulary.codelists import Codelist
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.outcomes import OUTCOMES, Outcome
from pipeline.vocabulary.robustness import MonthLabel, RobustnessRun, Studied, run_faults
from pipeline.vocabulary.windows import Window


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Procedure(_Declared):
    """The index event: the first operation of a code list ever since a date.

    Attributes
    ----------
    codelist
        The operations that count.
    with_diagnosis
        The episode's primary diagnosis must be in this list, or any later diagnosis if the primary one is in
        ``or_secondary_when_primary_in``.
    or_secondary_when_primary_in
        Primary diagnoses under which a secondary one of ``with_diagnosis`` is enough.
    first_since
        Nobody may have had such an operation between this date and the index.
    """

    kind: Literal["procedure"] = "procedure"
    source: str = "hes_apc"
    codelist: str
    with_diagnosis: str
    or_secondary_when_primary_in: str | None = None
    first_since: date

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that the event is found in."""
        return (self.source,)

    @property
    def linked_by(self) -> str:
        """The source whose ids link the event's records to people."""
        return self.source

    @property
    def codelists(self) -> tuple[str, ...]:
        """The code lists that it names."""
        named = (self.codelist, self.with_diagnosis, self.or_secondary_when_primary_in)
        return tuple(name for name in named if name is not None)


class FirstTherapySession(_Declared):
    """The index event: the first session of the first completed course of therapy ever since a date.

    Attributes
    ----------
    source, employment
        Referrals, and the employment statuses recorded with them.
    completed_contacts
        A course is completed when the referral was discharged with at least so many treatment contacts.
    first_since
        Nobody may have completed a course between this date and the index.
    """

    kind: Literal["first_therapy_session"] = "first_therapy_session"
    source: str = "iapt/IDS101Referral"
    employment: str = "iapt/IDS004EmpStatus"
    completed_contacts: int = Field(default=2, ge=1)
    first_since: date

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that the event is found in."""
        return (self.source, self.employment)

    @property
    def linked_by(self) -> str:
        """The source whose ids link the event's records to people."""
        return "iapt"

    @property
    def codelists(self) -> tuple[str, ...]:
        """It names no code list."""
        return ()


IndexEvent = Annotated[Procedure | FirstTherapySession, Field(discriminator="kind")]
"""What happens in the index month; each kind is a file in ``pipeline/population/cohort/index_events/``."""


class GeneralPopulation(_Declared):
    """People who never had the index event, sampled to the treated people's sex and age.

    Each gets an index month drawn from the treated people's index months (three-month centred mean, as published),
    must meet the same eligibility there, and is sampled within strata in the treated people's proportions. The draw
    is a hash of the person id and ``seed``, so it is the same on every engine.

    Attributes
    ----------
    n
        How many people; fewer are taken, in the same proportions, where a stratum has too few.
    strata
        Columns of the cohort: the published strata are sex and five-year age band.
    """

    n: int = Field(gt=0)
    strata: tuple[str, ...] = ("sex", "five_year_band")
    seed: str = "causeway"


class Prices(_Declared):
    """How pay becomes comparable: top-coded at a quantile of the analysis sample, then deflated by CPIH."""

    base_year: int
    winsorise_above: float = Field(gt=0.5, lt=1)


class AgeSpline(_Declared):
    """Natural cubic spline of age in months, as R's ``ns(age, df, Boundary.knots = quantile(age, c(low, high)))``."""

    df: int = Field(default=5, ge=1)
    boundary: tuple[float, float] = (0.10, 0.90)


class _EventStudies(_Declared):
    """How effects by event time are estimated, and what is tried besides.

    Attributes
    ----------
    estimators, headline
        By their files' names; the headline's effects for everybody are the main result.
    anticipation
        Months (or periods) before the index in which there may be effects already, for estimators that allow for it.
    compared_with
        Whom estimators of group-time effects compare with, where they have the choice.
    covariates
        Characteristics that estimators of group-time effects adjust for.
    subgroup_estimators
        Those that also estimate by subgroup, the headline among them; ``None``: all.
    robustness
        The headline estimator's further runs, for everybody.
    """

    window: Window
    estimators: tuple[str, ...]
    headline: str
    anticipation: int = Field(default=0, ge=0)
    compared_with: Literal["never_treated", "not_yet_treated"] = "never_treated"
    covariates: tuple[str, ...] = ()
    subgroup_estimators: tuple[str, ...] | None = None
    robustness: tuple[RobustnessRun, ...] = ()

    @property
    def by_subgroup(self) -> tuple[str, ...]:
        """The estimators that also estimate by subgroup."""
        return self.estimators if self.subgroup_estimators is None else self.subgroup_estimators


class StaggeredAdoption(_EventStudies):
    """People treated in different months, compared before and after with people never treated."""

    kind: Literal["staggered_adoption"] = "staggered_adoption"
    index_event: IndexEvent
    comparison: GeneralPopulation
    age_spline: AgeSpline | None = AgeSpline()
    period_unit: ClassVar[str] = "month"


class LinkedPanel(_EventStudies):
    """People treated in different periods, in a panel that its owner has linked already.

    Attributes
    ----------
    source
        ``panels/<name>``.
    person, period, treatment_period
        The owner's column names; a null ``treatment_period`` means never treated.
    period_unit
        What a period is, in the singular (``"wave"``, ``"year"``).
    periods
        First and last period studied, inclusive. People first treated later are the comparison: not treated yet.
    characteristics
        Columns that describe a person: balance and subgroups are made from them.
    """

    kind: Literal["linked_panel"] = "linked_panel"
    source: Annotated[str, Field(pattern=r"^panels/[a-z0-9_]+$")]
    person: str
    period: str
    treatment_period: str
    period_unit: str
    periods: tuple[int, int]
    characteristics: tuple[str, ...] = ()
    age_spline: None = None


Design = Annotated[StaggeredAdoption | LinkedPanel, Field(discriminator="kind")]


class Eligibility(_Declared):
    """Who may enter the study, on the day of the index event and at the end of its month."""

    ages: tuple[int, int]
    resident: Literal["England"] = "England"
    alive_at_index: Literal[True] = True
    linked: tuple[str, ...] = ("hes_apc", "paye_rti")


class Evaluation(_Declared):
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
        if isinstance(self.design, StaggeredAdoption):
            needed = ("eligibility", "treated_between", "observed_between", "prices")
            faults += [f"{name} is needed for a staggered adoption" for name in needed if getattr(self, name) is None]
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
            dated=isinstance(design, StaggeredAdoption),
        )


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


def request_error(error: ValidationError, *, where: str) -> RequestError:
    """Every fault that pydantic found, as one :class:`RequestError` without the values it quotes."""
    faults = [
        Fault(what=f"{'.'.join(str(part) for part in fault['loc']) or 'declaration'}: {fault['msg']}", file=where)
        for fault in error.errors(include_input=False, include_url=False)
    ]
    return RequestError(faults)
