"""What each kind of design does at the stages that are its own. One file, one kind: its name is the kind.

A file defines the functions of :class:`Stages`, each one call into ``pipeline``; kinds that share a function import it.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol as Signatures
from typing import cast

import duckdb
import pyarrow as pa

from pipeline.engine.settings import Engine, Settings
from pipeline.engine.store import Result
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol


class Stages(Signatures):
    """What the file of a kind of design defines."""

    def cohort_inputs(self, protocol: Protocol) -> tuple[str, ...]:
        """The assets that a cohort is made from; ``spine`` is among them if its people are of the spine."""

    def panel_inputs(self, protocol: Protocol) -> tuple[str, ...]:
        """The assets that a panel is made from, besides its cohort."""

    def cohort(
        self,
        connection: duckdb.DuckDBPyConnection,
        protocol: Protocol,
        inputs: Mapping[str, Result],
        *,
        target: Path,
    ) -> None:
        """Write the tables ``cohort`` and ``attrition``."""

    def panel(
        self,
        connection: duckdb.DuckDBPyConnection,
        protocol: Protocol,
        inputs: Mapping[str, Result],
        *,
        target: Path,
        engine: Engine,
    ) -> None:
        """Write the panel's shards and its note."""

    def compared(self, protocol: Protocol) -> tuple[str, ...]:
        """The characteristics in which the arms are compared."""

    def checks(self, panel: Panel, estimates: pa.Table, protocol: Protocol, settings: Settings) -> pa.Table:
        """Whether the estimates may be believed (schema ``DIAGNOSTICS``)."""

    def decomposition(self, panel: Panel, protocol: Protocol) -> pa.Table:
        """Why the estimators differ (schema ``DECOMPOSITION``); no rows where that does not arise."""

    def support(self, panel: Panel, protocol: Protocol) -> pa.Table:
        """Who identifies which horizon (schema ``SUPPORT``); no rows where the same people stand behind all."""


def stages_of(protocol: Protocol) -> Stages:
    """The functions of the kind of design that a protocol declares."""
    return cast("Stages", import_module(f"{__name__}.{protocol.evaluation.design.kind}"))
