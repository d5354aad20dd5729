"""What a design declares that asks what waiting for treatment does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pipeline.vocabulary.comparisons import GeneralPopulation
from pipeline.vocabulary.declared import Declared, suggested
from pipeline.vocabulary.list_events import ElectiveList, TherapyList
from pipeline.vocabulary.robustness import RobustnessRun
from pipeline.vocabulary.schemas.people import OF_A_WAIT
from pipeline.vocabulary.windows import Window

DAYS_A_MONTH = 365.25 / 12


class Standard(Declared):
    """A time within which treatment should begin.

    Attributes
    ----------
    name
        In words that can follow "within": ``18 weeks``.
    days
        A wait of so many days meets it.
    """

    name: str = Field(pattern=r"^[a-z0-9 ]+$")
    days: int = Field(gt=0)

    @property
    def months(self) -> float:
        """The same in months."""
        return self.days / DAYS_A_MONTH

    @property
    def label(self) -> str:
        """Its name in files."""
        return f"within_{self.name.replace(' ', '_')}"


class WaitingPath(Declared):
    """How people are followed from joining the list until treatment, against the general population.

    Attributes
    ----------
    window
        Event time 1 is the month of joining.
    estimator
        Of staggered adoption, by its file's name.
    """

    window: Window
    estimator: str


class DoseResponse(Declared):
    """How people who waited for different times are compared.

    Attributes
    ----------
    shortest
        Months: the curve runs from this wait to one that is the evaluation's ``longer_by`` longer.
    covariates
        Numbers about people before they joined: all that is believed to move both wait and outcome, besides the
        specialty and the month of joining. ``before`` is the outcome's mean over the reference.
    """

    shortest: float = Field(ge=0)
    covariates: tuple[Literal["age", "female", "before"], ...] = Field(min_length=1)


class Waiting(Declared):
    """People who join a provider's list when it happens to be long, compared with those who join it when it is short.

    Attributes
    ----------
    index_event
        Joining the list: it gives each person the wait, the provider, and how long the others wait whom the provider
        was sent in the same month.
    comparison
        People on no such list, whom the path of those waiting is compared with.
    window
        Outcomes are means over its bins less the mean over the reference; event time 1 is the month of joining.
    longer_by
        Months: effects are of waiting so much longer, if each month does the same.
    standards
        Times within which treatment should begin.
    longest
        Months: people who wait longer are left out, since of those who join late such waits end after the records do.
    queue
        What of the others' queue is the instrument: their mean wait, or how many they are.
    least_f
        The F that the first stage must reach; below it no effect is estimated. 23.1 holds the bias of two-stage least
        squares to a tenth of its worst (Montiel Olea and Pflueger 2013, doi 10.1080/00401706.2013.806694).
    cluster
        What errors are clustered on.
    specialty
        A characteristic that the event tells: people are compared within it.
    adjusted_for
        Numbers about people that are partialled out of outcome, wait and queue.
    unrelated
        Numbers about people before they joined that the queue must not be related to; ``before`` is each outcome's mean
        over the reference, and ``earlier`` its change from the window's first bin to the reference.
    """

    kind: Literal["waiting"] = "waiting"
    index_event: Annotated[ElectiveList | TherapyList, Field(discriminator="kind")]
    comparison: GeneralPopulation
    window: Window
    longer_by: float = Field(gt=0)
    standards: tuple[Standard, ...] = Field(min_length=1)
    longest: int = Field(gt=0)
    queue: Literal["others_mean_wait", "others"] = "others_mean_wait"
    least_f: float = Field(default=23.1, ge=0)
    cluster: Literal["provider", "provider_month"] = "provider"
    specialty: str | None = None
    adjusted_for: tuple[Literal["age", "female"], ...] = ("age", "female")
    unrelated: tuple[Literal["age", "female", "before", "earlier"], ...] = ("age", "female", "before", "earlier")
    path: WaitingPath
    dose_response: DoseResponse
    estimators: tuple[str, ...] = ("congestion", "dose_response")
    headline: Literal["congestion"] = "congestion"
    kept: ClassVar[tuple[str, ...]] = OF_A_WAIT
    own_estimators: ClassVar[tuple[str, ...]] = ("congestion", "dose_response")
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
        """Every estimator could; none does."""
        return self.estimators

    @property
    def told_by(self) -> tuple[str, ...]:
        """The sources that say who is studied."""
        return self.index_event.sources

    @property
    def curve(self) -> tuple[float, float]:
        """The shortest and the longest wait, in months, that the dose-response compares."""
        return (self.dose_response.shortest, self.dose_response.shortest + self.longer_by)

    def whole_faults(self) -> Iterator[str]:
        """Estimators that it has not, and waits that do not fit together."""
        known = self.own_estimators
        strangers = (name for name in self.estimators if name not in known)
        yield from (f"waiting has no estimator {name} ({suggested(name, known)})" for name in strangers)
        if self.curve[1] > self.longest:
            yield "the dose-response asks for waits that are longer than the longest studied"
        late = [standard.name for standard in self.standards if standard.months >= self.longest]
        yield from (f"the standard of {name} is not shorter than the longest wait studied" for name in late)
        outside = [s.name for s in self.standards if not self.curve[0] <= s.months <= self.curve[1]]
        yield from (f"the standard of {name} lies outside the dose-response" for name in outside)
        if len({standard.label for standard in self.standards}) < len(self.standards):
            yield "two standards have one name"
        if self.window.reference[0] == -self.window.before and "earlier" in self.unrelated:
            yield "the window must begin before the reference, to see whether the queue is related to what came earlier"
