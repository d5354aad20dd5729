"""Declared robustness runs: the headline regression once more under another choice, or where nothing can be found.

A run is named beside its estimator in ``estimates.csv`` (``ons_fixed_effects:reference_12_months``). Lengths count the
panel's months, or the owner's periods in a linked panel; ``unit`` is that word in the singular.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationError

from pipeline.vocabulary.declared import Declared
from pipeline.vocabulary.months import first_day, month_label, parse_month
from pipeline.vocabulary.windows import Window

MonthLabel = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


@dataclass(frozen=True, kw_only=True)
class Studied:
    """What a design studies, as far as its runs depend on it.

    Attributes
    ----------
    observed
        First and last month (or period) of the panel; ``None`` where that is a fault of its own.
    dated
        Whether months are calendar months.
    """

    window: Window
    anticipation: int
    unit: str
    observed: tuple[int, int] | None
    dated: bool


class _Run(Declared):
    placebo: ClassVar[bool] = False
    """Whether there is nothing to find: every effect from the index on should be zero."""

    def window(self, declared: Window, *, anticipation: int = 0) -> Window:  # noqa: ARG002 - some runs need it
        """The event times of the run, their bins and its reference; ``ValueError`` where the window has none."""
        return declared

    def faults(self, studied: Studied) -> Iterator[str]:
        """What is wrong with the run in this study."""
        try:
            self.window(studied.window, anticipation=studied.anticipation)
        except ValidationError as error:
            yield from (str(fault["ctx"]["error"]) for fault in error.errors())


class LongerReference(_Run):
    """A reference of ``months`` that ends where the declared one ends."""

    kind: Literal["longer_reference"] = "longer_reference"
    months: int = Field(gt=0)

    def name(self, unit: str) -> str:
        """The run's name in files."""
        return f"reference_{_many(self.months, unit)}"

    def title(self, unit: str) -> str:
        """The run in a few words."""
        return f"Reference of {_counted(self.months, unit)}"

    def words(self, unit: str) -> str:
        """What the run does."""
        return f"effects relative to the {_counted(self.months, unit)} that end where the declared reference ends"

    def window(self, declared: Window, *, anticipation: int = 0) -> Window:  # noqa: ARG002 - as every run
        """The declared event times with the longer reference."""
        last = declared.reference[1]
        return _changed(declared, reference=(last - self.months + 1, last))

    def faults(self, studied: Studied) -> Iterator[str]:
        """The window's, and that it is no longer than the declared one."""
        first, last = studied.window.reference
        if self.months <= last - first + 1:
            yield "the reference is not longer than the declared one"
        yield from super().faults(studied)


class MovedReference(_Run):
    """A reference as long as the declared one, ``months`` earlier."""

    kind: Literal["moved_reference"] = "moved_reference"
    months: int = Field(gt=0)

    def name(self, unit: str) -> str:
        """The run's name in files."""
        return f"reference_{_many(self.months, unit)}_earlier"

    def title(self, unit: str) -> str:
        """The run in a few words."""
        return f"Reference {_counted(self.months, unit)} earlier"

    def words(self, unit: str) -> str:
        """What the run does."""
        return f"effects relative to a reference that lies {_counted(self.months, unit)} before the declared one"

    def window(self, declared: Window, *, anticipation: int = 0) -> Window:  # noqa: ARG002 - as every run
        """The declared event times with the earlier reference."""
        first, last = declared.reference
        return _changed(declared, reference=(first - self.months, last - self.months))


class StoppedBefore(_Run):
    """Without ``month`` (``YYYY-MM``; in a linked panel a period) and all that follow, for everybody.

    People first treated later stay, with their months before: none of those is treated.
    """

    kind: Literal["stopped_before"] = "stopped_before"
    month: MonthLabel | int

    @property
    def number(self) -> int:
        """The first month left out, as the panel counts months."""
        return parse_month(self.month) if isinstance(self.month, str) else self.month

    def name(self, unit: str) -> str:
        """The run's name in files."""
        when = self.month.replace("-", "_") if isinstance(self.month, str) else f"{unit}_{self.month}"
        return f"stopped_before_{when}"

    def title(self, unit: str) -> str:
        """The run in a few words."""
        return f"Without {self._when(unit)} on"

    def words(self, unit: str) -> str:
        """What the run does."""
        return f"outcomes from {self._when(unit)} on left out for everybody"

    def _when(self, unit: str) -> str:
        return f"{first_day(self.number):%B %Y}" if isinstance(self.month, str) else f"{unit} {self.month}"

    def faults(self, studied: Studied) -> Iterator[str]:
        """That it is not a month of the study, or leaves nothing out or nothing in."""
        if isinstance(self.month, str) != studied.dated:
            yield "it is a month written YYYY-MM" if studied.dated else f"it is the number of a {studied.unit}"
        elif studied.observed is not None and not studied.observed[0] < self.number <= studied.observed[1]:
            first, last = (month_label(m) if studied.dated else m for m in studied.observed)
            yield f"it must lie after {first} and not after {last}"


class MovedIndexPlacebo(_Run):
    """Treated people's index ``months`` earlier, and none of their months from the true index on.

    Months in which they may anticipate the true index are left out too.
    """

    kind: Literal["moved_index_placebo"] = "moved_index_placebo"
    placebo: ClassVar[bool] = True
    months: int = Field(gt=0)

    def name(self, unit: str) -> str:
        """The run's name in files."""
        return f"placebo_index_{_many(self.months, unit)}_earlier"

    def title(self, unit: str) -> str:
        """The run in a few words."""
        return f"Index {_counted(self.months, unit)} earlier"

    def words(self, unit: str) -> str:
        """What the run does."""
        return (
            f"placebo: treated people's index moved {_counted(self.months, unit)} earlier and their {unit}s from the "
            f"true one on left out; {unit}s count from the moved index, and every effect should be zero"
        )

    def window(self, declared: Window, *, anticipation: int = 0) -> Window:
        """The declared event times as they count from the moved index, up to the last before the true one."""
        after = min(self.months - anticipation, declared.after)
        return _changed(declared, before=declared.before - self.months, after=after)

    def faults(self, studied: Studied) -> Iterator[str]:
        """The window's, and that nothing is left after the moved index."""
        if self.months <= studied.anticipation:
            yield f"it must be moved by more than the {studied.anticipation} {studied.unit}s of anticipation"
        yield from super().faults(studied)


class HalfComparisonPlacebo(_Run):
    """Half of the comparison people as if treated in their drawn index month; treated people left out.

    Where a panel has no index months of comparison people, they are drawn in the treated people's proportions. Both
    draws are hashes of the person id and ``seed``.
    """

    kind: Literal["half_comparison_placebo"] = "half_comparison_placebo"
    placebo: ClassVar[bool] = True
    seed: str = Field(default="causeway", min_length=1)

    def name(self, unit: str) -> str:  # noqa: ARG002 - as every run
        """The run's name in files."""
        return "placebo_half_comparison"

    def title(self, unit: str) -> str:  # noqa: ARG002 - as every run
        """The run in a few words."""
        return "Half of the comparison people"

    def words(self, unit: str) -> str:
        """What the run does."""
        return (
            f"placebo: treated people left out, and half of the comparison people (drawn with seed {self.seed}) as if "
            f"treated in an index {unit} drawn from the treated people's; every effect should be zero"
        )


RobustnessRun = Annotated[
    LongerReference | MovedReference | StoppedBefore | MovedIndexPlacebo | HalfComparisonPlacebo,
    Field(discriminator="kind"),
]


def run_faults(runs: Iterable[RobustnessRun], studied: Studied) -> Iterator[str]:
    """Every fault of every run, each with the run's name; a run that is declared twice is one."""
    seen = set()
    for run in runs:
        name = run.name(studied.unit)
        if name in seen:
            yield f"robustness run {name} is declared twice"
        seen.add(name)
        yield from (f"robustness run {name}: {fault}" for fault in run.faults(studied))


def _changed(window: Window, **fields: object) -> Window:
    return Window.model_validate(window.model_dump() | fields)


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _many(number: int, unit: str) -> str:
    return _counted(number, unit).replace(" ", "_")
