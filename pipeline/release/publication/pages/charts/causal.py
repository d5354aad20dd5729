"""A causal model as a drawing: variables in boxes, causes before what they cause, an arrow for each direct effect."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from pipeline.release.publication.pages.charts.drawing import GUIDE, INK, Alternative, Drawing, Size, drawing
from pipeline.release.publication.pages.words import listed
from pipeline.vocabulary.causal_model import CausalModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZES = (
    Size(name="wide", width=760, height=380, text=11.5),
    Size(name="narrow", width=330, height=560, text=9.5),
)

_LINE = {"wide": 19, "narrow": 13}
"""Letters on a line of a box."""

Place = tuple[float, float]


def causal_graph(model: CausalModel, *, key: str) -> tuple[Drawing, ...]:
    """The model in each size, from left to right on a desk and from top to bottom on a telephone."""

    def draw(axes: Axes, size: Size) -> None:
        axes.set_axis_off()
        axes.set_xlim(-0.12, 1.12)
        axes.set_ylim(-0.12, 1.12)
        places = _places(model, across=size.name == "wide")
        for cause, effect in model.arrows:
            _arrow(axes, places[cause], places[effect], {"color": GUIDE, "linewidth": 1.1, "linestyle": "-"})
        for one in model.absent:
            _arrow(axes, places[one.cause], places[one.effect], {"color": "#801650", "linewidth": 1, "linestyle": ":"})
        for name, place in places.items():
            _box(axes, model, name, place=place, size=size)

    alternative = Alternative(key=key, title="What is held to cause what", description=described(model))
    return tuple(drawing(draw, size=size, alternative=alternative) for size in SIZES)


def described(model: CausalModel) -> str:
    """Every arrow in words, by cause; then those that are assumed not to be there."""
    sentences = []
    for variable in model.variables:
        effects = tuple(model.title(effect) for cause, effect in model.arrows if cause == variable.name)
        if effects:
            unseen = "" if variable.name in model.observed else " (not observed)"
            sentences.append(f"Arrows from {variable.title}{unseen} to {listed(effects)}.")
    absent = tuple(f"from {model.title(one.cause)} to {model.title(one.effect)}" for one in model.absent)
    if absent:
        sentences.append(f"Dotted, and assumed not to be there: {listed(absent)}.")
    return " ".join(sentences)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _places(model: CausalModel, *, across: bool) -> dict[str, Place]:
    """Where each variable stands: by the longest way to it, the outcome last; those of one rank side by side."""
    ranks = _ranks(model)
    last = max(ranks.values())
    found = {}
    for rank in range(last + 1):
        members = [variable.name for variable in model.variables if ranks[variable.name] == rank]
        for position, name in enumerate(members):
            along, beside = rank / last, (position + 0.5) / len(members)
            found[name] = (along, 1 - beside) if across else (beside, 1 - along)
    return found


def _ranks(model: CausalModel) -> dict[str, int]:
    """How many arrows the longest way to each variable has; arrows go up, so as many rounds as variables settle it."""
    arrows = [*model.arrows, *((one.cause, one.effect) for one in model.absent)]
    ranks = {variable.name: 0 for variable in model.variables}
    for _ in model.variables:
        for cause, effect in arrows:
            ranks[effect] = max(ranks[effect], ranks[cause] + 1)
    return ranks


def _arrow(axes: Axes, start: Place, end: Place, look: dict[str, Any]) -> None:
    """A little bent, so that an arrow past a box is not one into it."""
    shape = {
        "arrowstyle": "-|>",
        "shrinkA": 26,
        "shrinkB": 30,
        "mutation_scale": 11,
        "connectionstyle": "arc3,rad=0.12",
    }
    axes.annotate("", xy=end, xytext=start, arrowprops=shape | look, zorder=1)


def _box(axes: Axes, model: CausalModel, name: str, *, place: Place, size: Size) -> None:
    """Treatment and outcome dark, others light; a broken edge where nobody observed it."""
    asked, seen = name in (model.treatment, model.outcome), name in model.observed
    words = textwrap.fill(_capital(model.title(name)), _LINE[size.name], break_long_words=False)
    box = {
        "boxstyle": "round,pad=0.35",
        "facecolor": INK if asked else "white",
        "edgecolor": INK if seen else GUIDE,
        "linestyle": "-" if seen else (0, (3, 2)),
    }
    axes.text(
        *place, words if seen else f"{words}\n(not observed)", ha="center", va="center",
        color="white" if asked else GUIDE, bbox=box, size=size.text, zorder=3,
    )  # fmt: skip
