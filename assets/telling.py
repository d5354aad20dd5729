"""How a stage tells that it started, finished or refused: Dagster always, the command line if it listens."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

import dagster as dg

from assets.unforeseen import unforeseen
from pipeline.vocabulary.errors import CausewayError


class Listener(Protocol):
    """Who wants to hear of stages beside Dagster: the command line's progress, a benchmark's clock."""

    debug: bool
    """Whether an unforeseen error keeps its traceback, and with it whatever value a library quotes."""

    def started(self, stage: str) -> None:
        """A stage begins."""

    def finished(self, stage: str, seconds: float) -> None:
        """A stage has its result, made or found."""

    def refused(self, refusal: CausewayError) -> None:
        """A stage refused."""


LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def told(stage: str) -> Iterator[None]:
    """Run a stage so that whatever it raises reaches Dagster as a failure whose text holds no record's value."""
    listener = LISTENER.get()
    if listener:
        listener.started(stage)
    start = time.perf_counter()
    try:
        yield
    except Exception as error:
        if listener and listener.debug and not isinstance(error, CausewayError):
            raise
        refusal = error if isinstance(error, CausewayError) else unforeseen(stage, error)
        if listener:
            listener.refused(refusal)
        raise dg.Failure(description=str(refusal), allow_retries=False) from None
    if listener:
        listener.finished(stage, time.perf_counter() - start)
