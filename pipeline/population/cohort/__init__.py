"""A spine and index events go in; eligible people leave, every exclusion counted.

:func:`staggered_cohort` makes the cohort of people treated in different months and of a general-population
comparison; :func:`linked_cohort` that of a panel its owner has linked already. Both write two tables, ``cohort`` and
``attrition``, and refuse (:class:`NotEstimable`) when either arm ends empty.
"""

from pipeline.population.cohort.linked import linked_cohort
from pipeline.population.cohort.staggered import staggered_cohort

__all__ = ["linked_cohort", "staggered_cohort"]
