"""Stages 1 to 3 as assets: the delivery, its sources with their checks, and the spine of people."""

from collections.abc import Iterator

import dagster as dg

from assets import previews
from assets.checks import check_specs, shown
from assets.resources import Causeway
from assets.stages import records as stages
from assets.telling import told
from pipeline.engine.store import Result

GROUP = "records"


@dg.asset(group_name=GROUP, kinds={"folder"})
def delivery(causeway: Causeway) -> dg.MaterializeResult[Result]:
    """One row per file that a data owner delivered, with its digest."""
    with told("delivery"):
        result = stages.delivery(causeway)
        return dg.MaterializeResult(value=result, metadata={"files": len(result.note("delivery")["files"])})


def source_asset(source: str) -> dg.AssetsDefinition:
    """The asset of one source, with an asset check for each of its expectations."""
    key = dg.AssetKey(source.split("/"))
    grain = stages.source_schema(source).grain

    @dg.asset(
        key=key,
        ins={"delivered": dg.AssetIn("delivery")},
        group_name=GROUP,
        kinds={"duckdb", "parquet"},
        description=f"One row per {grain}, accepted by its Great Expectations suite; rejected rows in quarantine.",
        check_specs=check_specs(source, key),
    )
    def accepted(causeway: Causeway, delivered: Result) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Result]]:
        from pipeline.records.validation import Validation

        with told(source):
            held = stages.validated(causeway, delivered, source)
            validation = Validation.read(held.note("validation"))
            report = dg.MetadataValue.path(str(stages.reported(causeway, delivered, source)))
            yield from shown(validation, key, report)
            result = stages.accepted(causeway, delivered, source)
            counts = {
                "delivered": validation.rows_delivered,
                "accepted": validation.rows_accepted,
                "quarantined": validation.rows_quarantined,
                "exact duplicates": validation.exact_duplicates,
                "superseded": validation.superseded,
            }
            yield dg.MaterializeResult(value=result, metadata=counts | {"report": report})

    return accepted


@dg.asset(ins={"delivered": dg.AssetIn("delivery")}, group_name=GROUP, kinds={"numpy", "parquet"})
def area_waits(causeway: Causeway, delivered: Result) -> dg.MaterializeResult[Result]:
    """One row per area, specialty and month of published waiting times; none where the delivery has no such file."""
    with told("area_waits"):
        result = stages.area_waits(causeway, delivered)
        return dg.MaterializeResult(value=result, metadata={"rows": previews.rows(result, "area_waits")})


@dg.asset(
    ins={name.replace("/", "_"): dg.AssetIn(name.split("/")) for name in stages.SPINE_SOURCES},
    group_name=GROUP,
    kinds={"duckdb", "parquet"},
)
def spine(
    causeway: Causeway,
    hes_apc: Result,
    census: Result,
    deaths: Result,
    links_person: Result,
    links_nino: Result,
) -> dg.MaterializeResult[Result]:
    """One row per person of the census, with what is linked to them; each source id maps to at most one person."""
    with told("spine"):
        sources = (hes_apc, census, deaths, links_person, links_nino)
        result = stages.spine(causeway, dict(zip(stages.SPINE_SOURCES, sources, strict=True)))
        return dg.MaterializeResult(value=result, metadata={"linkage": previews.linkage(result)})
