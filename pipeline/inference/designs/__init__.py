"""A protocol and a panel go in; a table of estimates leaves. One design a file: the kind of a design is its name.

A file (or folder) defines ``estimates(panel, protocol, settings)``, and ``checks`` with the same arguments if its
credibility is not read off the estimates.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pyarrow as pa

from pipeline.engine.settings import Inference
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol


def estimates(panel: Panel, protocol: Protocol, settings: Inference) -> pa.Table:
    """Everything that the protocol declares, estimated as its kind of design is (schema ``ESTIMATES``)."""
    found: pa.Table = _of(protocol).estimates(panel, protocol, settings)
    return found


def checks(panel: Panel, protocol: Protocol, settings: Inference) -> pa.Table | None:
    """The design's own checks (schema ``DIAGNOSTICS``); ``None`` where they are read off the estimates."""
    own = getattr(_of(protocol), "checks", None)
    return None if own is None else own(panel, protocol, settings)


def _of(protocol: Protocol) -> ModuleType:
    return import_module(f"{__name__}.{protocol.evaluation.design.kind}")
