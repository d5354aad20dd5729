"""Stage 8 as an asset: every release of a delivery, written as files."""

from pathlib import Path

import dagster as dg

import evaluations
from assets.resources import Causeway
from assets.stages.publication import publication as write_release
from assets.telling import told


class PublicationConfig(dg.Config):
    """Where releases are kept, and which profile this one must meet."""

    out: str = "demo/releases"
    profile: str = "demo"


@dg.asset(
    deps=[dg.AssetKey([name, "release"]) for name in evaluations.names()],
    group_name="publication",
    kinds={"html", "csv", "parquet"},
    io_manager_key="none",
)
def publication(causeway: Causeway, config: PublicationConfig) -> dg.MaterializeResult[None]:
    """One row per published file; made from releases only, with a manifest of digests."""
    with told("publication"):
        folder = write_release(causeway, out=Path(config.out), profile=config.profile)
        return dg.MaterializeResult(metadata={"release": str(folder)})
