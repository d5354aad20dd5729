"""A panel whose people are treated by clusters: its shards name each person's, so that errors are clustered on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.vocabulary.designs import StaggeredAdoption
from pipeline.vocabulary.panels import CLUSTER, Panel, PanelShard
from pipeline.vocabulary.protocol import Protocol


@dataclass(frozen=True)
class Clustered:
    """A panel, with the codes that it keeps of people's clusters where estimators look for them."""

    panel: Panel

    @property
    def first_month(self) -> int:
        """The month of column 0."""
        return self.panel.first_month

    @property
    def n_months(self) -> int:
        """How many months each person has a column for."""
        return self.panel.n_months

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """The levels of each characteristic."""
        return self.panel.levels

    @property
    def covariates(self) -> tuple[str, ...]:
        """Numeric facts about people; the cluster is none, since its code is no amount."""
        return tuple(name for name in self.panel.covariates if name != CLUSTER)

    def shards(self, outcome: str, names: Sequence[str] = ()) -> Iterator[PanelShard]:
        """The panel's shards with their people's clusters."""
        for shard in self.panel.shards(outcome, (*names, CLUSTER)):
            others = {name: values for name, values in shard.covariates.items() if name != CLUSTER}
            yield replace(shard, covariates=others, cluster=shard.covariates[CLUSTER].astype(np.int64))


def clustered(panel: Panel, protocol: Protocol) -> Panel:
    """The panel as errors are to be clustered: on what the design declares, else on the person."""
    design = protocol.evaluation.design
    return Clustered(panel) if isinstance(design, StaggeredAdoption) and design.cluster is not None else panel
