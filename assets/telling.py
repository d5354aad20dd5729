"""How a stage tells whoever runs it that it started, finished or refused: Dagster always, the command line if it asks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

import dagster as dg

from pipeline.vocabulary.errors import CausewayError, Fault


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


class UnforeseenError(CausewayError):
    """A fault in Causeway itself. Its text is kept back, because a library may have quoted a record in it."""


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
        refusal = error if isinstance(error, CausewayError) else _unforeseen(stage, error)
        if listener:
            listener.refused(refusal)
        raise dg.Failure(description=str(refusal), allow_retries=False) from None
    if listener:
        listener.finished(stage, time.perf_counter() - start)


def _unforeseen(stage: str, error: Exception) -> UnforeseenError:
    return UnforeseenError(
        Fault(
            what=f"{stage} stopped on an unforeseen {type(error).__name__}",
            remedy="This is a fault in Causeway; --debug shows where, and may show values of records.",
        )
    )
