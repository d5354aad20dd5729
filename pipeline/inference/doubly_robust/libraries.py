"""EconML and DoWhy, imported and called without a word: both log, warn and draw progress bars."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """While it lasts these libraries are silent: importing them compiles code with invalid escapes.

    Their warnings can carry the names and numbers of the people they are called with, so none is let out; what is
    wrong with a fit is found by the checks that are made of it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
