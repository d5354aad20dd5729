"""The model trained on the two sides and its match weights, in the run's own database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from pipeline.engine.settings import Linkage
from pipeline.records.linkage.links import count
from pipeline.records.linkage.matching.fields import CENSUS, HEALTH
from pipeline.records.linkage.matching.model import EXACT, TRAINED_ON, model

if TYPE_CHECKING:
    from splink import Linker

_DIGITS = 4
"""Trained probabilities keep four significant digits, so that the order of summation in threads leaves no trace."""

_LEAST = 1e-5
"""No trained probability is below this: a level that no pair of one person shows is rare, not impossible."""

_SILENT = "CRITICAL"
"""Splink logs SQL and parameters at lower levels; records never speak."""


def score_pairs(connection: duckdb.DuckDBPyConnection, *, target: str, settings: Linkage) -> None:
    """Make the table ``target``: ``source, health_id, census_id, census_year, match_weight`` of pairs that may match.

    u probabilities come from a seeded sample of pairs, m probabilities from expectation maximisation, the prior from
    pairs that agree exactly. A match weight is the base-2 logarithm of the odds that two records are one person's.
    """
    from splink import DuckDBAPI, Linker

    api: Any = DuckDBAPI(connection)
    # Splink puts the side whose name comes first in the alphabet on the left.
    sides = [api.register(table, dataset_display_name=table) for table in (CENSUS, HEALTH)]
    try:
        untrained = Linker(sides, model(_prior(connection, recall=settings.exact_recall)), log_level=_SILENT)
        trained = Linker(sides, _trained(untrained, settings), log_level=_SILENT)
        pairs = trained.inference.predict(threshold_match_weight=0.0, warning_mode="never")
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE {target} AS
            SELECT h.file AS source, h.record AS health_id, c.record AS census_id, c.file AS census_year,
                   round(match_weight, 2) AS match_weight
            FROM {pairs.physical_name}
            JOIN {HEALTH} AS h ON unique_id_r = h.unique_id JOIN {CENSUS} AS c ON unique_id_l = c.unique_id""")
    finally:
        api.delete_tables_created_by_splink_from_db()


def _prior(connection: duckdb.DuckDBPyConnection, *, recall: float) -> float:
    """The share of all pairs that are one person's: those that agree exactly, over the recall of doing so."""
    exact = count(connection, f"{HEALTH} JOIN {CENSUS} USING ({', '.join(EXACT)})")
    return min(exact / recall / count(connection, HEALTH) / count(connection, CENSUS), 0.5)


def _trained(linker: Linker, settings: Linkage) -> dict[str, Any]:
    """The model with what it has learnt, rounded."""
    from splink import block_on

    training = linker.training
    training.estimate_u_using_random_sampling(
        max_pairs=settings.sampled_pairs, seed=settings.seed, min_count_per_level=None
    )
    for columns in TRAINED_ON:
        training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns), max_pairs=settings.sampled_pairs
        )
    return _rounded(linker.misc.save_model_to_json())


def _rounded(model: dict[str, Any]) -> dict[str, Any]:
    """The model's probabilities to four significant digits, none of them nought."""
    levels = [level for comparison in model["comparisons"] for level in comparison["comparison_levels"]]
    for level in levels:
        for name in ("m_probability", "u_probability"):
            if level.get(name) is not None:
                level[name] = max(float(f"{level[name]:.{_DIGITS}g}"), _LEAST)
    return model
