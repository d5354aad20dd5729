"""Accepted sources go in; the spine, its id maps and linkage quality leave, if every id is one person's.

:func:`spine` writes four tables: ``spine``, ``nino_person``, ``health_person`` and ``linkage_quality``.
"""

from pipeline.records.linkage.spine import spine

__all__ = ["spine"]
