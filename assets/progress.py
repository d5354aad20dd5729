"""What a person sees while they wait: bars on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from assets.telling import LISTENER
from pipeline.vocabulary.errors import CausewayError


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(file=sys.stderr), transient=True)


@contextmanager
def bar(title: str) -> Iterator[Callable[[float], None]]:
    """A bar that is moved by calling it with the share that is done."""
    with _progress() as progress:
        task = progress.add_task(title, total=1.0)
        yield lambda share: progress.update(task, completed=share)


class StageBar:
    """Hears of stages and shows them: a line for each that is done, a bar for the one under way."""

    def __init__(self, progress: Progress, *, stages: int, debug: bool) -> None:
        self.debug = debug
        self.refusals: list[CausewayError] = []
        self._progress = progress
        self._task: TaskID = progress.add_task("", total=stages)

    def started(self, stage: str) -> None:
        """Show which stage is under way."""
        self._progress.update(self._task, description=stage)

    def finished(self, stage: str, seconds: float) -> None:
        """Leave a line behind and move the bar."""
        self._progress.console.print(f"{stage:<44}{seconds:>8.1f} s", highlight=False)
        self._progress.advance(self._task)

    def refused(self, refusal: CausewayError) -> None:
        """Keep a refusal until the run has ended."""
        self.refusals.append(refusal)


@contextmanager
def stage_bar(*, stages: int, debug: bool) -> Iterator[StageBar]:
    """Listen to the stages of a run and show them."""
    with _progress() as progress:
        listener = StageBar(progress, stages=stages, debug=debug)
        token = LISTENER.set(listener)
        try:
            yield listener
        finally:
            LISTENER.reset(token)
