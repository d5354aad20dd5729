"""People's months go in; an outcome's matrix leaves. One file, one outcome: its name is the outcome's name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import cast

import numpy as np
from numpy.typing import NDArray

from pipeline.population.panel.months import Months
from pipeline.vocabulary.errors import Fault, RequestError

Measure = Callable[[Months], NDArray[np.float32]]
"""``months -> outcome``, ``(n, T)``; NaN wherever the outcome is not observed."""


def names() -> tuple[str, ...]:
    """The outcomes that can be made: the names of the files in this folder."""
    return tuple(sorted(module.name for module in iter_modules([str(Path(__file__).parent)])))


def measure(name: str) -> Measure:
    """How an outcome is made.

    Raises
    ------
    RequestError
        If there is no such outcome; says which there are.
    """
    if name not in names():
        known = ", ".join(names())
        raise RequestError(
            Fault(what=f"outcome {name!r} cannot be made from pay or benefits", remedy=f"There are: {known}.")
        )
    return cast("Measure", import_module(f"{__name__}.{name}").outcome)
