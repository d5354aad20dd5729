"""Links from health ids to census ids: the name of the source of the id in any case."""

from __future__ import annotations

from pipeline.records.ingestion.conversion import one_of
from pipeline.records.ingestion.readings import Reading
from pipeline.vocabulary.schemas.sources import LINKS_PERSON

READING = Reading(conversions={"source": one_of({source: source for source in LINKS_PERSON["source"].allowed})})
