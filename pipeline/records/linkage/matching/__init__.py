"""Demographic fields of two owners go in; links from health ids to census ids leave, in the columns of a link table.

For deliveries without ``links/person``. The model is Fellegi and Sunter's (1969, doi 10.1080/01621459.1969.10501049),
fitted and scored by splink on the run's own DuckDB connection; which scored pairs become links is decided here.
"""

from pipeline.records.linkage.matching.links import person_links

__all__ = ["person_links"]
