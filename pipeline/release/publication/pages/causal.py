"""The declared causal model in a report: the drawing, and one paragraph on what identifies the effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.charts.causal import causal_graph
from pipeline.release.publication.pages.charts.drawing import Drawing
from pipeline.release.publication.pages.words import as_heading, listed
from pipeline.vocabulary.causal_model import CausalModel
from pipeline.vocabulary.protocol import Evaluation


@dataclass(frozen=True, kw_only=True)
class CausalSection:
    """The drawing, the paragraph, and a line for each arrow that is assumed not to be there."""

    chart: tuple[Drawing, ...]
    paragraph: str
    assumptions: tuple[str, ...]


def causal_section(release: Release, evaluation: Evaluation) -> CausalSection | None:
    """The section; ``None`` where no causal model is declared or none was identified from."""
    model, found = evaluation.causal_model, release.protocol.get("identification")
    if model is None or not found:
        return None
    return CausalSection(
        chart=causal_graph(model, key="causal-model"),
        paragraph=_paragraph(model, found),
        assumptions=tuple(_assumption(model, one, by=_way(found)) for one in found["assumptions"]),
    )


def _paragraph(model: CausalModel, found: Mapping[str, Any]) -> str:
    unseen = tuple(model.title(name) for name in found["unobserved"])
    nobody = f" Nobody observed {listed(unseen)}." if unseen else ""
    return f"{_adjustment(model, found['adjustment_sets'])}{_instruments(model, found)}{nobody}"


def _adjustment(model: CausalModel, sets: list[list[str]]) -> str:
    effect = f"the effect of {model.title(model.treatment)} on {model.title(model.outcome)}"
    if not sets:
        return f"If this is how things are, adjusting for what is observed does not give {effect}."
    if not sets[0]:
        return f"If this is how things are, {effect} needs no adjustment."
    ways = tuple(_of(model, names) for names in sets)
    other = "" if len(ways) == 1 else f", or in its place for {'; or for '.join(ways[1:])}"
    return f"If this is how things are, {effect} is found by adjusting for {ways[0]}{other}."


def _instruments(model: CausalModel, found: Mapping[str, Any]) -> str:
    names = found["instruments"]
    return f" {as_heading(_of(model, names))} could serve as an instrument." if names else ""


def _of(model: CausalModel, names: list[str]) -> str:
    return listed(tuple(model.title(name) for name in names))


def _way(found: Mapping[str, Any]) -> str:
    """How the effect is had: by an instrument only where adjustment does not give it."""
    return "the instrument" if found["instruments"] and not found["adjustment_sets"] else "adjustment"


def _assumption(model: CausalModel, one: Mapping[str, Any], *, by: str) -> str:
    after = f"{by} would still give the effect" if one["survives"] else f"{by} would not give the effect"
    cause, effect = model.title(one["cause"]), model.title(one["effect"])
    return f"That {cause} does not itself move {effect}: {one['because']}. If it did, {after}."
