"""Waiting lists: how long people waited, for whom, and how long the others waited who joined in the same month."""

from __future__ import annotations

from pipeline.population.cohort.eligibility import Rule, month_rules
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.months import month_sql
from pipeline.vocabulary.schemas.people import OF_A_WAIT
from pipeline.vocabulary.waiting import DAYS_A_MONTH

KNOWN = (*OF_A_WAIT, "from_list")
"""What every list tells of a wait, besides who, when and where."""


def listed_sql(relation: str) -> str:
    """SQL: the relation's rows with each wait and queue, as :class:`IndexEvents` wants ``happened``.

    Parameters
    ----------
    relation
        One row a wait: ``unit, person_id, index_day`` (of joining), ``treated_day`` (null if not yet),
        ``provider_code, from_list`` (whether by a waiting list), ``ordinal`` (1 for a unit's first) and what
        else is known.

    Notes
    -----
    A queue is of everybody whose first wait it is and has ended, studied or not: an exclusion that depends on the wait
    would move the instrument with it. Days are whole, so that sums do not depend on the order of rows. Providers are
    numbered by a digest of their code.
    """
    counted = "ordinal = 1 AND from_list AND days >= 0 AND provider_code IS NOT NULL"
    others, days = (f"{total} OVER queue" for total in ("count(*) FILTER (counted)", "sum(days) FILTER (counted)"))
    return f"""
    WITH waits AS (
        SELECT *, treated_day - index_day AS days, CAST({month_sql("index_day")} AS INTEGER) AS joined,
               CAST({month_sql("treated_day")} AS INTEGER) AS treated
        FROM ({relation})),
    told AS (SELECT *, coalesce({counted}, false) AS counted FROM waits),
    summed AS (
        SELECT *, {others} - 1 AS other_people, {days} - days AS other_days
        FROM told WINDOW queue AS (PARTITION BY provider_code, joined))
    SELECT * EXCLUDE (days, joined, treated, counted, other_people, other_days, provider_code),
           days / {DAYS_A_MONTH!r} AS wait, CAST(treated - joined AS DOUBLE) AS waited,
           CASE WHEN counted THEN CAST(other_people AS DOUBLE) END AS others,
           CASE WHEN counted AND other_people > 0 THEN other_days / other_people / {DAYS_A_MONTH!r} END
               AS others_mean_wait,
           CASE WHEN provider_code IS NOT NULL
               THEN CAST(dense_rank() OVER (ORDER BY md5(provider_code)) AS DOUBLE) END AS provider
    FROM summed"""


def list_rules(study: Study, *, joined: str, treated: str) -> tuple[Rule, ...]:
    """What must hold of a wait; ``joined`` and ``treated`` say in words what begins and ends it."""
    return (
        Rule(reason=f"day of {joined} not known", holds="index_month IS NOT NULL"),
        *month_rules(study, what=joined),
        Rule(reason=f"no {treated} by the end of the records: still waiting, or no longer", holds="wait IS NOT NULL"),
        Rule(reason=f"{treated} that ends no wait on a list", holds="from_list"),
        Rule(reason=f"{treated} before {joined}", holds="wait >= 0"),
        Rule(reason=f"waited more than {study.longest} months", holds=f"waited <= {study.longest}"),
        Rule(reason="provider not known", holds="provider IS NOT NULL"),
        Rule(reason="the provider's only one in that month, so that nobody's wait tells the queue", holds="others > 0"),
    )
