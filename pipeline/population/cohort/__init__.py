"""A spine and index events go in; eligible people leave, every exclusion counted.

:func:`staggered_cohort` makes the cohort of people treated in different months and of a general-population
comparison; :func:`linked_cohort` that of a panel its owner has linked already; :func:`threshold_cohort` that of people
on both sides of a cutoff. Each writes two tables, ``cohort`` and ``attrition``, and refuses (:class:`NotEstimable`)
when either arm ends empty.
"""

from pipeline.population.cohort.linked import linked_cohort
from pipeline.population.cohort.staggered import staggered_cohort
from pipeline.population.cohort.threshold import threshold_cohort

__all__ = ["linked_cohort", "staggered_cohort", "threshold_cohort"]
