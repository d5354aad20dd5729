"""Releases and facts go in; static HTML pages leave that need no script and nothing from another host."""

from __future__ import annotations

from pipeline.release.publication.pages.evaluation import evaluation_page
from pipeline.release.publication.pages.index import index_page
from pipeline.release.publication.pages.previews import headline_charts

__all__ = ["evaluation_page", "headline_charts", "index_page"]
