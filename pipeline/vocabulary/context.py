"""What an evaluation shows beside its estimates, for readers to see them against: nothing is estimated from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.vocabulary.declared import Declared

Specialty = Annotated[str, Field(pattern=r"^(C_\d{3}|X\d{2})$")]
"""A treatment function as the published file writes it: ``C_502`` is gynaecology, ``X02`` other medical services."""


class PublishedWaits(Declared):
    """How long people wait for some specialties, as NHS England publishes it; nothing where a delivery has no ``rtt``.

    Attributes
    ----------
    specialties
        The treatment functions in which the intervention is waited for.
    """

    kind: Literal["published_waits"] = "published_waits"
    specialties: tuple[Specialty, ...] = Field(min_length=1)
