"""Stage 8: the releases of a delivery become files."""

from pathlib import Path

from assets.resources import Causeway
from assets.stages.made_from import protocols
from pipeline.engine.provenance import commit, digest, lock_digest, versions
from pipeline.release.publication.facts import Facts
from pipeline.vocabulary.errors import Fault, RequestError

PACKAGES = ("duckdb", "great-expectations", "numpy", "pandas", "pyarrow", "scipy", "dagster")
"""The packages that numbers and checks depend on most; all versions are in ``uv.lock``."""


def publication(causeway: Causeway, *, out: Path, profile: str) -> Path:
    """The folder of a new release of every evaluation that has been run on the delivery."""
    from pipeline.release.disclosure import ledger, load
    from pipeline.release.publication import publish

    store = causeway.results.root
    recorded = {name: causeway.recorded(f"{name}/release") for name in protocols()}
    found = {name: result.path for name, result in recorded.items() if result is not None}
    if not found:
        raise RequestError(
            Fault(what=f"nothing has been run on delivery {causeway.delivery_id}", remedy="First: causeway run.")
        )
    releases = [load(path) for path in found.values()]
    cells = [ledger.refuse_outdated(path, store=store, evaluation=name) for name, path in found.items()]
    return publish(
        releases,
        out=out,
        facts=facts(causeway, profile=profile),
        recorded=lambda release: ledger.append(store, cells, release=release),
    )


def facts(causeway: Causeway, *, profile: str) -> Facts:
    """Where a publication comes from and who answers for it."""
    settings = causeway.settings
    delivered = causeway.recorded("delivery")
    return Facts(
        delivery=causeway.delivery_id,
        delivery_digest=digest(delivered.note("delivery")["files"]) if delivered else "",
        commit=commit(),
        lock_digest=lock_digest(),
        settings_digest=digest(settings.model_dump(mode="json")),
        seed=settings.inference.seed,
        versions=dict(versions(*PACKAGES)),
        profile=profile,
        **settings.publication.model_dump(),
    )
