"""What a reader of a page has: its words, and its sections."""

from __future__ import annotations

import html
import re


def words_of(source: str) -> str:
    """The page's text, drawings left out."""
    text = re.sub(r"<(style|svg).*?</\1>", " ", source, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", text)))


def part_of(page: str, name: str) -> str:
    """One section of a page, to the next of its level."""
    start = page.index(f'<section id="{name}"')
    return page[start : page.index('\n<section id="', start + 1)]
