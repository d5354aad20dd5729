"""Are there clusters enough for errors that are clustered on them?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.vocabulary.panels import CLUSTER, Panel
from pipeline.vocabulary.schemas.results import DIAGNOSTICS

CHECK = "clusters"


def check(panel: Panel, estimates: pa.Table, *, what: str, threshold: int) -> pa.Table:
    """One row an outcome of the headline estimates: the clusters of the arm that has fewer (schema ``DIAGNOSTICS``).

    Clustered errors are too small where clusters are few, in all or on one side, and intervals miss too often (Cameron
    and Miller 2015, doi 10.3368/jhr.50.2.317; MacKinnon and Webb 2017, doi 10.1002/jae.2508): fewer than ``threshold``
    on a side are for review.
    """
    headline = estimates.filter((pc.field("role") == "headline") & (pc.field("subgroup") == "all")).to_pandas()
    rows = []
    for outcome, part in headline.groupby("outcome"):
        treated, compared = counted(panel, str(outcome))
        labels = {name: part[name].iloc[0] for name in ("evaluation", "estimator", "outcome")}
        fewer, enough = min(treated, compared), min(treated, compared) >= threshold
        sentence = (
            f"Errors are clustered on {what}: {treated} have people treated in the months studied, {compared} people "
            f"compared with, {'enough' if enough else 'too few'} for errors that hold."
        )
        found = {"check": CHECK, "status": "pass" if enough else "review", "figure": float(fewer)}
        rows.append(labels | found | {"threshold": float(threshold), "sentence": sentence})
    return DIAGNOSTICS.of_rows(rows)


def counted(panel: Panel, outcome: str) -> tuple[int, int]:
    """How many clusters have treated people, and how many comparison people, observed in any month of the outcome."""
    people = pd.concat(
        pd.DataFrame(
            {
                "cluster": shard.covariates[CLUSTER],
                "treated": ~np.isnan(shard.treatment_month),
                "observed": ~np.isnan(shard.outcome).all(axis=1),
            }
        )
        for shard in panel.shards(outcome, (CLUSTER,))
    )
    clusters = people[people["observed"]].groupby("treated")["cluster"].nunique()
    return int(clusters.get(True, 0)), int(clusters.get(False, 0))
