"""How alike treated and comparison people are: shares and standardised mean differences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from pipeline.vocabulary.schemas.results import BALANCE

MISSING = "missing"


def table(cohort: pa.Table, characteristics: Sequence[str]) -> pa.Table:
    """One row a level of a characteristic: people and shares by arm, standardised mean difference (schema ``BALANCE``).

    People whose characteristic is missing are a level of their own, so that the shares of a characteristic add to 1.
    The difference of two indicators' means is divided by the root of their mean variance (Austin 2009,
    doi 10.1002/sim.3697); null where both arms have no variance.
    """
    arm = cohort["arm"].to_pandas()
    parts = [_levels(name, cohort[name].cast(pa.string()).to_pandas(), arm=arm) for name in characteristics]
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(BALANCE.names))
    return BALANCE.conform(pa.Table.from_pandas(found, schema=_schema(), preserve_index=False))


def _schema() -> pa.Schema:
    return pa.schema([(column.name, column.type) for column in BALANCE.columns])


def _levels(name: str, values: pd.Series, *, arm: pd.Series) -> pd.DataFrame:
    known = values.where(values.notna(), MISSING)
    levels = sorted(known.unique(), key=lambda level: (level == MISSING, level))
    people = pd.crosstab(known, arm).reindex(index=levels, columns=["treated", "comparison"], fill_value=0)
    shares = people / people.sum()
    variance = (shares * (1 - shares)).mean(axis=1)
    difference = shares["treated"] - shares["comparison"]
    return pd.DataFrame(
        {
            "characteristic": name,
            "level": levels,
            "n_treated": people["treated"].to_numpy(),
            "n_comparison": people["comparison"].to_numpy(),
            "share_treated": shares["treated"].to_numpy(),
            "share_comparison": shares["comparison"].to_numpy(),
            "smd": (difference / variance.where(variance > 0) ** 0.5).to_numpy(),
        }
    )
