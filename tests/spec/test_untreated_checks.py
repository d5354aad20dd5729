"""What the checks of a comparison with untreated people say of people drawn for them."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.engine.settings import Refutation, read_settings
from pipeline.inference.diagnostics.untreated.refuters import REFUTERS, Refuted
from pipeline.inference.doubly_robust.nuisances import Learning
from pipeline.inference.doubly_robust.people import People
from pipeline.vocabulary.errors import NotEstimable

DECLARED = read_settings().inference.refutation
# DoWhy's own estimate is EconML's, made once more from the same folds.
SAME = 1e-6


def drawn(*, effect: float = 1.0, n: int = 1200) -> People:
    random = np.random.default_rng(2)
    known = random.normal(size=(n, 4))
    treated = known[:, 0] + random.logistic(size=n) > 0
    outcome = known @ [1.0, 0.5, 0.0, 0.0] + effect * treated + random.normal(size=n)
    return People(treated=treated, covariates=known, names=("a", "b", "c", "d"), outcomes=outcome[:, None])


def refuted(compared: People, **settings: float) -> Refuted:
    declared = Refutation(**DECLARED.model_dump() | settings)
    return Refuted(compared, learning=Learning(seed=7), settings=declared)


@pytest.fixture(scope="module")
def sound() -> Refuted:
    return refuted(drawn())


def test_dowhy_estimates_what_econml_does(sound):
    assert sound.estimate == pytest.approx(sound.effect.estimate, abs=SAME)
    assert sound.effect.n_treated + sound.effect.n_comparison == 1200


@pytest.mark.parametrize("check", REFUTERS)
def test_an_effect_that_is_there_stands_every_refuter(sound, check):
    found = sound.verdict(check)
    assert (found.status, found.threshold) == ("pass", DECLARED.most_errors)
    assert found.figure < DECLARED.most_errors


@pytest.mark.parametrize("check", ["placebo_treatment", "dummy_outcome", "data_subset"])
def test_what_is_further_off_than_declared_fails(check):
    found = refuted(drawn(), most_errors=1e-6).verdict(check)
    assert found.status == "fail"
    assert found.figure > 1e-6


def test_a_simulated_confounder_leaves_most_of_a_large_effect_and_less_than_half_of_a_small_one(sound):
    assert sound.confounded().status == "pass"
    weak = refuted(drawn(effect=0.25), confounder_flips=0.2, confounder_shift=0.3).confounded()
    assert weak.status == "review"
    assert weak.figure < 0.5


def test_without_an_effect_there_is_nothing_for_a_confounder_to_explain():
    found = refuted(drawn(effect=0.0)).confounded()
    assert (found.status, found.figure) == ("not evaluated", None)


def test_refuters_say_nothing_and_put_numpys_random_state_back(capfd):
    np.random.seed(5)  # noqa: NPY002 - the state that the libraries draw from
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    assert refuted(drawn(n=400)).verdict("placebo_treatment").figure is not None
    assert (np.random.random(3) == expected).all()  # noqa: NPY002
    assert capfd.readouterr() == ("", "")


def test_the_same_people_are_refuted_the_same_way_twice(sound):
    assert sound.verdict("data_subset") == refuted(drawn()).verdict("data_subset")


def test_at_most_as_many_people_as_declared_are_refuted_half_of_each_arm():
    found = refuted(drawn(), people=600)
    assert (found.effect.n_treated, found.effect.n_comparison) == (300, 300)


def test_an_error_of_the_libraries_is_told_without_its_words(sound, monkeypatch):
    def quoting(*_: object, **__: object) -> None:
        message = "could not convert 12345 pounds"
        raise ValueError(message)

    monkeypatch.setattr(sound._model, "refute_estimate", quoting)
    with pytest.raises(NotEstimable, match="DoWhy cannot estimate") as refusal:
        sound.verdict("data_subset")
    assert "12345" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
