"""Great Expectations, imported late and quietly: without analytics, notices, or a Spark that is never used."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SPARK = ("pyspark", "pyspark.sql", "pyspark.ml")


def great_expectations() -> Any:  # noqa: ANN401 - the library ships no types that mypy may follow
    """The library; its import takes seconds, so it happens at the first call."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings(), _without_spark():
        warnings.simplefilter("ignore")
        import great_expectations
        import great_expectations.expectations
    return great_expectations


@contextmanager
def _without_spark() -> Iterator[None]:
    """Hide an installed Spark while the library looks for one.

    It would be imported for nothing, and its import ends the process where the main module has no file, as in
    workers that are started from a string.
    """
    hidden = {name: sys.modules.pop(name) for name in _SPARK if name in sys.modules}
    sys.modules.update(dict.fromkeys(_SPARK))  # type: ignore[arg-type] # None is how the import system blocks a name
    try:
        yield
    finally:
        for name in _SPARK:
            del sys.modules[name]
        sys.modules.update(hidden)
