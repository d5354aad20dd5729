"""DoWhy's refuters: an estimate that answers where there is nothing to find, or moves with nothing, is refuted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pipeline.engine.settings import Refutation
from pipeline.inference.diagnostics.untreated.verdict import Status, Verdict, graded, not_evaluated
from pipeline.inference.doubly_robust.everybody import AverageEffect, average_effect, learner_arguments
from pipeline.inference.doubly_robust.libraries import quiet
from pipeline.inference.doubly_robust.nuisances import Learning, tuned
from pipeline.inference.doubly_robust.people import People
from pipeline.vocabulary.errors import Fault, NotEstimable

_TREATED, _OUTCOME = "treated", "outcome"
CONFOUNDER = "unobserved_confounder"


@dataclass(frozen=True, kw_only=True)
class Refuter:
    """One of DoWhy's refuters.

    Attributes
    ----------
    method, arguments
        DoWhy's name and what it is called with.
    zero
        Whether the effect should be gone; else it should stay what it was.
    words
        What was done, to follow "With".
    """

    method: str
    arguments: Mapping[str, Any]
    zero: bool
    words: str


REFUTERS = {
    "placebo_treatment": Refuter(
        method="placebo_treatment_refuter",
        arguments={"placebo_type": "permute"},
        zero=True,
        words="treatment dealt out anew by lot",
    ),
    "dummy_outcome": Refuter(
        method="dummy_outcome_refuter",
        arguments={"transformation_list": [("zero", ""), ("noise", {"std_dev": 1.0})]},
        zero=True,
        words="standardised outcomes drawn by lot",
    ),
    "random_common_cause": Refuter(
        method="random_common_cause", arguments={}, zero=False, words="a covariate of pure chance beside the others"
    ),
    "data_subset": Refuter(
        method="data_subset_refuter",
        arguments={"subset_fraction": 0.8},
        zero=False,
        words="four in five people drawn by lot",
    ),
}
"""By the check's name; the simulated unobserved confounder is a question of its own."""


class Refuted:
    """The average effect of a treatment on one outcome as DoWhy and EconML estimate it, with what refutes it.

    In standard deviations of the outcome, which its refutations do not depend on.

    A draw of at most ``settings.people`` people, half of each arm where there are as many, is estimated with
    ``settings.folds`` folds: every refuter estimates it many times over. People are in an order by lot already.

    Raises
    ------
    NotEstimable
        If an arm has too few people, or the libraries cannot make the estimate.
    """

    def __init__(self, people: People, *, learning: Learning, settings: Refutation) -> None:
        self._settings = settings
        drawn = _standardised(_drawn(people, most=settings.people))
        self._learning = tuned(drawn, replace(learning, folds=settings.folds))
        self.effect: AverageEffect = average_effect(drawn, learning=self._learning)
        self._frame = _frame(drawn)
        with _undisturbed(self._learning.seed):
            self._model = _model(self._frame)
            self._estimand = self._model.identify_effect(
                proceed_when_unidentifiable=True, method_name="maximal-adjustment"
            )
            self._estimate = self._model.estimate_effect(
                self._estimand,
                method_name="backdoor.econml.dr.LinearDRLearner",
                method_params={"init_params": learner_arguments(self._learning), "fit_params": {}},
            )

    @property
    def estimate(self) -> float:
        """DoWhy's own estimate, from which refutations start."""
        return float(self._estimate.value)

    def verdict(self, check: str) -> Verdict:
        """How far from what it should be the effect is under a named refuter, in standard errors of the effect."""
        refuter, most = REFUTERS[check], self._settings.most_errors
        found = self._refute(refuter.method, num_simulations=self._settings.simulations, **refuter.arguments)
        away = abs(found - (0.0 if refuter.zero else self.estimate)) / self.effect.std_error
        should = "be gone" if refuter.zero else "stay as it was"
        sentence = f"With {refuter.words}, the effect should {should}; on average it is {away:.2f} standard errors off."
        status: Status = graded(away, most=most, fail=most)
        return Verdict(check=check, status=status, figure=away, threshold=most, sentence=sentence)

    def confounded(self) -> Verdict:
        """What is left of the effect if something unseen moves both treatment and outcome as strongly as declared."""
        least, settings = self._settings.least_left, self._settings
        if self.effect.ci_lower <= 0 <= self.effect.ci_upper:
            said = "the effect on everybody cannot be told from zero, so nothing unseen need explain it."
            return not_evaluated(CONFOUNDER, said, threshold=least)
        found = self._refute(
            "add_unobserved_common_cause",
            simulation_method="direct-simulation",
            confounders_effect_on_treatment="binary_flip",
            confounders_effect_on_outcome="linear",
            effect_strength_on_treatment=settings.confounder_flips,
            # DoWhy takes the confounder away from the outcome: the sign that brings an effect nearer to zero.
            effect_strength_on_outcome=np.sign(self.estimate) * settings.confounder_shift,
        )
        left = found / self.estimate
        sentence = (
            f"A simulated cause that nobody saw, which changes the treatment of {settings.confounder_flips:.1%} of "
            f"people and for each of its standard deviations moves the outcome by {settings.confounder_shift:.2f} of "
            f"its own, leaves {left:.1%} of the effect."
        )
        status: Status = "pass" if left >= least else "review"
        return Verdict(check=CONFOUNDER, status=status, figure=left, threshold=least, sentence=sentence)

    def _refute(self, method: str, **arguments: Any) -> float:  # noqa: ANN401 - whatever the refuter takes
        """The effect after the refutation, the mean of its simulations."""
        with _undisturbed(self._learning.seed):
            found = self._model.refute_estimate(
                self._estimand, self._estimate, method_name=method, random_seed=self._learning.seed, **arguments
            )
            first = found[0] if isinstance(found, list) else found
            return float(np.mean(first.new_effect))


def _drawn(people: People, *, most: int) -> People:
    """The first people of each arm, half of ``most`` of each, whose outcome is known."""
    known = np.isfinite(people.outcomes[:, 0])
    arms = [np.flatnonzero(known & arm)[: most // 2] for arm in (people.treated, ~people.treated)]
    return people.of(np.sort(np.concatenate(arms)))


def _frame(people: People) -> pd.DataFrame:
    """The columns that DoWhy reads: covariates by number, since names would be taken for a graph's language."""
    names = [f"x{place}" for place in range(len(people.names))]
    columns = pd.DataFrame(people.covariates, columns=names)
    return columns.assign(**{_TREATED: people.treated.astype(int), _OUTCOME: people.outcomes[:, 0]})


def _standardised(people: People) -> People:
    """The people with the first outcome in units of its own standard deviation."""
    outcome = people.outcomes[:, :1]
    return replace(people, outcomes=(outcome - outcome.mean()) / outcome.std())


def _model(frame: pd.DataFrame) -> Any:  # noqa: ANN401 - DoWhy has no types
    from dowhy import CausalModel

    causes = [name for name in frame.columns if name not in (_TREATED, _OUTCOME)]
    return CausalModel(frame, treatment=_TREATED, outcome=_OUTCOME, common_causes=causes)


@contextmanager
def _undisturbed(seed: int) -> Iterator[None]:
    """DoWhy at work: silent, on one thread, its draws from ``seed``; numpy's own global state is put back after it.

    Raises
    ------
    NotEstimable
        In place of any error, whose text may quote people's numbers.
    """
    before = np.random.get_state()  # noqa: NPY002 - what DoWhy draws from
    try:
        with quiet(), threadpool_limits(limits=1):
            np.random.seed(seed % 2**32)  # noqa: NPY002 - as above
            yield
    except Exception:  # noqa: BLE001 - the library's errors quote values
        raise NotEstimable(Fault(what="DoWhy cannot estimate the effect or refute it")) from None
    finally:
        np.random.set_state(before)  # noqa: NPY002 - as above
