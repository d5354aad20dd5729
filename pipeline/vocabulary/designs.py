"""How an evaluation compares people: what its design may declare."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pipeline.vocabulary.declared import Declared
from pipeline.vocabulary.index_events import IndexEvent
from pipeline.vocabulary.robustness import RobustnessRun
from pipeline.vocabulary.untreated import AIPW, UntreatedComparison
from pipeline.vocabulary.windows import Window


class GeneralPopulation(Declared):
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

    kind: Literal["general_population"] = "general_population"
    n: int = Field(gt=0)
    strata: tuple[str, ...] = ("sex", "five_year_band")
    seed: str = "causeway"


class NotYetTreated(Declared):
    """People diagnosed as the treated were, and not treated in the months in which others are: all of them.

    Each gets an index month drawn from the treated people's, must have been diagnosed before it and meet the same
    eligibility there, and is observed until the month before a later index event of their own. Whether they are ever
    treated does not matter: to ask for a later treatment would leave out those who get well while they wait. People
    treated later, within the months studied, are compared with too, up to their index month, by estimators that can.
    """

    kind: Literal["not_yet_treated"] = "not_yet_treated"
    strata: ClassVar[tuple[str, ...]] = ()
    seed: str = "causeway"


Comparison = Annotated[GeneralPopulation | NotYetTreated, Field(discriminator="kind")]


class AgeSpline(Declared):
    """Natural cubic spline of age in months, as R's ``ns(age, df, Boundary.knots = quantile(age, c(low, high)))``."""

    df: int = Field(default=5, ge=1)
    boundary: tuple[float, float] = (0.10, 0.90)


class _EventStudies(Declared):
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
    def answering(self) -> tuple[str, ...]:
        """Every estimator that has effects for everybody, the comparison with untreated people included."""
        return self.estimators

    @property
    def by_subgroup(self) -> tuple[str, ...]:
        """The estimators that also estimate by subgroup."""
        return self.estimators if self.subgroup_estimators is None else self.subgroup_estimators


class StaggeredAdoption(_EventStudies):
    """People treated in different months, compared before and after with people never, or not yet, treated.

    ``untreated`` holds the treated against comparison people who share their condition once more, person by person.
    """

    kind: Literal["staggered_adoption"] = "staggered_adoption"
    index_event: IndexEvent
    comparison: Comparison
    age_spline: AgeSpline | None = AgeSpline()
    untreated: UntreatedComparison | None = None
    period_unit: ClassVar[str] = "month"

    @property
    def answering(self) -> tuple[str, ...]:
        """The estimators, and the comparison with untreated people where there is one."""
        return self.estimators if self.untreated is None else (*self.estimators, AIPW)


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
