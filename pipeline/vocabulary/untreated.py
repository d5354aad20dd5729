"""Treated people beside untreated people who share their condition: what an evaluation declares of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from pipeline.vocabulary.declared import Declared, suggested
from pipeline.vocabulary.schemas.people import AT_INDEX

AIPW = "aipw"
"""The estimator's name in files: augmented inverse probability weighting."""


class UntreatedComparison(Declared):
    """An estimate that holds people with the same past against one another, whatever fixed effects would take out.

    The outcome is each person's mean over a bin after the index less their mean over the reference. Covariates are the
    mean of every outcome over the reference and each year before it, age, the year of the index month, and
    ``characteristics``.

    Attributes
    ----------
    whom
        Who the untreated people are, in words that can follow "compared with".
    characteristics
        Of both arms, in words.
    trim
        Treated people who would be treated more often than one less this, were half of all people treated, have no
        like among the untreated and are left out; ``0`` leaves nobody out.
    folds
        Of cross-fitting.
    """

    whom: str
    characteristics: tuple[str, ...] = ()
    trim: float = Field(default=0.1, ge=0, lt=0.5)
    folds: int = Field(default=10, ge=2)

    def faults(self, known: Sequence[str]) -> Iterator[str]:
        """Characteristics that nobody has, or that the index event tells of treated people only."""
        strangers = [name for name in self.characteristics if name not in known]
        yield from (f"the panel has no characteristic {name} ({suggested(name, known)})" for name in strangers)
        told = [name for name in self.characteristics if name in AT_INDEX]
        yield from (f"{name} is known of treated people only: the untreated cannot be compared in it" for name in told)
