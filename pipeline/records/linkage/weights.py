"""Weights that stand for people who are not linked: one over the link rate of people like them."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.records.linkage.conflicts import NINO
from pipeline.records.linkage.quality import AGE_AT, band_sql
from pipeline.vocabulary.months import parse_month

WEIGHTS = "linkage_weights"
"""The temporary table: one row a cell of characteristics, with ``linkage_weight``."""

_BY = {
    "sex": "{of}sex",
    "age": band_sql("({middle} - ({of}birth_year * 12 + 3 * {of}birth_quarter - 1)) // 12"),
    "ethnic_group": "coalesce({of}ethnic_group, 'Missing or not stated')",
    "region": "coalesce({of}region, 'not known')",
    "imd_quintile": "coalesce(CAST({of}imd_quintile AS VARCHAR), 'not known')",
}
"""What link rates are modelled on, as SQL over census records: the characteristics of linkage quality."""

_PENALTY = 1.0
"""Inverse strength of the ridge penalty (scikit-learn's own default): nothing among thousands of people, but a level in
which everybody is linked, or nobody, keeps a finite weight."""

_PLACES = 6


def weigh_cells(connection: duckdb.DuckDBPyConnection, *, least_link_rate: float) -> None:
    """Make the table of weights of the **link from the census to National Insurance numbers**, over all people.

    A person linked or not is known for everybody of the census there. Not so for health ids: whoever has none may
    never have been a patient, so that no weight here stands for people whose health record is not linked.
    """
    by = ", ".join(f"{sql} AS {name}" for name, sql in characteristics().items())
    cells = connection.sql(f"""
        SELECT {by}, count(*) AS n_people,
               count(*) FILTER (WHERE census_id IN (SELECT person_id FROM id_person WHERE kind = '{NINO}')) AS n_linked
        FROM records WHERE census_id IN (SELECT person_id FROM people) GROUP BY ALL ORDER BY ALL""").to_arrow_table()
    rates = np.maximum(link_rates(cells), least_link_rate)
    weighed = cells.append_column("linkage_weight", pa.array(np.round(1 / rates, _PLACES)))
    connection.register("weighed_cells", weighed)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {WEIGHTS} AS SELECT * FROM weighed_cells")
    connection.unregister("weighed_cells")


def characteristics(of: str = "") -> dict[str, str]:
    """SQL over census records (``of``: their name and a dot) of what the weights depend on, by name."""
    return {name: sql.format(of=of, middle=parse_month(AGE_AT)) for name, sql in _BY.items()}


def link_rates(cells: pa.Table) -> NDArray[np.float64]:
    r"""``(C,)`` the probability that a person of each cell is linked.

    A logistic regression on the characteristics without interactions (Seaman and White 2013, doi
    10.1177/0962280210395740): cells of a handful of people borrow from the others.

    Parameters
    ----------
    cells
        The characteristics, ``n_people`` and ``n_linked``.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import OneHotEncoder

    people, linked = (cells[name].to_numpy().astype(np.float64) for name in ("n_people", "n_linked"))
    if linked.sum() in (0, people.sum()):
        return np.full(len(people), float(linked.sum() > 0))
    described = np.column_stack([cells[name].to_numpy(zero_copy_only=False) for name in _BY])
    design = OneHotEncoder(sparse_output=False).fit_transform(described)
    model = LogisticRegression(C=_PENALTY, solver="newton-cholesky", tol=1e-8)
    answers = np.repeat([1, 0], len(people))
    model.fit(np.vstack([design, design]), answers, sample_weight=np.concatenate([linked, people - linked]))
    rates: NDArray[np.float64] = model.predict_proba(design)[:, 1]
    return rates
