"""The truth is averaged over exactly the people that the evaluation studies, dirt and broken links included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import evaluations
from pipeline.engine.database import database, parquet
from pipeline.engine.settings import read_settings
from pipeline.population.cohort import staggered_cohort
from pipeline.records import linkage
from pipeline.records.ingestion import ingest, read_delivery
from pipeline.synthetic import Knobs, synthesise
from pipeline.synthetic.delivery import draw_population
from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.studied import included
from pipeline.vocabulary.schemas.sources import SOURCES

PEOPLE, SEED = 4_000, 21
KNOBS = Knobs(treated_share=0.2, dirt=2)
NEEDED = ("hes_apc", "census", "deaths", "links/person", "links/nino")


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """The treated people of the cohort that Causeway makes of a synthetic delivery."""
    root = tmp_path_factory.mktemp("synthetic-cohort")
    synthesise(root / "delivery", people=PEOPLE, seed=SEED, knobs=KNOBS)
    settings = read_settings()
    delivery = read_delivery(root / "delivery", required=NEEDED)
    with database(settings.engine, spill=root / "spill") as connection:
        for source in NEEDED:
            columns, clear = settings.columns[source], settings.validation.clear_identifiers
            target = root / source
            ingest(connection, delivery, SOURCES[source], columns=columns, clear_identifiers=clear, target=target)
        hes, *people = (parquet(root / source / "typed") for source in NEEDED)
        scans = dict(zip(("census", "deaths", "links_person", "links_nino"), people, strict=True))
        linkage.spine(connection, **scans, hes=hes, target=root)
        protocol = evaluations.load("bariatric_surgery")
        records = {"hes_apc": hes, "health_person": parquet(root / "health_person")}
        staggered_cohort(connection, protocol, records=records, spine=parquet(root / "spine"), target=root)
    cohort = pq.read_table(root / "cohort").to_pandas()
    return cohort[cohort.arm == "treated"].set_index("person_id").sort_index()


@pytest.fixture(scope="module")
def meant():
    """The people that the truth is averaged over."""
    drawn = draw_population(people=PEOPLE, seed=SEED, knobs=KNOBS)
    people = drawn.people
    chosen = included(people, drawn.operations, drawn.links, seed=SEED, knobs=KNOBS)
    who = drawn.operations.person[chosen]
    ids = pseudonyms(who + people.described_in[who] * PEOPLE, prefix="C", seed=SEED).to_pylist()
    return pd.DataFrame(
        {
            "index_month": drawn.operations.month[chosen],
            "sex": np.where(people.male[who], "male", "female"),
            "imd_quintile": people.described(people.imd_quintile)[who],
            "birth_month": people.birth_month[who],
        },
        index=ids,
    ).sort_index()


def test_the_people_are_the_same(studied, meant):
    assert len(meant) > 400
    assert list(studied.index) == list(meant.index)


@pytest.mark.parametrize("column", ["index_month", "sex", "imd_quintile", "birth_month"])
def test_and_so_is_what_is_known_of_them(studied, meant, column):
    assert (studied[column].to_numpy() == meant[column].to_numpy()).all()
