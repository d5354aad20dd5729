"""Made-up people who are linked by chances of their own: weighted, those who are linked are everybody again."""

import itertools

import numpy as np
import pyarrow as pa
import pytest

from pipeline.records.linkage.weights import link_rates

N = 200_000
LEVELS = {
    "sex": {"female": 0.0, "male": -0.3},
    "age": {"20-29": -0.8, "30-39": 0.0, "40-49": 0.2},
    "ethnic_group": {"White": 0.0, "Asian": -0.6, "Black": -0.7},
    "region": {"North East": 0.1, "London": -0.5},
    "imd_quintile": {"1": -0.3, "3": 0.0, "5": 0.1},
}
"""Log odds of being linked beside 3.3, which is 0.964."""

WITHIN = 0.005
"""A share of 200,000 people has a standard deviation of 0.001, and a weighted one somewhat more."""
SHORT = 0.01
"""By how much people who are linked are too few among those seldom linked, unless weighted."""


@pytest.fixture(scope="module")
def drawn():
    random = np.random.default_rng(4)
    combined = list(itertools.product(*(levels for levels in LEVELS.values())))
    cells = [dict(zip(LEVELS, names, strict=True)) for names in combined]
    odds = np.array([3.3 + sum(LEVELS[name][level] for name, level in cell.items()) for cell in cells])
    people = random.multinomial(N, random.dirichlet(np.full(len(cells), 3.0)))
    linked = random.binomial(people, 1 / (1 + np.exp(-odds)))
    return pa.Table.from_pylist(cells).append_column("n_people", [people]).append_column("n_linked", [linked])


@pytest.mark.parametrize(("name", "level"), [("age", "20-29"), ("ethnic_group", "Black"), ("region", "London")])
def test_those_seldom_linked_have_their_share_of_people_again(drawn, name, level):
    people, linked = (drawn[column].to_numpy().astype(float) for column in ("n_people", "n_linked"))
    of_level = np.array(drawn[name].to_pylist()) == level

    def share(counts):
        return counts[of_level].sum() / counts.sum()

    assert share(linked / link_rates(drawn)) == pytest.approx(share(people), abs=WITHIN * share(people))
    assert share(linked) < (1 - SHORT) * share(people)
