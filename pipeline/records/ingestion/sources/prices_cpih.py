"""Prices: a month and an index."""

from __future__ import annotations

from pipeline.records.ingestion.conversion import month
from pipeline.records.ingestion.readings import Reading

READING = Reading(conversions={"month": month})
