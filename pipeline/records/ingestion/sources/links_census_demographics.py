"""Demographic fields of census records: sex as the census spells it."""

from __future__ import annotations

from pipeline.records.ingestion.conversion import one_of
from pipeline.records.ingestion.readings import Reading
from pipeline.records.ingestion.sources.census import SEX

READING = Reading(conversions={"sex": one_of(SEX)})
