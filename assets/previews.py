"""What Dagster shows of a result: counts, and pictures of what has passed the disclosure door."""

import dagster as dg
import pyarrow.parquet as pq

from pipeline.engine.store import Result

MOST_ROWS = 200
"""A preview is for a look; the table itself is in the store."""


def table(result: Result, name: str) -> dg.TableMetadataValue:
    """A table of counts, words and statistics as Dagster's own table."""
    found = result.read(name).slice(0, MOST_ROWS).to_pylist()
    return dg.MetadataValue.table(records=[dg.TableRecord(row) for row in found])


def linkage(result: Result) -> dg.TableMetadataValue:
    """Link rates of everybody and the conflicts: levels of characteristics are records' words until disclosure."""
    found = result.read("linkage_quality").to_pylist()
    shown = [row for row in found if row["characteristic"] in {"all", "conflicts"}]
    return dg.MetadataValue.table(records=[dg.TableRecord(row) for row in shown])


def rows(result: Result, name: str) -> int:
    """How many rows a table has."""
    return sum(pq.read_metadata(part).num_rows for part in result.table(name).glob("*.parquet"))


def release(result: Result) -> dict[str, dg.MetadataValue]:
    """The event-study chart of each headline outcome, and the log of disclosure rules."""
    from base64 import b64encode

    from pipeline.release.disclosure import load
    from pipeline.release.publication.pages import headline_charts

    charts = headline_charts(load(result.path))
    pictures = {
        f"chart_{outcome}": dg.MetadataValue.md(
            f"![{outcome}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"
        )
        for outcome, svg in charts.items()
    }
    return {"disclosure": table(result, "log"), **pictures}
