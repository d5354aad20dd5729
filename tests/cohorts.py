"""Drawn people and their records, and the cohort that an evaluation makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import evaluations
from pipeline.engine.database import database, quoted
from pipeline.engine.settings import Engine
from pipeline.population.cohort import staggered_cohort
from pipeline.vocabulary.months import month_number
from pipeline.vocabulary.schemas.people import HEALTH_PERSON, SPINE
from pipeline.vocabulary.schemas.schema import Schema

ENGINE = Engine(threads=2, memory_limit="1GB", people_per_shard=100, panel_memory_gb=0.1, rows_per_batch=1000)

Rows = list[dict[str, object]]


class DrawnPeople:
    """People of a spine, with health ids of one source."""

    def __init__(self, folder: Path, *, source: str) -> None:
        self.folder, self.source = folder, source
        self.people: Rows = []
        self.links: Rows = []

    def add(self, person_id: str, **given: object) -> None:
        """Add a woman born in February 1976, alive, in London, linked to pay and by her name to health records."""
        row = dict.fromkeys(SPINE.names) | {
            "person_id": person_id, "census_year": 2011, "sex": "female", "birth_month": month_number(1976, 2),
            "ethnic_group": "White", "imd_quintile": 3, "region": "London", "lsoa11": "E01000001",
            "linked_hes_apc": self.source == "hes", "linked_iapt": self.source == "iapt", "linked_paye_rti": True,
        }  # fmt: skip
        self.people.append(row | given)
        self.links.append({"source": self.source, "health_id": person_id, "person_id": person_id})

    def made(
        self, evaluation: str, records: Mapping[Schema, Rows], *, by: Callable[..., None] = staggered_cohort
    ) -> tuple[dict[str, dict[str, object]], dict[tuple[str, str], int]]:
        """Each person's row of the cohort, and the exclusions by arm and reason, where there were any."""
        scans = {schema.name: self._written(schema, rows) for schema, rows in records.items()}
        with database(ENGINE, spill=self.folder / "spill") as connection:
            by(
                connection,
                evaluations.load(evaluation),
                records=scans | {"health_person": self._written(HEALTH_PERSON, self.links)},
                spine=self._written(SPINE, self.people),
                target=self.folder / "made",
            )
        cohort = pq.read_table(self.folder / "made" / "cohort").to_pylist()
        steps = pq.read_table(self.folder / "made" / "attrition").to_pylist()
        excluded = {(step["arm"], step["reason"]): step["excluded"] for step in steps if step["excluded"]}
        return {row["person_id"]: row for row in cohort}, excluded

    def _written(self, schema: Schema, rows: Rows) -> str:
        file = self.folder / f"{schema.name.replace('/', '_')}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=schema.arrow), file)
        return f"read_parquet({quoted(file)})"
