"""Blood tests of people who were not referred: HbA1c as in ``ndpp``."""

from __future__ import annotations

from pipeline.records.ingestion.readings import Reading
from pipeline.records.ingestion.sources.ndpp import HBA1C

READING = Reading(conversions={"hba1c_mmol_mol": HBA1C})
