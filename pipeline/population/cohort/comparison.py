"""Comparison people: never treated, given an index month as the treated people's, sampled to their sex and age."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from pipeline.engine.database import quoted
from pipeline.population.cohort.draws import draw_sql, intervals, smoothed
from pipeline.population.cohort.eligibility import Rule, at_index_sql, counted, excluded_at_sql, index_rules
from pipeline.population.cohort.sampling import Stratum, allocation
from pipeline.population.cohort.study import Study
from pipeline.vocabulary.attrition import Step
from pipeline.vocabulary.designs import GeneralPopulation


def comparison(connection: duckdb.DuckDBPyConnection, study: Study, *, spine: str, never: str) -> tuple[Step, ...]:
    """The comparison's attrition; its people are left in the temporary table ``comparison``.

    Reads the temporary tables ``happened`` and ``treated``; ``never`` says why those in the former are no comparison.
    People need no link to the records of the index event: most of the general population is in none, and demanding it
    would make the comparison a population of patients.
    """
    rules = (Rule(reason=never, holds="never_treated"), *index_rules(study))
    assert isinstance(study.comparison, GeneralPopulation)
    drawn = f"""(
        SELECT s.*, o.person_id IS NULL AS never_treated FROM ({drawn_index_sql(connection, study, people=spine)}) s
        LEFT JOIN (SELECT DISTINCT person_id FROM happened) o ON o.person_id = s.person_id)"""
    connection.execute(
        f"CREATE TEMP TABLE drawn AS SELECT *, {excluded_at_sql(rules)} AS excluded_at "
        f"FROM ({at_index_sql(study, relation=drawn)})"
    )
    steps = counted(connection, rules, arm="comparison", start="people in the census spine", relation="drawn")
    taken = _sample(connection, study)
    kept = steps[-1].remaining
    reason = f"not drawn into the sample (up to {study.comparison.n:,} people, in the treated people's proportions)"
    return (*steps, Step(arm="comparison", reason=reason, excluded=kept - taken, remaining=taken))


def drawn_index_sql(connection: duckdb.DuckDBPyConnection, study: Study, *, people: str) -> str:
    """SQL: the people with ``index_day``, the 15th of a month drawn from the treated people's index months."""
    assert study.comparison is not None
    connection.register("index_months", _index_months(connection, study))
    return f"""
    SELECT s.*,
           make_date(CAST((d.month - 1) // 12 AS INTEGER), CAST((d.month - 1) % 12 + 1 AS INTEGER), 15) AS index_day
    FROM (SELECT *, {draw_sql(f"{quoted(study.comparison.seed)} || person_id")} AS draw FROM {people}) s
    JOIN index_months d ON s.draw >= d.lower AND s.draw < d.upper"""


def _index_months(connection: duckdb.DuckDBPyConnection, study: Study) -> pa.Table:
    """The treated people's index months, smoothed, as intervals of draws."""
    counts = connection.sql("SELECT index_month, count(*) FROM treated GROUP BY index_month").fetchall()
    found = intervals(smoothed(dict(counts), between=study.treated_between))
    return pa.table({name: [getattr(i, name) for i in found] for name in ("month", "lower", "upper")})


def _sample(connection: duckdb.DuckDBPyConnection, study: Study) -> int:
    """Make the temporary table ``comparison`` and say how many people it has."""
    assert isinstance(study.comparison, GeneralPopulation)
    columns = study.comparison.strata
    strata = connection.sql(_strata_sql(columns)).to_arrow_table()
    counts = zip(strata["treated"].to_pylist(), strata["available"].to_pylist(), strict=True)
    take = allocation([Stratum(treated=t, available=a) for t, a in counts], at_most=study.comparison.n)
    connection.register("strata", strata.append_column("take", pa.array(take, pa.int64())))
    hashed = draw_sql(f"{quoted(study.comparison.seed + ':sample:')} || person_id")
    within = ", ".join(f"d.{name}" for name in columns)
    connection.execute(f"""
        CREATE TEMP TABLE comparison AS SELECT * EXCLUDE (nth, take) FROM (
            SELECT d.*, s.take, row_number() OVER (PARTITION BY {within} ORDER BY {hashed}, person_id) AS nth
            FROM drawn d JOIN strata s ON {_same_sql(columns)} WHERE excluded_at IS NULL)
        WHERE nth <= take""")
    ((taken,),) = connection.execute("SELECT count(*) FROM comparison").fetchall()
    return int(taken)


def _strata_sql(columns: tuple[str, ...]) -> str:
    """SQL: the strata that treated people are in, with how many there are in each arm."""
    names = ", ".join(columns)
    return f"""
    SELECT s.*, coalesce(d.available, 0) AS available
    FROM (SELECT {names}, count(*) AS treated FROM treated GROUP BY {names}) s
    LEFT JOIN (SELECT {names}, count(*) AS available FROM drawn WHERE excluded_at IS NULL GROUP BY {names}) d
    ON {_same_sql(columns)}"""


def _same_sql(columns: tuple[str, ...]) -> str:
    """Two rows are of one stratum; a missing characteristic is a stratum too."""
    return " AND ".join(f"d.{name} IS NOT DISTINCT FROM s.{name}" for name in columns)
