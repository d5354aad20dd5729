"""Doubly robust effects of one row a person: what they collapse to, who is left out, and what a panel becomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import evaluations
from pipeline.inference.diagnostics.untreated import overlap_kept, weighted_balance
from pipeline.inference.doubly_robust.balance import balance
from pipeline.inference.doubly_robust.nuisances import Learning, fold_of, propensity, tuned, untreated_outcomes
from pipeline.inference.doubly_robust.overlap import preference
from pipeline.inference.doubly_robust.panel import Asked, people_of
from pipeline.inference.doubly_robust.people import People, of_frame
from pipeline.inference.doubly_robust.treated import effects_on_treated
from pipeline.vocabulary.designs import GeneralPopulation, StaggeredAdoption
from pipeline.vocabulary.errors import DataRefused, NotEstimable, RequestError
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.untreated import UntreatedComparison
from pipeline.vocabulary.windows import Window

EXACT = 1e-12


def drawn(seed: int = 1, *, n: int = 600, shift: float = 1.0) -> People:
    random = np.random.default_rng(seed)
    known = random.normal(size=(n, 3))
    treated = shift * known[:, 0] + random.logistic(size=n) > 0.5
    outcome = known @ [1.0, 1.0, 0.0] + treated * (2 + known[:, 0]) + random.normal(size=n)
    return People(treated=treated, covariates=known, names=("a", "b", "c"), outcomes=outcome[:, None])


def test_without_covariates_the_effect_is_the_difference_of_means_with_neymans_error():
    people = drawn()
    bare = People(treated=people.treated, covariates=np.empty((600, 0)), names=(), outcomes=people.outcomes)
    found = effects_on_treated(bare, learning=Learning(), trim=0.1)
    arms = [people.outcomes[arm, 0] for arm in (people.treated, ~people.treated)]
    assert found.att[0] == pytest.approx(arms[0].mean() - arms[1].mean(), rel=EXACT)
    assert found.std_error[0] == pytest.approx(np.sqrt(sum(arm.var() / len(arm) for arm in arms)), rel=EXACT)


def test_adding_a_constant_to_treated_people_adds_it_to_the_effect_and_changes_no_error():
    people = drawn()
    moved = People(**vars(people) | {"outcomes": people.outcomes + 7.0 * people.treated[:, None]})
    before, after = (effects_on_treated(one, learning=Learning(), trim=0.1) for one in (people, moved))
    assert after.att[0] - before.att[0] == pytest.approx(7, rel=1e-9)
    assert after.std_error[0] == pytest.approx(before.std_error[0], rel=1e-9)


def test_the_same_seed_gives_the_same_numbers_and_an_outcome_does_not_depend_on_those_beside_it():
    people = drawn()
    twice = People(**vars(people) | {"outcomes": np.column_stack([people.outcomes, 3 * people.outcomes])})
    one, same, both = (effects_on_treated(p, learning=Learning(seed=4), trim=0.1) for p in (people, people, twice))
    assert (one.att == same.att).all()
    assert (one.covariance == same.covariance).all()
    assert both.att == pytest.approx([one.att[0], 3 * one.att[0]], rel=1e-9)
    assert both.covariance == pytest.approx(one.covariance[0, 0] * np.array([[1, 3], [3, 9]]), rel=1e-9)


def test_people_not_observed_in_an_outcome_count_for_the_others_only():
    people = drawn()
    outcomes = np.column_stack([people.outcomes, people.outcomes])
    outcomes[:50, 1] = np.nan
    found = effects_on_treated(People(**vars(people) | {"outcomes": outcomes}), learning=Learning(), trim=0.0)
    gone = people.treated[:50]
    assert found.n_treated.tolist() == [people.treated.sum(), people.treated.sum() - gone.sum()]
    assert found.n_comparison.tolist() == [(~people.treated).sum(), (~people.treated).sum() - (~gone).sum()]


def test_an_outcome_of_one_treated_person_has_no_effect_and_no_covariance():
    people = drawn()
    lone = np.where(people.treated, np.nan, people.outcomes[:, 0])
    lone[np.flatnonzero(people.treated)[0]] = 1.0
    outcomes = np.column_stack([people.outcomes, lone])
    found = effects_on_treated(People(**vars(people) | {"outcomes": outcomes}), learning=Learning(), trim=0.1)
    assert np.isfinite(found.att).tolist() == [True, False]
    assert np.isfinite(found.covariance).tolist() == [[True, False], [False, False]]


def test_chosen_penalties_keep_noise_from_being_learned_where_a_fixed_one_does_not():
    random = np.random.default_rng(3)
    treated = np.arange(300) % 2 == 0
    noise = random.normal(size=(300, 40))
    people = People(
        treated=treated,
        covariates=noise,
        names=tuple(f"x{k}" for k in range(40)),
        outcomes=random.normal(size=(300, 1)),
    )

    def explained(learning: Learning) -> float:
        residuals = (people.outcomes - untreated_outcomes(people, learning))[~treated]
        return float(1 - residuals.var() / people.outcomes[~treated].var())

    assert explained(Learning(penalties=(1.0,))) < -0.2 < -0.1 < explained(Learning())
    assert tuned(people, Learning()).propensity_penalty == 1000


def test_folds_hold_as_many_of_each_arm_as_can_be():
    people, learning = drawn(), Learning(folds=7)
    for arm in (people.treated, ~people.treated):
        sizes = np.bincount(fold_of(people, learning)[arm], minlength=7)
        assert sizes.max() - sizes.min() <= 1


def test_a_preference_score_is_the_propensity_were_the_arms_equally_large():
    assert preference(np.array([0.02, 0.2]), share=0.02) == pytest.approx([0.5, 12.25 / 13.25], rel=EXACT)
    people = drawn(n=4000)
    few = np.flatnonzero(people.treated)[::10]
    rare = people.of(np.sort(np.concatenate([few, np.flatnonzero(~people.treated)])))
    scores = [preference(propensity(p, Learning()), share=p.treated.mean()) for p in (people, rare)]
    untreated = [score[~p.treated] for score, p in zip(scores, (people, rare), strict=True)]
    # Treated people are a tenth as many and the scores of the others are what they were, but for what fewer teach.
    assert np.abs(untreated[0] - untreated[1]).mean() < 0.05


def test_treated_people_without_a_like_are_left_out_and_the_checks_say_so():
    people = drawn(shift=6.0)
    found = effects_on_treated(people, learning=Learning(), trim=0.1)
    rows = np.ones(600, dtype=bool)
    lost = overlap_kept.verdict(found, rows, most=0.05, fail=0.2)
    assert lost.status == "fail"
    assert lost.figure == pytest.approx(1 - found.overlap.share_treated, abs=0.025)
    assert lost.figure * 20 == pytest.approx(round(lost.figure * 20), rel=EXACT)
    # Those left are alike; the treated people who were asked after are not.
    kept = balance(found.kept, found.weights[found.overlap.kept]).worst(after=True)[1]
    assert weighted_balance.verdict(found, rows, most=0.1, fail=0.25).figure > 2 * kept


def test_differences_that_chance_makes_pass_and_the_sentence_says_how_large_those_are():
    few = drawn(n=60, shift=0.0)
    found = effects_on_treated(few, learning=Learning(folds=3), trim=0.0)
    arms = np.bincount(few.treated.astype(int))
    # Three covariates: Bonferroni's normal quantile is 2.394.
    chance = 2.394 * np.sqrt((1 / arms).sum())
    verdict = weighted_balance.verdict(found, np.ones(60, dtype=bool), most=0.01, fail=2.0)
    assert (verdict.status, verdict.threshold) == ("pass", pytest.approx(chance, abs=0.006))
    assert 0.01 < verdict.figure < chance
    assert verdict.sentence.endswith(f"differences of up to {chance:.2f}.")


def test_where_chance_makes_differences_that_would_fail_balance_is_not_evaluated():
    found = effects_on_treated(drawn(n=60, shift=0.0), learning=Learning(folds=3), trim=0.0)
    verdict = weighted_balance.verdict(found, np.ones(60, dtype=bool), most=0.1, fail=0.25)
    assert (verdict.status, verdict.figure, verdict.threshold) == ("not evaluated", None, 0.1)
    assert verdict.sentence.startswith("Not evaluated: too few people to tell.")


def test_arms_that_are_alike_pass_both_checks():
    found = effects_on_treated(drawn(n=5000, shift=0.5), learning=Learning(), trim=0.1)
    rows = np.ones(5000, dtype=bool)
    assert overlap_kept.verdict(found, rows, most=0.05, fail=0.2).status == "pass"
    verdict = weighted_balance.verdict(found, rows, most=0.1, fail=0.25)
    assert verdict.status == "pass"
    assert "Before weighting, untreated people differ from treated ones most in a, by 0." in verdict.sentence


def test_too_few_people_for_the_folds_are_refused():
    with pytest.raises(NotEstimable, match=r"fewer people than two for each of 10 folds \(\d+ people\)"):
        effects_on_treated(drawn(n=30), learning=Learning(), trim=0.1)


def test_a_frame_is_refused_for_what_it_lacks_with_counts_and_no_values():
    frame = pd.DataFrame({"y": [1.0, 2.0], "t": [0, 1], "x": [np.nan, 12345.0]})
    with pytest.raises(RequestError, match="column z: column is missing"):
        of_frame(frame, outcomes=["y"], treated="t", numbers=["z"])
    with pytest.raises(DataRefused, match=r"column x: value is missing \(1 people\)") as refusal:
        of_frame(frame, outcomes=["y"], treated="t", numbers=["x"])
    assert "12345" not in str(refusal.value)
    with pytest.raises(RequestError, match="column x: the treatment is not 0 or 1"):
        of_frame(frame.fillna(0), outcomes=["y"], treated="x", numbers=[])


WINDOW = Window(before=23, after=3, reference=(-5, 0))
FIRST = 24_000


class DrawnPanel:
    """Forty people over forty months in shards; outcome ``pay`` is the month's column, ``work`` twice that."""

    first_month, n_months, covariates = FIRST, 40, ()
    levels = {"sex": ("female", "male")}  # noqa: RUF012 - a test's own

    def __init__(self, shards: int) -> None:
        self.parts = np.array_split(np.arange(40), shards)

    def shards(self, outcome, names=()):
        del names
        for people in self.parts:
            index = FIRST + 25 + people % 5
            months = np.tile(np.arange(40.0), (len(people), 1)) * (2 if outcome == "work" else 1)
            months[people == 7] = np.nan
            months[np.ix_(people == 8, np.arange(10))] = np.nan
            yield PanelShard(
                first_month=FIRST,
                outcome=months,
                treatment_month=np.where(people % 2, index.astype(float), np.nan),
                birth_month=FIRST - 400.0 - people,
                levels={"sex": (people % 3 == 0).astype(np.int32)},
                person=np.array([f"p{k}" for k in people], dtype=object),
                index_month=index.astype(float),
            )


def test_a_panel_becomes_changes_since_the_reference_and_the_years_before_it():
    people = people_of(DrawnPanel(1), Asked(outcomes=("pay", "work"), window=WINDOW, characteristics=("sex",)))
    # The middle of the reference is event time -2.5; bins are months 1, 2 and 3. Nobody is observed less than that.
    assert people.outcomes == pytest.approx(np.tile([3.5, 4.5, 5.5, 7.0, 9.0, 11.0], (39, 1)), rel=EXACT)
    assert people.treated.sum() == 19
    expected = [
        "pay in the reference",
        "pay in the year before the reference",
        "pay in the second year before the reference",
        "work in the reference",
        "work in the year before the reference",
        "work in the second year before the reference",
    ]
    assert [name for name in people.names if " in " in name and not name.endswith("not observed")] == expected
    # Person 8 was not seen in the whole second year before.
    assert people.covariates[:, people.names.index(f"{expected[2]}, not observed")].sum() == 1
    assert {"age", "age squared", "year of the index=2001", "sex=male"} & {*people.names} >= {"age", "sex=male"}
    reference, year = (people.covariates[:, people.names.index(name)] for name in expected[:2])
    assert reference - year == pytest.approx(np.full(39, 9.0), rel=EXACT)


def test_a_panel_gives_the_same_people_however_it_is_sharded():
    asked = Asked(outcomes=("pay",), window=WINDOW, characteristics=("sex",))
    one, several = (people_of(DrawnPanel(shards), asked) for shards in (1, 7))
    assert one.names == several.names
    assert (one.treated == several.treated).all()
    assert one.covariates == pytest.approx(several.covariates, rel=EXACT)


def test_an_untreated_comparison_with_the_general_population_or_by_what_it_lacks_is_refused():
    evaluation = evaluations.load("endometriosis_surgery").evaluation
    untreated = UntreatedComparison(whom="others", characteristics=("operation", "shoe_size"))
    design = dict(evaluation.design) | {"untreated": untreated, "comparison": GeneralPopulation(n=10)}
    changed = dict(evaluation) | {"design": StaggeredAdoption(**design)}
    with pytest.raises(ValidationError, match="do not share the condition") as refusal:
        type(evaluation)(**changed)
    assert "the panel has no characteristic shoe_size" in str(refusal.value)
    assert "operation is known of treated people only" in str(refusal.value)


def test_an_untreated_comparison_is_refused_where_people_are_treated_by_practices():
    evaluation = evaluations.load("diabetes_prevention_practice_waves").evaluation
    design = dict(evaluation.design) | {"untreated": UntreatedComparison(whom="others")}
    with pytest.raises(ValidationError, match="their errors cannot be clustered on practice"):
        type(evaluation)(**dict(evaluation) | {"design": StaggeredAdoption(**design)})


def test_weights_of_odds_balance_what_the_propensity_is_made_of():
    people = drawn(n=20_000)
    found = effects_on_treated(people, learning=Learning(), trim=0.0)
    assert found.balance().worst(after=True)[1] < 0.05 < found.balance().worst(after=False)[1]
