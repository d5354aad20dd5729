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
from pipeline.synthetic.studied import courses_studied, diagnoses_studied, operations_studied, surgery_studied
from pipeline.vocabulary.schemas.sources import SOURCES

PEOPLE, SEED = 4_000, 21
KNOBS = Knobs(treated_share=0.2, therapy_share=0.3, dirt=2)
ILL = Knobs(endometriosis_share=0.5, treated_share=0.02, therapy_share=0.05, dirt=2)
EVENTS = {
    "bariatric_surgery": ("hes_apc",),
    "talking_therapies": ("iapt/IDS101Referral", "iapt/IDS004EmpStatus"),
}
OF_THE_ILL = {
    "endometriosis_diagnosis": ("hes_apc",),
    "endometriosis_diagnosis_without_adenomyosis": ("hes_apc",),
    "endometriosis_surgery": ("hes_apc",),
}
SHARED = ("census", "deaths", "links/person", "links/nino")


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory):
    """By evaluation, the treated people of the cohort that Causeway makes of one synthetic delivery."""
    root = tmp_path_factory.mktemp("synthetic-cohort")
    return _cohorts(root, KNOBS, EVENTS) | _cohorts(root / "ill", ILL, OF_THE_ILL)


def _cohorts(root, knobs, events):
    synthesise(root / "delivery", people=PEOPLE, seed=SEED, knobs=knobs)
    settings = read_settings()
    needed = [*SHARED, *{source: None for sources in events.values() for source in sources}]
    delivery = read_delivery(root / "delivery", required=needed)
    found = {}
    with database(settings.engine, spill=root / "spill") as connection:
        for source in needed:
            columns, clear = settings.columns[source], settings.validation.clear_identifiers
            target = root / source
            ingest(connection, delivery, SOURCES[source], columns=columns, clear_identifiers=clear, target=target)
        typed = {source: parquet(root / source / "typed") for source in needed}
        shared = dict(
            zip(("census", "deaths", "links_person", "links_nino"), (typed[name] for name in SHARED), strict=True)
        )
        linkage.spine(connection, **shared, hes=typed["hes_apc"], target=root)
        for name in events:
            records = typed | {"health_person": parquet(root / "health_person")}
            protocol, spine = evaluations.load(name), parquet(root / "spine")
            staggered_cohort(connection, protocol, records=records, spine=spine, target=root / name)
            cohort = pq.read_table(root / name / "cohort").to_pandas()
            found[name] = cohort[cohort.arm == "treated"].set_index("person_id").sort_index()
    return found


@pytest.fixture(scope="module")
def meant():
    """By evaluation, the people that the truth is averaged over."""
    drawn = draw_population(people=PEOPLE, seed=SEED, knobs=KNOBS)
    ill = draw_population(people=PEOPLE, seed=SEED, knobs=ILL)
    studied = [(drawn, operations_studied(drawn)), (drawn, courses_studied(drawn)), (ill, surgery_studied(ill))]
    studied += [(ill, diagnoses_studied(ill, adenomyosis=adenomyosis)) for adenomyosis in (True, False)]
    return {study.evaluation: _described(population, study) for population, study in studied}


def _described(drawn, study):
    people, who = drawn.people, study.who
    ids = pseudonyms(who + people.described_in[who] * PEOPLE, prefix="C", seed=SEED).to_pylist()
    frame = pd.DataFrame({"index_month": study.month, "birth_month": people.birth_month[who]}, index=ids)
    levels = {name: np.array(words)[codes] for name, (words, codes) in study.levels.items() if name != "all"}
    return frame.assign(**levels).sort_index()


@pytest.mark.parametrize("evaluation", [*EVENTS, *OF_THE_ILL])
def test_the_people_are_the_same(cohorts, meant, evaluation):
    assert len(meant[evaluation]) > (400 if evaluation in EVENTS else 80)
    assert list(cohorts[evaluation].index) == list(meant[evaluation].index)


@pytest.mark.parametrize(
    ("evaluation", "column"),
    [
        *(("bariatric_surgery", name) for name in ("index_month", "birth_month", "sex", "imd_quintile", "age_band")),
        *(("talking_therapies", name) for name in ("index_month", "birth_month", "sex", "age_band", "ethnic_group")),
        *(("talking_therapies", name) for name in ("employment_at_referral", "problem", "employment_adviser")),
        ("talking_therapies", "result_after_treatment"),
        *(("endometriosis_diagnosis", name) for name in ("index_month", "age_band", "ethnic_group")),
        *(("endometriosis_surgery", name) for name in ("index_month", "age_band", "operation")),
    ],
)
def test_and_so_is_what_is_known_of_them(cohorts, meant, evaluation, column):
    assert (cohorts[evaluation][column].astype(str) == meant[evaluation][column].astype(str)).all()
