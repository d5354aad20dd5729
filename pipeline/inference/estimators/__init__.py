"""A panel goes in; a frozen result leaves, one estimator a file. The file's name is the estimator's name.

A file defines ``fit(panel, outcome, *, specification, models)`` for panels in shards, which evaluations use, and
``estimate(frame, *, outcome, person, month, treatment_month, …)`` for a long DataFrame.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol

from pipeline.vocabulary.effects import EventStudy, Model, Specification
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.panels import Panel


class Fit(Protocol):
    """What every estimator's ``fit`` looks like: one result a model, in their order."""

    def __call__(
        self, panel: Panel, outcome: str, *, specification: Specification, models: Sequence[Model]
    ) -> tuple[EventStudy, ...]:
        """Effects on one outcome."""


def names() -> tuple[str, ...]:
    """Every estimator there is: the names of the files in this folder."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def fit_of(name: str) -> Fit:
    """The ``fit`` of a named estimator.

    Raises
    ------
    RequestError
        If there is no such estimator; says which there are.
    """
    if name not in names():
        raise RequestError(Fault(what=f"there is no estimator {name!r}", remedy=f"There are: {', '.join(names())}."))
    found: Fit = import_module(f"{__name__}.{name}").fit
    return found
