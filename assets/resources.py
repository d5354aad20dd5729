"""Where a run finds its delivery and keeps its results."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from pipeline.engine.settings import Settings, read_settings
from pipeline.engine.store import Result, Store
from pipeline.vocabulary.errors import DeliveryRefused, Fault, RequestError

if TYPE_CHECKING:
    import duckdb

DEFAULT_DELIVERY = "demo/delivery"
DEFAULT_STORE = "demo/store"


class Causeway(dg.ConfigurableResource["Causeway"]):
    """The delivery that a run reads and the store it keeps results in.

    ``dagster dev`` takes both from ``CAUSEWAY_DELIVERY`` and ``CAUSEWAY_STORE``; a sensor or the command line sets them
    for each run.
    """

    delivery: str = DEFAULT_DELIVERY
    store: str = DEFAULT_STORE

    @classmethod
    def from_environment(cls) -> "Causeway":
        """The resource as the environment configures it."""
        return cls(
            delivery=os.environ.get("CAUSEWAY_DELIVERY", DEFAULT_DELIVERY),
            store=os.environ.get("CAUSEWAY_STORE", DEFAULT_STORE),
        )

    @property
    def folder(self) -> Path:
        """The delivery's folder."""
        return Path(self.delivery).absolute()

    @property
    def results(self) -> Store:
        """The store."""
        return Store(Path(self.store).absolute())

    @property
    def settings(self) -> Settings:
        """The deployment's settings, read afresh."""
        return read_settings()

    @property
    def delivery_id(self) -> str:
        """The id that the delivery gives itself."""
        try:
            return str(json.loads((self.folder / "delivery.json").read_text(encoding="utf-8"))["delivery"])
        except (OSError, ValueError, KeyError, TypeError):
            raise DeliveryRefused(
                Fault(what="the delivery does not say its id", file="delivery.json", column="delivery")
            ) from None

    def refuse_no_folder(self) -> None:
        """Refuse a delivery whose folder is not there: the request is wrong, not the data.

        Raises
        ------
        RequestError
            Naming the folder.
        """
        if not self.folder.is_dir():
            raise RequestError(Fault(what=f"there is no delivery folder {self.folder}", remedy="Check the path."))

    @contextmanager
    def database(self) -> "Iterator[duckdb.DuckDBPyConnection]":
        """A DuckDB connection within the deployment's limits."""
        from pipeline.engine.database import database

        with database(self.settings.engine, spill=self.results.spill) as connection:
            yield connection

    def recorded(self, key: str) -> Result | None:
        """The delivery's latest result under a key; ``None`` where there is none."""
        return self.results.recorded(self.delivery_id, key)


class StoredResults(dg.IOManager):
    """Hands results from asset to asset by their place in the store; the tables never pass through Dagster."""

    def __init__(self, causeway: Causeway) -> None:
        self._causeway = causeway

    def handle_output(self, context: dg.OutputContext, obj: Result) -> None:
        """Remember the result as the delivery's latest."""
        self._causeway.results.record(self._causeway.delivery_id, obj)
        context.add_output_metadata({"fingerprint": obj.fingerprint, "reused": obj.reused, "path": str(obj.path)})

    def load_input(self, context: dg.InputContext) -> Result:
        """The delivery's latest result of the upstream asset."""
        key = "/".join(context.asset_key.path)
        result = self._causeway.recorded(key)
        if result is None:
            raise RequestError(
                Fault(what=f"{key} has not been made from this delivery", remedy="Materialise it first, or its job.")
            )
        return result


@dg.io_manager(required_resource_keys={"causeway"})
def stored_results(context: dg.InitResourceContext) -> StoredResults:
    """The hand from asset to asset, in the store that the run was given: a run's own configuration reaches it."""
    return StoredResults(context.resources.causeway)
