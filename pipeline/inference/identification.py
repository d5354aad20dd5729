"""A causal model goes in; what must be adjusted for, what could serve instead and what it rests on leave (DoWhy)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.inference.doubly_robust.libraries import quiet
from pipeline.vocabulary.causal_model import CausalModel


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """An arrow assumed away, and whether the effect could be had in the same way if it were there after all.

    By adjustment, or by an instrument where the model leaves no other way.
    """

    cause: str
    effect: str
    because: str
    survives: bool


@dataclass(frozen=True, kw_only=True)
class Identification:
    """How the effect can be had from what is observed, were the model right. Nothing here depends on data.

    Attributes
    ----------
    adjustment_sets
        Smallest sets of observed variables that close every way but the treatment's own (Pearl 1995,
        doi 10.1093/biomet/82.4.669): the empty set where nothing needs adjustment, none where adjustment cannot help.
    instruments, mediators
        Observed variables that could serve as instruments, or for front-door adjustment.
    unobserved
        Variables of the model that nobody measured.
    assumptions
        Each arrow assumed away.
    """

    adjustment_sets: tuple[tuple[str, ...], ...]
    instruments: tuple[str, ...]
    mediators: tuple[str, ...]
    unobserved: tuple[str, ...]
    assumptions: tuple[Assumption, ...]

    @property
    def by_adjustment(self) -> bool:
        """Whether adjustment for observed variables gives the effect."""
        return bool(self.adjustment_sets)

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self) | {"by_adjustment": self.by_adjustment}


def identification(model: CausalModel) -> Identification:
    """What DoWhy identifies from the model, and once more with each arrow that the model assumes away."""
    found = _estimand(model, model.arrows)
    sets, instruments = _adjustment_sets(found), _observed(model, found.get_instrumental_variables())
    assumptions = tuple(
        Assumption(
            cause=one.cause,
            effect=one.effect,
            because=one.because,
            survives=_survives(model, (one.cause, one.effect), by_instrument=bool(instruments) and not sets),
        )
        for one in model.absent
    )
    return Identification(
        adjustment_sets=sets,
        instruments=instruments,
        mediators=_observed(model, found.get_frontdoor_variables()),
        unobserved=tuple(v.name for v in model.variables if v.name not in model.observed),
        assumptions=assumptions,
    )


def _survives(model: CausalModel, arrow: tuple[str, str], *, by_instrument: bool) -> bool:
    found = _estimand(model, (*model.arrows, arrow))
    return bool(_observed(model, found.get_instrumental_variables()) if by_instrument else _adjustment_sets(found))


def _estimand(model: CausalModel, arrows: Sequence[tuple[str, str]]) -> Any:  # noqa: ANN401 - DoWhy has no types
    with quiet():
        import networkx as nx
        from dowhy.causal_identifier import EstimandType, identify_effect_auto
        from dowhy.causal_identifier.auto_identifier import BackdoorAdjustment

        graph = nx.DiGraph()
        graph.add_nodes_from(variable.name for variable in model.variables)
        graph.add_edges_from(arrows)
        return identify_effect_auto(
            graph,
            [model.treatment],
            [model.outcome],
            list(model.observed),
            EstimandType.NONPARAMETRIC_ATE,
            backdoor_adjustment=BackdoorAdjustment.BACKDOOR_EXHAUSTIVE,
        )


def _observed(model: CausalModel, names: Sequence[str] | None) -> tuple[str, ...]:
    """Those that somebody measured: DoWhy names others too."""
    return tuple(sorted(set(names or ()) & set(model.observed)))


def _adjustment_sets(estimand: Any) -> tuple[tuple[str, ...], ...]:  # noqa: ANN401 - as _estimand
    """Those that hold no smaller one, in order of size and name."""
    found = {frozenset(one) for name, one in (estimand.backdoor_variables or {}).items() if name != "backdoor"}
    smallest = [one for one in found if not any(other < one for other in found)]
    return tuple(sorted((tuple(sorted(one)) for one in smallest), key=lambda names: (len(names), names)))
