"""What a robustness run is, whatever its kind: a name, a window, and what can be wrong with it in a study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ValidationError

from pipeline.vocabulary.declared import Declared
from pipeline.vocabulary.windows import Window


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


class Run(Declared):
    """What every kind of run has beside its name, title and words."""

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


def changed(window: Window, **fields: object) -> Window:
    """The window with other fields, checked again."""
    return Window.model_validate(window.model_dump() | fields)


def counted(number: int, unit: str) -> str:
    """``1 month``, ``2 months``."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def counted_name(number: int, unit: str) -> str:
    """The same as part of a name: ``2_months``."""
    return counted(number, unit).replace(" ", "_")
