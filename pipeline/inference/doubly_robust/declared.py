"""What a protocol declares of its comparison with untreated people, and the effects of it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.inference.doubly_robust.nuisances import Learning
from pipeline.inference.doubly_robust.panel import Asked, people_of
from pipeline.inference.doubly_robust.treated import EffectsOnTreated, effects_on_treated
from pipeline.vocabulary.designs import StaggeredAdoption
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What is asked of the panel, how nuisances are learned, and whom nobody is like."""

    asked: Asked
    learning: Learning
    trim: float

    def effects(self, panel: Panel) -> EffectsOnTreated:
        """The effects on treated people of every outcome and bin.

        Raises
        ------
        NotEstimable
            If an arm has too few people for the folds.
        """
        return effects_on_treated(people_of(panel, self.asked), learning=self.learning, trim=self.trim)


def compared(protocol: Protocol, *, seed: int) -> Compared | None:
    """What a protocol declares; ``None`` where it compares with no untreated people in this way."""
    evaluation, design = protocol.evaluation, protocol.evaluation.design
    if not isinstance(design, StaggeredAdoption) or design.untreated is None:
        return None
    asked = Asked(
        outcomes=tuple(outcome.name for outcome in evaluation.outcomes),
        window=design.window,
        characteristics=design.untreated.characteristics,
    )
    learning = Learning(folds=design.untreated.folds, seed=seed)
    return Compared(asked=asked, learning=learning, trim=design.untreated.trim)
