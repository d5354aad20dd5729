"""The pages' templates and their one style sheet; everything is escaped unless it is a drawing made here."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def render(template: str, **content: object) -> str:
    """A page: the template filled, the style sheet inside it. A name that is not there is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style = (_FOLDER / "style.css").read_text(encoding="utf-8")
    return environment.get_template(template).render(style=style, **content)
