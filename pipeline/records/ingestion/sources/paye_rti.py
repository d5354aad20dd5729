"""Pay As You Earn, Real Time Information: months without zero padding, pay in pounds."""

from __future__ import annotations

from pipeline.records.ingestion.conversion import month, pence
from pipeline.records.ingestion.readings import Reading

READING = Reading(conversions={"month": month, "pay_pence": pence})
