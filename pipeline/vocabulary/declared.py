"""What every declaration is: frozen, unknown fields refused, every fault in it told at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Self, cast

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic._internal._model_construction import ModelMetaclass

from pipeline.vocabulary.errors import Fault, RequestError

_MET = (AttributeError, KeyError, TypeError, ValueError)
"""What a check of a whole may meet in a part that is at fault."""


@dataclass
class _Gathering:
    """What is wrong so far, and the declarations that were made all the same."""

    faults: list[str] = field(default_factory=list)
    unchecked: list[object] = field(default_factory=list)

    def made_all_the_same(self, kind: type[Declared], fields: dict[str, Any], *, whole: bool) -> Declared:
        """A declaration as written; what is wrong with it as a whole is told as far as its fields allow to say it."""
        made = kind.model_construct(**fields)
        self.unchecked.append(made)
        if whole:
            with suppress(*_MET):
                for fault in made.whole_faults():
                    self.faults.append(fault)
        return made


_GATHERING: ContextVar[_Gathering | None] = ContextVar("_GATHERING", default=None)


class _Told(ModelMetaclass):
    """Makes declarations; while faults are :func:`gathered`, those at fault too."""

    def __call__(self, *given: Any, **fields: Any) -> Any:  # noqa: ANN401 - whatever the declaration is
        gathering, kind = _GATHERING.get(), cast("type[Declared]", self)
        try:
            return super().__call__(*given, **fields)
        except ValidationError as error:
            if gathering is None:
                raise
            gathering.faults += faults_in(error)
            return gathering.made_all_the_same(kind, fields, whole=any(fault["loc"] for fault in error.errors()))
        except _MET:
            # A check of the whole met a part that is at fault, and was told of, already.
            if gathering is None or not gathering.faults:
                raise
            return gathering.made_all_the_same(kind, fields, whole=True)


class Declared(BaseModel, metaclass=_Told):
    """A part of a declaration: it cannot be changed, and a field that nobody knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def whole_faults(self) -> Iterator[str]:
        """What is wrong with its fields taken together."""
        yield from ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        gathering = _GATHERING.get()
        if gathering is not None and any(self is made for made in gathering.unchecked):
            return self
        faults = list(self.whole_faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self


@contextmanager
def gathered() -> Iterator[list[str]]:
    """The faults of all declarations that are made meanwhile, parts before their wholes, instead of the first's."""
    gathering = _Gathering()
    token = _GATHERING.set(gathering)
    try:
        yield gathering.faults
    finally:
        _GATHERING.reset(token)


def faults_in(error: ValidationError) -> list[str]:
    """Every fault that pydantic found, in words, without the values it quotes."""
    found = error.errors(include_input=False, include_url=False)
    return [_words(fault["type"], fault["loc"], fault["msg"], owner=error.title) for fault in found]


def request_error(error: ValidationError, *, where: str) -> RequestError:
    """Every fault that pydantic found, as one :class:`RequestError` without the values it quotes."""
    return RequestError([Fault(what=what, file=where) for what in faults_in(error)])


def suggested(unknown: str, known: Sequence[str]) -> str:
    """What to say of an unknown name: the known one that it resembles, or all that are known."""
    near = get_close_matches(unknown, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"


def _words(kind: str, place: tuple[int | str, ...], said: str, *, owner: str) -> str:
    where, known = ".".join(map(str, place)), _fields(owner)
    if kind == "extra_forbidden" and known and len(place) == 1:
        return f"{owner} has no field {where} ({suggested(where, known)})"
    if kind == "missing":
        return f"{owner} needs {where}"
    hint = ', such as ("one",) or ("one", "another")' if kind == "tuple_type" else ""
    said = said.removeprefix("Value error, ") + hint
    if not where:
        return said
    return f"{owner}.{where}: {said}" if known else f"{where}: {said}"


def _fields(owner: str) -> list[str]:
    """The fields of the declaration called ``owner``; none where no declaration is called so."""
    kinds = [Declared]
    for kind in kinds:
        if kind.__name__ == owner:
            return list(kind.model_fields)
        kinds += kind.__subclasses__()
    return []
