"""The panel as it is: only the window's reference is another, up to the index."""

from __future__ import annotations

from pipeline.inference.designs.robustness import Timing
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.robustness import ReferenceBeforeIndex


def view(panel: Panel, run: ReferenceBeforeIndex, *, outcome: str, timing: Timing) -> Panel:  # noqa: ARG001 - as every view
    """The panel itself."""
    return panel
