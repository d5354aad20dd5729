"""What every declaration is: frozen, unknown fields refused, every fault in it told at once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.vocabulary.errors import Fault, RequestError


class Declared(BaseModel):
    """A part of a declaration: it cannot be changed, and a field that nobody knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def request_error(error: ValidationError, *, where: str) -> RequestError:
    """Every fault that pydantic found, as one :class:`RequestError` without the values it quotes."""
    faults = [
        Fault(what=f"{'.'.join(str(part) for part in fault['loc']) or 'declaration'}: {fault['msg']}", file=where)
        for fault in error.errors(include_input=False, include_url=False)
    ]
    return RequestError(faults)
