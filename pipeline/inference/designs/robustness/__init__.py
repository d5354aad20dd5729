"""A declared run and a panel go in; the panel as the run sees it leaves, one kind of run a file.

The file's name is the run's ``kind``. It defines ``view(panel, run, *, outcome, studied)``, which gives a panel that
changes shards one by one as they are read: nothing is stored, and the estimators know nothing of runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.robustness import RobustnessRun
from pipeline.vocabulary.windows import Window


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The declared event times, and how many months before the index may be affected by it already."""

    window: Window
    anticipation: int


class View(Protocol):
    """What every kind's ``view`` looks like."""

    def __call__(self, panel: Panel, run: RobustnessRun, *, outcome: str, timing: Timing) -> Panel:
        """The panel as the run sees it, for one outcome."""


def viewed(panel: Panel, run: RobustnessRun, *, outcome: str, timing: Timing) -> Panel:
    """The panel as a declared run sees it.

    Raises
    ------
    RequestError
        If the panel lacks what the run needs.
    """
    view: View = import_module(f"{__name__}.{run.kind}").view
    return view(panel, run, outcome=outcome, timing=timing)
