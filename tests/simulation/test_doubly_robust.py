"""A known effect on treated people is found where one of the two models is right, with honest intervals."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.inference.doubly_robust.nuisances import Learning
from pipeline.inference.doubly_robust.people import People
from pipeline.inference.doubly_robust.treated import effects_on_treated

REPLICATIONS, PEOPLE = 120, 600
# Three standard errors of a mean over the replications, in standard errors of one estimate; and of a share of 0.95.
BIAS, LEAST_COVERAGE = 3 / np.sqrt(REPLICATIONS), 0.95 - 3 * np.sqrt(0.95 * 0.05 / REPLICATIONS)


def drawn(random: np.random.Generator, *, right: str) -> tuple[People, float]:
    """People, and the mean effect on those treated; the model that is not ``right`` bends where ours are straight."""
    known = random.normal(size=(PEOPLE, 2))
    bent = np.column_stack([known[:, 0], np.abs(known[:, 1]) - 0.8])
    chance = (known if right in ("propensity", "both") else bent) @ [0.8, 0.8]
    level = (known if right in ("outcome", "both") else bent) @ [2.0, 2.0]
    treated = chance + random.logistic(size=PEOPLE) > 0
    effect = 1 + known[:, 0]
    outcome = level + effect * treated + random.normal(size=PEOPLE)
    people = People(treated=treated, covariates=known, names=("a", "b"), outcomes=outcome[:, None])
    return people, float(effect[treated].mean())


@pytest.mark.parametrize("right", ["both", "propensity", "outcome"])
def test_the_effect_on_treated_people_is_found_if_one_model_is_right(right):
    random = np.random.default_rng(11)
    errors, covered = [], []
    for replication in range(REPLICATIONS):
        people, truth = drawn(random, right=right)
        found = effects_on_treated(people, learning=Learning(folds=3, seed=replication), trim=0.0)
        off = (found.att[0] - truth) / found.std_error[0]
        errors.append(off)
        covered.append(abs(off) < 1.96)
    assert abs(np.mean(errors)) < BIAS
    assert np.mean(covered) >= LEAST_COVERAGE


def test_where_both_models_are_wrong_the_effect_is_missed():
    random = np.random.default_rng(12)
    errors = []
    for replication in range(40):
        people, truth = drawn(random, right="neither")
        found = effects_on_treated(people, learning=Learning(folds=3, seed=replication), trim=0.0)
        errors.append((found.att[0] - truth) / found.std_error[0])
    assert np.mean(errors) > 1
