"""Release objects go in, nothing else; a folder of files leaves, whole or not at all, and never over another."""

from pipeline.release.publication.facts import Facts
from pipeline.release.publication.manifest import verify
from pipeline.release.publication.publishing import publish

__all__ = ["Facts", "publish", "verify"]
