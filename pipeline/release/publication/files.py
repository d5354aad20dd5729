"""The files of a publication, written into an empty folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.release.disclosure import Release
from pipeline.release.publication.facts import Facts
from pipeline.release.publication.metadata import csvw_text
from pipeline.release.publication.revisions import REVISIONS, revisions
from pipeline.release.publication.tables import PublishedTable, published_tables
from pipeline.release.publication.text import cells, csv_text
from pipeline.release.publication.workbook import workbook_bytes


def write_tables(
    folder: Path, releases: Sequence[Release], *, facts: Facts, title: str, previous: Path | None
) -> pa.Table:
    """Write every table as CSV with CSVW, the estimates as Parquet too, and all as a spreadsheet.

    Figures of other owners that the delivery does not have leave no file.

    Returns
    -------
    pa.Table
        The ``REVISIONS`` against the release folder ``previous``.
    """
    tables = published_tables(releases)
    for table in (table for table in tables if table.rows.num_rows or not table.owner):
        _write_csv(folder, table, facts=facts)
    changed = PublishedTable(
        name="revisions",
        title="What changed since the version before",
        description="One row per number that was added, removed or changed; none in a first version.",
        schema=REVISIONS,
        rows=revisions(tables, previous),
        places=lambda _column, _row: None,
    )
    _write_csv(folder, changed, facts=facts)
    pq.write_table(tables[0].rows, folder / "estimates.parquet", compression="zstd")
    evaluations = [
        f"{release.protocol['evaluation']['title']}: protocol {release.protocol['digest']}, "
        f"disclosure profile {release.profile}."
        for release in sorted(releases, key=lambda release: release.evaluation)
    ]
    sheets = workbook_bytes(tables, title=title, evaluations=evaluations, facts=facts)
    (folder / "estimates.xlsx").write_bytes(sheets)
    return changed.rows


def write_pages(folder: Path, releases: Sequence[Release], *, facts: Facts, changed: pa.Table) -> None:
    """Write the index page and one page an evaluation."""
    from pipeline.release.publication.pages import evaluation_page, index_page

    ordered = sorted(releases, key=lambda release: release.evaluation)
    _write(folder / "index.html", index_page(ordered, facts))
    for release in ordered:
        page = folder / release.evaluation / "index.html"
        page.parent.mkdir()
        _write(page, evaluation_page(release, facts, revisions=changed))


def _write_csv(folder: Path, table: PublishedTable, *, facts: Facts) -> None:
    _write(folder / f"{table.name}.csv", csv_text(table.schema.names, cells(table)))
    _write(folder / f"{table.name}.csv-metadata.json", csvw_text(table, facts=facts))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
