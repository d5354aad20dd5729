"""A causal model as a drawing: treatment and outcome at the foot, what else causes them above, an arrow an effect."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from pipeline.release.publication.pages.charts.drawing import GUIDE, INK, Alternative, Drawing, Size, drawing
from pipeline.release.publication.pages.words import listed
from pipeline.vocabulary.causal_model import CausalModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

SIZES = (
    Size(name="wide", width=760, height=380, text=11.5),
    Size(name="narrow", width=330, height=560, text=9.5),
)

_LINE = {"wide": 17, "narrow": 16}
"""Letters on a line of a box."""

_IN_A_ROW = {"wide": 5, "narrow": 2}
"""Boxes side by side."""

Place = tuple[float, float]


def causal_graph(model: CausalModel, *, key: str) -> tuple[Drawing, ...]:
    """The model in each size; on a telephone causes stand in more rows."""

    def draw(axes: Axes, size: Size) -> None:
        axes.set_axis_off()
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.12, 1.12)
        places = _places(model, in_a_row=_IN_A_ROW[size.name])
        boxes = {name: _box(axes, model, name, place=place, size=size) for name, place in places.items()}
        for cause, effect in model.arrows:
            _arrow(axes, boxes[cause], boxes[effect], {"color": GUIDE, "linewidth": 1.1, "linestyle": "-"})
        for one in model.absent:
            _arrow(axes, boxes[one.cause], boxes[one.effect], {"color": "#801650", "linewidth": 1.2, "linestyle": ":"})

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


def _places(model: CausalModel, *, in_a_row: int) -> dict[str, Place]:
    """Where each variable stands: causes in rows, first causes above; treatment at the lower left, outcome right."""
    ranks = _ranks(model)
    causes = [v.name for v in model.variables if v.name not in (model.treatment, model.outcome)]
    rows: list[list[str]] = []
    for rank in sorted({ranks[name] for name in causes}):
        members = [name for name in causes if ranks[name] == rank]
        rows += [members[k : k + in_a_row] for k in range(0, len(members), in_a_row)]
    found = {model.treatment: (0.17, 0.0), model.outcome: (0.83, 0.0)}
    for number, members in enumerate(rows):
        height = 1 - number / (len(rows) + 0.4)
        found |= {name: ((k + 0.5) / len(members), height) for k, name in enumerate(members)}
    return found


def _ranks(model: CausalModel) -> dict[str, int]:
    """How many arrows the longest way to each variable has; arrows go up, so as many rounds as variables settle it."""
    arrows = [*model.arrows, *((one.cause, one.effect) for one in model.absent)]
    ranks = {variable.name: 0 for variable in model.variables}
    for _ in model.variables:
        for cause, effect in arrows:
            ranks[effect] = max(ranks[effect], ranks[cause] + 1)
    return ranks


def _arrow(axes: Axes, start: Text, end: Text, look: dict[str, Any]) -> None:
    """From the edge of one box to that of another; a little bent, so that an arrow past a box is not one into it."""
    shape = {
        "patchA": start.get_bbox_patch(), "patchB": end.get_bbox_patch(), "shrinkA": 1, "shrinkB": 2,
        "arrowstyle": "-|>", "mutation_scale": 10, "connectionstyle": "arc3,rad=0.06",
    }  # fmt: skip
    axes.annotate("", xy=end.get_position(), xytext=start.get_position(), arrowprops=shape | look, zorder=1)


def _box(axes: Axes, model: CausalModel, name: str, *, place: Place, size: Size) -> Text:
    """Treatment and outcome dark, others light; a broken edge where nobody observed it."""
    asked, seen = name in (model.treatment, model.outcome), name in model.observed
    words = textwrap.fill(_capital(model.title(name)), _LINE[size.name], break_long_words=False)
    box = {
        "boxstyle": "round,pad=0.35",
        "facecolor": INK if asked else "white",
        "edgecolor": INK if seen else GUIDE,
        "linestyle": "-" if seen else (0, (3, 2)),
    }
    return axes.text(
        *place, words if seen else f"{words}\n(not observed)", ha="center", va="center",
        color="white" if asked else GUIDE, bbox=box, size=size.text, zorder=3,
    )  # fmt: skip
