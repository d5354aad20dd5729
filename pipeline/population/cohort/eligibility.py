"""Who may enter: the rules in the order they are applied, each with the words that the flow diagram shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import duckdb

from pipeline.engine.database import quoted
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.attrition import Arm, Step
from pipeline.vocabulary.months import first_day, month_sql
from pipeline.vocabulary.schemas.sources import REGIONS
from pipeline.vocabulary.windows import Window

SOURCE_TITLES = {"paye_rti": "employee pay", "hes_apc": "hospital episodes", "iapt": "therapy records"}
SEXES = {"female": "not a woman", "male": "not a man"}
BIRTHDAY = 15
"""Birth is known to the quarter: the day of birth is the 15th of its middle month."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A condition that holds for people who stay, in SQL (null counts as no), and the reason others leave."""

    reason: str
    holds: str


def treated_rules(study: Study, *, of_event: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules for people with an index event, in order; the first one that fails is the reason."""
    return (Rule(reason="not linked to a census person", holds="person_id IS NOT NULL"), *of_event, *index_rules(study))


def month_rules(study: Study, *, what: str) -> tuple[Rule, ...]:
    """The rules on the month of a first ``what``."""
    since, until = (f"{first_day(month):%B %Y}" for month in study.treated_between)
    return (
        Rule(reason=f"first {what} before {since}", holds=f"index_month >= {study.treated_between[0]}"),
        Rule(reason=f"first {what} after {until}", holds=f"index_month <= {study.treated_between[1]}"),
    )


def index_rules(study: Study) -> tuple[Rule, ...]:
    """The rules at the index date, the same for both arms."""
    low, high = study.ages
    return (
        *(
            Rule(reason=f"not linked to {SOURCE_TITLES.get(source, source)}", holds=f"linked_{source}")
            for source in study.linked
        ),
        *((Rule(reason=SEXES[study.sex], holds=f"sex = {quoted(study.sex)}"),) if study.sex else ()),
        Rule(reason=f"not aged {low} to {high} on the index day", holds=f"age_at_index BETWEEN {low} AND {high}"),
        Rule(
            reason=f"not aged {low} to {high} at the end of the index month",
            holds=f"age_at_month_end BETWEEN {low} AND {high}",
        ),
        Rule(
            reason="not alive at the end of the index month",
            holds="month_of_death IS NULL OR month_of_death > index_month",
        ),
        Rule(reason="not resident in England", holds=_resident_sql()),
        Rule(reason="no month observed", holds="first_month <= last_month"),
    )


def seen_throughout(window: Window) -> Rule:
    """That a person is observed in the whole window, so that the same people stand behind every horizon."""
    before, after = window.before, window.after
    return Rule(
        reason=f"not observed from {before + 1} months before to {after - 1} months after",
        holds=f"first_month = index_month - {before + 1} AND last_month = index_month + {after - 1}",
    )


def at_index_sql(study: Study, *, relation: str) -> str:
    """SQL: the relation's columns with ages at the index and the observed months.

    ``relation`` has ``index_day, birth_month, month_of_death``. Event time is ``e = t - index_month + 1``, so that
    ``e`` in ``-before .. after`` is month ``index_month - before - 1 .. index_month + after - 1``.
    """
    first, last = study.observed_between
    edges = study.age_bands or (study.ages[0], study.ages[1] + 1)
    before, after = study.window.before, study.window.after
    return f"""
    WITH dated AS (SELECT *, CAST({month_sql("index_day")} AS INTEGER) AS index_month FROM {relation}),
    aged AS (
        SELECT *, {_years_sql(f"index_month - birth_month - CASE WHEN day(index_day) < {BIRTHDAY} THEN 1 ELSE 0 END")}
                  AS age_at_index,
               {_years_sql("index_month - birth_month")} AS age_at_month_end
        FROM dated)
    SELECT *, {_band_sql(edges)} AS age_band, {_five_year_sql()} AS five_year_band,
           greatest(index_month - {before + 1}, {first}) AS first_month,
           least(index_month + {after - 1}, {last}, coalesce(month_of_death - 1, {last})) AS last_month
    FROM aged"""


def excluded_at_sql(rules: Sequence[Rule]) -> str:
    """SQL: the number (from 1) of the first rule that does not hold; null for people who stay."""
    branches = " ".join(f"WHEN NOT coalesce({rule.holds}, false) THEN {step}" for step, rule in enumerate(rules, 1))
    return f"CASE {branches} END"


def counted(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], *, arm: Arm, start: str, relation: str
) -> tuple[Step, ...]:
    """The exclusions of one arm, counted from the relation's ``excluded_at``; step 0 is ``start``, everybody."""
    rows = connection.sql(f"SELECT excluded_at, count(*) FROM {relation} GROUP BY excluded_at").fetchall()
    found = dict(rows)
    remaining = sum(found.values())
    steps = [Step(arm=arm, reason=start, excluded=0, remaining=remaining)]
    for number, rule in enumerate(rules, 1):
        excluded = found.get(number, 0)
        remaining -= excluded
        steps.append(Step(arm=arm, reason=rule.reason, excluded=excluded, remaining=remaining))
    return tuple(steps)


def _resident_sql() -> str:
    """Resident in England: by the small area where there is one (codes of England start with E), else by region."""
    regions = ", ".join(quoted(region) for region in REGIONS)
    return f"CASE WHEN lsoa11 IS NULL THEN region IN ({regions}) ELSE lsoa11 LIKE 'E%' END"


def _years_sql(months: str) -> str:
    """Completed years of an age in months; rounded down for the unborn too."""
    return f"CAST(floor(({months}) / 12.0) AS INTEGER)"


def _band_sql(edges: tuple[int, ...]) -> str:
    """The reported age band; ages outside the edges have bands of their own."""
    spans = pairwise(edges)
    branches = " ".join(
        f"WHEN age_at_index BETWEEN {low} AND {high - 1} THEN '{low}-{high - 1}'" for low, high in spans
    )
    return (
        f"CASE WHEN age_at_index < {edges[0]} THEN 'under {edges[0]}' {branches} "
        f"WHEN age_at_index >= {edges[-1]} THEN '{edges[-1]} and over' END"
    )


def _five_year_sql() -> str:
    """The five-year age band, such as ``25-29``."""
    low = "CAST(floor(age_at_index / 5.0) AS INTEGER) * 5"
    return f"CAST({low} AS VARCHAR) || '-' || CAST({low} + 4 AS VARCHAR)"
