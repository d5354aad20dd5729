"""A delivery's files go in; typed tables leave, rejected rows beside them; unreadable files are refused.

Missing is null from here on, months are integers, pay is pence, codes are clean; every row that was delivered is
typed, rejected, an exact duplicate or superseded, and counted as such.
"""

from pipeline.records.ingestion.delivery import DeliveredFile, Delivery, delivery_complete, read_delivery
from pipeline.records.ingestion.ingest import Ingestion, ingest
from pipeline.records.ingestion.made import write_made

__all__ = ["DeliveredFile", "Delivery", "Ingestion", "delivery_complete", "ingest", "read_delivery", "write_made"]
