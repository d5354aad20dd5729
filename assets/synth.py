"""A synthetic delivery from the command line."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from assets.progress import bar
from pipeline.synthetic import Knobs, synthesise
from pipeline.vocabulary.declared import request_error
from pipeline.vocabulary.errors import Fault, RequestError


def synth(folder: Path, *, people: int, seed: int, delivery: str | None, knobs: Sequence[str]) -> None:
    """Write a delivery, with a progress bar; each knob is written ``name=value``.

    Raises
    ------
    RequestError
        If a knob is unknown or out of its range, there are too few people, or the folder is not empty.
    """
    turned = dict(_pair(knob) for knob in knobs)
    try:
        chosen = Knobs.model_validate(turned)
    except ValidationError as error:
        raise request_error(error, where="--knob") from None
    with bar(f"{people:,} people") as advance:
        synthesise(folder, people=people, seed=seed, knobs=chosen, delivery=delivery, progress=advance)


def _pair(knob: str) -> tuple[str, str]:
    name, equals, value = knob.partition("=")
    if not equals:
        raise RequestError(Fault(what=f"knob {name} has no value", remedy="Write --knob name=value."))
    return name, value
