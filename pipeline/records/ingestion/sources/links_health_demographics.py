"""Demographic fields of health ids: the name of the id's source in any case, sex as the census spells it."""

from __future__ import annotations

from pipeline.records.ingestion.conversion import one_of
from pipeline.records.ingestion.readings import Reading
from pipeline.records.ingestion.sources.census import SEX
from pipeline.vocabulary.schemas.demographics import HEALTH_DEMOGRAPHICS

READING = Reading(
    conversions={
        "source": one_of({source: source for source in HEALTH_DEMOGRAPHICS["source"].allowed}),
        "sex": one_of(SEX),
    }
)
