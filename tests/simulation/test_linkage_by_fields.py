"""Made-up people with the published errors in their records: nearly all are found, and next to nobody else."""

import duckdb
import pyarrow as pa
import pytest

from pipeline.engine.settings import read_settings
from pipeline.records.linkage.matching import person_links
from pipeline.synthetic.demographics import Errors, demographics

N = 20_000
PRECISION, RECALL = 0.999, 0.97
"""What is promised of links from demographic fields; ``benchmarks/linkage.py`` measures both at 200,000."""


def _links(made):
    connection = duckdb.connect(config={"threads": 2})
    connection.register("health", made.health)
    connection.register("demographics", made.census)
    record = pa.table({"census_id": made.census["census_id"], "census_year": [2021] * N, "imputed": [False] * N})
    connection.register("census", record)
    settings = read_settings().linkage
    return person_links(connection, health="health", demographics="demographics", census="census", settings=settings)


def _rates(made):
    links = _links(made).select(["health_id", "census_id"])
    right = links.join(made.truth, keys=["health_id", "census_id"], join_type="inner").num_rows
    return right / links.num_rows, right / made.truth.num_rows


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_links_are_right_and_nearly_complete(seed):
    precision, recall = _rates(demographics(N, seed=seed))
    assert precision >= PRECISION
    assert recall >= RECALL


@pytest.mark.slow
def test_more_errors_cost_links_not_their_truth():
    twice = Errors(first_name_mistyped=0.03, first_name_other=0.02, last_name_mistyped=0.03, last_name_changed=0.04)
    precision, recall = _rates(demographics(N, seed=3, errors=twice))
    assert precision >= PRECISION
    assert recall < _rates(demographics(N, seed=3))[1]
