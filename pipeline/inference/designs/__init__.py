"""A protocol and a panel go in; a table of estimates leaves. One design a file: the kind of a design is its name.

A file (or folder) defines ``estimates(panel, protocol, settings)``.
"""

from __future__ import annotations

from importlib import import_module

import pyarrow as pa

from pipeline.engine.settings import Inference
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol


def estimates(panel: Panel, protocol: Protocol, settings: Inference) -> pa.Table:
    """Everything that the protocol declares, estimated as its kind of design is (schema ``ESTIMATES``)."""
    kind = import_module(f"{__name__}.{protocol.evaluation.design.kind}")
    found: pa.Table = kind.estimates(panel, protocol, settings)
    return found
