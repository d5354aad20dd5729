"""What an evaluation holds to cause what: a graph of variables, the arrows between them, and those assumed away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Annotated

from pydantic import Field

from pipeline.vocabulary.declared import Declared, suggested

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]

OF_EVERYBODY = ("age", "index_month", "past_outcomes")
"""What a panel says of everybody beside characteristics: age, the calendar month, outcomes before the index."""


class Variable(Declared):
    """One thing that causes or is caused.

    Attributes
    ----------
    name, title
        In the graph, and in words that can stand inside a sentence.
    measured_by
        Characteristics of the panel, numbers that its design keeps, or of :data:`OF_EVERYBODY`; none: nobody observed
        it.
    """

    name: Name
    title: str
    measured_by: tuple[str, ...] = ()


class Absent(Declared):
    """An arrow that a critic would draw and that the evaluation assumes not to be there, with its reason."""

    cause: Name
    effect: Name
    because: str


class CausalModel(Declared):
    """A directed graph without cycles; where an arrow is missing, no direct effect is assumed.

    Attributes
    ----------
    treatment, outcome
        Names of two of the variables; both are observed.
    arrows
        Cause and effect of each.
    absent
        Arrows left out that most need a reason.
    """

    treatment: Name
    outcome: Name
    variables: tuple[Variable, ...] = Field(min_length=2)
    arrows: tuple[tuple[Name, Name], ...] = Field(min_length=1)
    absent: tuple[Absent, ...] = ()

    @property
    def observed(self) -> tuple[str, ...]:
        """The variables that somebody measured, treatment and outcome among them."""
        ends = (self.treatment, self.outcome)
        return tuple(v.name for v in self.variables if v.measured_by or v.name in ends)

    def title(self, name: str) -> str:
        """A variable in words."""
        return next(variable.title for variable in self.variables if variable.name == name)

    def whole_faults(self) -> Iterator[str]:
        """Variables that are not there or twice, arrows that go in a circle or are assumed away, no path to ask of."""
        names = [variable.name for variable in self.variables]
        yield from (f"variable {name} is declared {k} times" for name, k in Counter(names).items() if k > 1)
        assumed = [(one.cause, one.effect) for one in self.absent]
        ends = {"treatment": self.treatment, "outcome": self.outcome}
        used = dict.fromkeys([*ends.values(), *(name for arrow in (*self.arrows, *assumed) for name in arrow)])
        strangers = [name for name in used if name not in names]
        yield from (f"the causal model has no variable {name} ({suggested(name, names)})" for name in strangers)
        both = [arrow for arrow in assumed if arrow in self.arrows]
        yield from (f"the arrow from {cause} to {effect} is both drawn and assumed away" for cause, effect in both)
        if _in_a_circle((*self.arrows, *assumed)):
            yield "the arrows of the causal model go in a circle, those assumed away included"
        elif self.outcome not in _reached(self.treatment, self.arrows):
            yield "no arrows lead from the treatment to the outcome"

    def unmeasured(self, characteristics: Sequence[str]) -> Iterator[str]:
        """Measures that the panel does not have."""
        known = (*OF_EVERYBODY, *characteristics)
        for variable in self.variables:
            strangers = [name for name in variable.measured_by if name not in known]
            yield from (
                f"the panel has no {name} to measure {variable.name} ({suggested(name, known)})" for name in strangers
            )


def _in_a_circle(arrows: Sequence[tuple[str, str]]) -> bool:
    causes: dict[str, set[str]] = {}
    for cause, effect in arrows:
        causes.setdefault(effect, set()).add(cause)
    try:
        TopologicalSorter(causes).prepare()
    except CycleError:
        return True
    return False


def _reached(start: str, arrows: Sequence[tuple[str, str]]) -> set[str]:
    """Every variable that arrows lead to from ``start``."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        here = ahead.pop()
        new = {effect for cause, effect in arrows if cause == here} - found
        found |= new
        ahead += new
    return found
