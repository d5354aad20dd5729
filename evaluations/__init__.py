"""One file, one evaluation: a typed declaration named EVALUATION. No Dagster, no dataframes.

A file goes in; a protocol leaves, if every fault in it is mended and its code lists are in ``codelists/``.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from pipeline.vocabulary.codelists import read_codelist
from pipeline.vocabulary.declared import gathered, suggested
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.protocol import Evaluation, Protocol

FOLDER = Path(__file__).parent
ESTIMATORS = FOLDER.parent / "pipeline" / "inference" / "estimators"


def names() -> tuple[str, ...]:
    """Every evaluation that is defined: the names of the files in this folder."""
    return tuple(sorted(module.name for module in iter_modules([str(FOLDER)])))


def load(name: str) -> Protocol:
    """The protocol of one evaluation.

    Raises
    ------
    RequestError
        If there is no such evaluation (says which there are), or its declaration or a code list is at fault; every
        fault of the file and its code lists at once.
    """
    if name not in names():
        raise RequestError(Fault(what=f"there is no evaluation {name!r}", remedy=f"Defined: {', '.join(names())}."))
    evaluation, told = _declared(name)
    faults = [Fault(what=what, file=f"evaluations/{name}.py") for what in told]
    codelists = {}
    for codelist in _named(evaluation):
        try:
            codelists[codelist] = read_codelist(FOLDER / "codelists" / f"{codelist}.csv")
        except RequestError as refused:
            faults += refused.faults
    if faults or evaluation is None:
        sys.modules.pop(f"{__name__}.{name}", None)
        raise RequestError(faults)
    return Protocol(name=name, evaluation=evaluation, codelists=codelists)


def _declared(name: str) -> tuple[Evaluation | None, list[str]]:
    """What a file declares, as far as it can be read, and everything that is wrong with it."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return None, ["the file's name must be lower-case letters, digits and underscores: it names the evaluation"]
    with gathered() as faults:
        try:
            module = import_module(f"{__name__}.{name}")
        except SyntaxError as error:
            return None, [*faults, f"line {error.lineno} is not Python: {error.msg}"]
        except (ImportError, NameError, TypeError, ValueError) as error:
            return None, [*faults, f"it cannot be read: {error}"]
    evaluation = getattr(module, "EVALUATION", None)
    if not isinstance(evaluation, Evaluation):
        return None, [*faults, "the file does not define EVALUATION = Evaluation(...)"]
    return evaluation, [*faults, *_unknown_estimators(evaluation)]


def _unknown_estimators(evaluation: Evaluation) -> list[str]:
    """Estimators that nobody has written: each is a file in ``pipeline/inference/estimators/``, or a design's own."""
    design = getattr(evaluation, "design", None)
    declared = getattr(design, "estimators", ())
    if getattr(design, "own_estimators", ()):
        path = getattr(design, "path", None)
        declared = () if path is None else (getattr(path, "estimator", ""),)
    known = tuple(sorted(module.name for module in iter_modules([str(ESTIMATORS)])))
    strangers = (name for name in declared if isinstance(declared, tuple) and name not in known)
    return [f"there is no estimator {name} ({suggested(name, known)})" for name in strangers]


def _named(evaluation: Evaluation | None) -> tuple[str, ...]:
    """The code lists that an evaluation names, as far as it can be read."""
    design = getattr(evaluation, "design", None)
    codelists: tuple[str, ...] = getattr(getattr(design, "index_event", None), "codelists", ())
    return codelists
