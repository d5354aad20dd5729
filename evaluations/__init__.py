"""One file, one evaluation: a typed declaration named EVALUATION. No Dagster, no dataframes.

A file goes in; a protocol leaves, if every fault in it is mended and its code lists are in ``codelists/``.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from pydantic import ValidationError

from pipeline.vocabulary.codelists import read_codelist
from pipeline.vocabulary.declared import request_error
from pipeline.vocabulary.designs import LinkedPanel
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.protocol import Evaluation, Protocol

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Every evaluation that is defined: the names of the files in this folder."""
    return tuple(sorted(module.name for module in iter_modules([str(FOLDER)])))


def load(name: str) -> Protocol:
    """The protocol of one evaluation.

    Raises
    ------
    RequestError
        If there is no such evaluation (says which there are), or its declaration or a code list is at fault.
    """
    if name not in names():
        raise RequestError(Fault(what=f"there is no evaluation {name!r}", remedy=f"Defined: {', '.join(names())}."))
    try:
        module = import_module(f"evaluations.{name}")
    except ValidationError as error:
        raise request_error(error, where=f"evaluations/{name}.py") from None
    evaluation = getattr(module, "EVALUATION", None)
    if not isinstance(evaluation, Evaluation):
        raise RequestError(Fault(what="the file does not define EVALUATION", file=f"evaluations/{name}.py"))
    codelists = {codelist: read_codelist(FOLDER / "codelists" / f"{codelist}.csv") for codelist in _named(evaluation)}
    return Protocol(name=name, evaluation=evaluation, codelists=codelists)


def _named(evaluation: Evaluation) -> tuple[str, ...]:
    """The code lists that an evaluation names."""
    if isinstance(evaluation.design, LinkedPanel):
        return ()
    return evaluation.design.index_event.codelists
