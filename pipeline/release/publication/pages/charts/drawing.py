"""A matplotlib drawing as SVG that can stand inside a page: the same bytes every time, text as text, its own ids."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#12436D"
"""The Analysis Function's dark blue: points and intervals."""

BAND = "#D9D9D9"
"""Light grey behind them, told from the points without colour."""

BAND_EDGE = "#8A8A8A"
"""The band's outline: three times as dark as white, as WCAG 1.4.11 asks of what a chart needs."""

PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 1}
"""Behind a symbol, so that no line crosses it."""

GUIDE = "#3D3D3D"
"""Dark grey for zero and the index month."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """Room for a drawing, in CSS pixels, with its text size. Wide for a desk and for print, narrow for a telephone."""

    name: str
    width: int
    height: int
    text: float


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """What a chart says, for people who do not see it: an id of its own on the page, a title, a description."""

    key: str
    title: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One chart for the width it is shown at."""

    size: str
    svg: str


def drawing(draw: Callable[[Axes, Size], None], *, size: Size, alternative: Alternative) -> Drawing:
    """What ``draw`` draws in this size, as an ``<svg>`` element with its text alternative."""
    import matplotlib as mpl
    from matplotlib import style
    from matplotlib.figure import Figure

    # The font that ships with matplotlib measures the same on every machine; the page then sets its own, narrower one.
    fixed: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": alternative.key, "font.family": "DejaVu Sans"}
    sizes = {"font.size": size.text, "axes.labelsize": size.text, "axes.titlesize": size.text}
    points = 72
    with style.context("afcharts.afcharts"), mpl.rc_context(fixed | sizes):
        figure = Figure(figsize=(size.width / points, size.height / points), layout="constrained")
        draw(figure.subplots(), size)
        written = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(written, format="svg", metadata=nothing, transparent=True)
    prefix = f"{alternative.key}-{size.name}"
    return Drawing(size=size.name, svg=_inline(written.getvalue(), prefix=prefix, alternative=alternative))


def _inline(written: str, *, prefix: str, alternative: Alternative) -> str:
    """The ``<svg>`` element alone: named, scaling with the page, without styles or ids that reach outside it."""
    element = written[written.index("<svg") :].replace("xlink:href", "href")
    element = re.sub(r' xmlns(:xlink)?="[^"]*"', "", element)
    svg = ET.fromstring(element)  # noqa: S314 - matplotlib wrote this text two lines ago
    for name in ("width", "height", "version"):
        svg.attrib.pop(name, None)
    svg.remove(svg[0])  # a style that would reach every element of the page
    svg.set("stroke-linejoin", "round")
    _own_ids(svg, prefix)
    _own_fonts(svg)
    _name(svg, prefix, alternative)
    return ET.tostring(svg, encoding="unicode")


def _own_ids(svg: ET.Element, prefix: str) -> None:
    """Ids that something refers to get the chart's prefix; the others go."""
    referred = set(re.findall(r"#([A-Za-z0-9_]+)[\")]", ET.tostring(svg, encoding="unicode")))
    for element in svg.iter():
        if element.get("id") in referred:
            element.set("id", f"{prefix}-{element.get('id')}")
        else:
            element.attrib.pop("id", None)
        if "href" in element.attrib:
            element.set("href", f"#{prefix}-{element.attrib['href'][1:]}")
        if "clip-path" in element.attrib:
            element.set("clip-path", f"url(#{prefix}-{element.attrib['clip-path'][5:-1]})")
        if "url(#" in element.get("style", ""):  # a hatching
            element.set("style", element.attrib["style"].replace("url(#", f"url(#{prefix}-"))


def _own_fonts(svg: ET.Element) -> None:
    """Text takes the page's font; its size and anchor stay."""
    for text in svg.iter("text"):
        text.set("style", re.sub(r"font-family: [^;]*;? ?", "", text.get("style", "")))


def _name(svg: ET.Element, prefix: str, alternative: Alternative) -> None:
    """The role, the title and the description that a screen reader says."""
    svg.set("role", "img")
    svg.set("class", prefix.rsplit("-", 1)[-1])
    svg.set("aria-labelledby", f"{prefix}-title {prefix}-description")
    for position, (tag, text) in enumerate((("title", alternative.title), ("desc", alternative.description))):
        named = ET.Element(tag, id=f"{prefix}-{'title' if tag == 'title' else 'description'}")
        named.text = text
        svg.insert(position, named)
