"""Diagnoses: each person's first hospital episode with a listed diagnosis, in any position."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.engine.database import quoted
from pipeline.population.cohort.eligibility import Rule, month_rules
from pipeline.population.cohort.index_events import HEALTH_PERSON, IndexEvents
from pipeline.population.cohort.index_events.procedure import spellings
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.codelists import Codelist
from pipeline.vocabulary.index_events import Diagnosis


def events(study: Study, records: Mapping[str, str]) -> IndexEvents:
    """Every episode with a listed diagnosis; the index is the first, on the day that the episode starts."""
    declared = study.event
    assert isinstance(declared, Diagnosis)
    listed = study.codelists[declared.codelist]
    return IndexEvents(
        happened=diagnosed_sql(listed, episodes=records[declared.source], people=records[HEALTH_PERSON]),
        order=("index_day", "epikey"),
        known=(),
        rules=(
            Rule(reason="diagnosis without any date", holds="index_month IS NOT NULL"),
            *month_rules(study, what="diagnosis"),
        ),
        start=f"people with a diagnosis of {listed.name} since {declared.first_since:%B %Y}, or without a date",
        never="had such a diagnosis",
    )


def diagnosed_sql(listed: Codelist, *, episodes: str, people: str) -> str:
    """SQL: one row an episode with a listed diagnosis, as :class:`IndexEvents` wants ``happened``."""
    return f"""
    WITH people AS (SELECT health_id, person_id FROM {people} WHERE source = 'hes')
    SELECT coalesce('person ' || person_id, 'health id ' || pseudo_hesid) AS unit, person_id,
           epistart AS index_day, epikey, lsoa11
    FROM {episodes} LEFT JOIN people ON health_id = pseudo_hesid WHERE {has_sql(listed)}"""


def has_sql(listed: Codelist) -> str:
    """SQL: whether an episode has a listed diagnosis in any position."""
    codes = ", ".join(quoted(code) for code in spellings(listed))
    return f"coalesce(list_has_any(diagnoses, [{codes}]), false)"
