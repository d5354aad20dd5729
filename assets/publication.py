"""Stage 8 as an asset: every release of a delivery, written as files."""

import dagster as dg

import evaluations
from assets import stages
from assets.resources import Causeway
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
        folder = stages.publication(causeway, out=config.out, profile=config.profile)
        return dg.MaterializeResult(metadata={"release": str(folder)})
