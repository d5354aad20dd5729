"""How an evaluation compares people: what its design may declare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pipeline.vocabulary.comparisons import Comparison, GeneralPopulation, NotYetTreated
from pipeline.vocabulary.declared import Declared, suggested
from pipeline.vocabulary.index_events import BloodTest, IndexEvent
from pipeline.vocabulary.robustness import RobustnessRun
from pipeline.vocabulary.untreated import AIPW, UntreatedComparison
from pipeline.vocabulary.waiting import Waiting
from pipeline.vocabulary.windows import Window

__all__ = [
    "AgeSpline",
    "Comparison",
    "Design",
    "GeneralPopulation",
    "LinkedPanel",
    "NotYetTreated",
    "StaggeredAdoption",
    "Threshold",
    "Waiting",
]


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
    own_estimators
        None: its estimators are files in ``pipeline/inference/estimators/``, which other designs have too.
    """

    window: Window
    estimators: tuple[str, ...]
    headline: str
    anticipation: int = Field(default=0, ge=0)
    compared_with: Literal["never_treated", "not_yet_treated"] = "never_treated"
    covariates: tuple[str, ...] = ()
    subgroup_estimators: tuple[str, ...] | None = None
    robustness: tuple[RobustnessRun, ...] = ()

    own_estimators: ClassVar[tuple[str, ...]] = ()

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

    Attributes
    ----------
    cluster
        What people are treated by, where it is not one by one: errors are clustered on it. ``None``: on the person.
    untreated
        Holds the treated against comparison people who share their condition once more, person by person.
    """

    kind: Literal["staggered_adoption"] = "staggered_adoption"
    index_event: IndexEvent
    comparison: Comparison
    age_spline: AgeSpline | None = AgeSpline()
    cluster: Literal["practice"] | None = None
    untreated: UntreatedComparison | None = None
    period_unit: ClassVar[str] = "month"
    periods: ClassVar[None] = None
    dated: ClassVar[bool] = True

    @property
    def told_by(self) -> tuple[str, ...]:
        """The sources that say who is studied."""
        return self.index_event.sources

    @property
    def kept(self) -> tuple[str, ...]:
        """Numbers of the cohort that the panel keeps."""
        return () if self.cluster is None else ("cluster",)

    @property
    def answering(self) -> tuple[str, ...]:
        """The estimators, and the comparison with untreated people where there is one."""
        return self.estimators if self.untreated is None else (*self.estimators, AIPW)


class Threshold(Declared):
    """People about a cutoff of a whole-numbered measurement, who at or above it may be offered the intervention.

    Attributes
    ----------
    index_event
        The measurement: it gives each person the running variable, and whether the intervention was taken up.
    running, cutoff
        What is measured, in words with its unit, and the lowest value that is assigned.
    values, lottery
        The lowest and highest value studied, and those of the window in which assignment is taken for a lottery.
    curvature
        By outcome, the bound on the second derivative of its change from the reference, in its published unit per
        squared unit of the running variable; ``take_up_curvature`` is that of the share who take up.
    frequency_bend, log_frequency_curvature
        How far the frequency at a value may be from the mean of its neighbours', as a share, and the bound on the
        second derivative of its logarithm: for the checks of the density.
    smooth
        Numbers about people that must not jump, each with its bound.
    least_f
        The F of the jump in take-up below which it is called weak (Staiger and Stock 1997, doi 10.2307/2171753).
    window
        Outcomes are means over its bins less the mean over the reference; event time 1 is the month of measurement.
    """

    kind: Literal["threshold"] = "threshold"
    index_event: BloodTest
    running: str
    cutoff: int
    values: tuple[int, int]
    lottery: tuple[int, int]
    curvature: dict[str, Annotated[float, Field(ge=0)]]
    take_up_curvature: float = Field(ge=0)
    frequency_bend: float = Field(ge=0, lt=1)
    log_frequency_curvature: float = Field(ge=0)
    smooth: dict[str, Annotated[float, Field(ge=0)]] = Field(min_length=1)
    least_f: float = Field(default=10.0, ge=0)
    window: Window
    estimators: tuple[str, ...]
    headline: Literal["honest_local_linear"] = "honest_local_linear"
    kept: ClassVar[tuple[str, ...]] = ("running", "took_up")
    own_estimators: ClassVar[tuple[str, ...]] = ("honest_local_linear", "local_randomisation")
    period_unit: ClassVar[str] = "month"
    periods: ClassVar[None] = None
    dated: ClassVar[bool] = True
    anticipation: ClassVar[int] = 0
    covariates: ClassVar[tuple[str, ...]] = ()
    robustness: ClassVar[tuple[RobustnessRun, ...]] = ()
    age_spline: ClassVar[None] = None
    subgroup_estimators: ClassVar[None] = None

    @property
    def answering(self) -> tuple[str, ...]:
        """Every estimator that has effects for everybody: all of them."""
        return self.estimators

    @property
    def by_subgroup(self) -> tuple[str, ...]:
        """Every estimator could; none does, since a threshold has too few people by subgroup."""
        return self.estimators

    @property
    def told_by(self) -> tuple[str, ...]:
        """The sources that say who is studied."""
        return self.index_event.sources

    def whole_faults(self) -> Iterator[str]:
        """Estimators that a threshold has not, and spans that leave a side of the cutoff empty."""
        known = self.own_estimators
        strangers = (name for name in self.estimators if name not in known)
        yield from (f"a threshold has no estimator {name} ({suggested(name, known)})" for name in strangers)
        for name in ("values", "lottery"):
            low, high = getattr(self, name)
            if not low < self.cutoff <= high:
                yield f"{name} must hold the cutoff and a value below it"


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
    dated: ClassVar[bool] = False
    kept: ClassVar[tuple[str, ...]] = ()
    source: Annotated[str, Field(pattern=r"^panels/[a-z0-9_]+$")]
    person: str
    period: str
    treatment_period: str
    period_unit: str
    periods: tuple[int, int]
    characteristics: tuple[str, ...] = ()
    age_spline: None = None

    @property
    def told_by(self) -> tuple[str, ...]:
        """The sources that say who is studied."""
        return (self.source,)


Design = Annotated[StaggeredAdoption | Threshold | Waiting | LinkedPanel, Field(discriminator="kind")]
