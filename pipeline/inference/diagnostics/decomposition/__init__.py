"""A panel goes in; what pulls its fixed-effects estimates away from effects of timing groups leaves.

``of_panel`` is for panels in shards, ``of_frame`` for a long DataFrame, ``table`` for an evaluation.
"""

from __future__ import annotations

from pipeline.inference.diagnostics.decomposition.decompose import of_frame, of_panel
from pipeline.inference.diagnostics.decomposition.result import Decomposition, Static
from pipeline.inference.diagnostics.decomposition.rows import table

__all__ = ["Decomposition", "Static", "of_frame", "of_panel", "table"]
